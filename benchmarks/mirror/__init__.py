"""The mirror at full size: real processes, PostgreSQL, and a stand-in for InstantDB.

`python -m benchmarks.mirror [--only NAME]…` plays the sections, each in a world of its own,
and keeps their figures in `benchmarks/results/mirror.json`; those of other sections stay.

    reconcile   what was damaged behind the mirror's back is found and repaired
    rebuild     a mirror begins with nothing, beside writes
    poison      one row that is never taken holds nobody up
    lag         from a write until its row is there
    capture     what those who write pay
    chaos       processes are killed, and nothing is lost or doubled
    outage      InstantDB is away, and what waited follows
"""
