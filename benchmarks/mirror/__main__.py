"""`python -m benchmarks.mirror`: plays the sections and reports."""

import argparse
import json
import sys
import time
from collections.abc import Callable

from benchmarks.measure import RESULTS, Numbers, between, machine, report
from benchmarks.mirror import capture, chaos, lag, outage, poison, reconcile
from tests.processes import Stopped, stop_on_signals

# Each returns figures with `met`.
SECTIONS: dict[str, Callable[[argparse.Namespace], Numbers]] = {
    "reconcile": lambda options: reconcile.repair(options.rows),
    "rebuild": lambda options: reconcile.rebuild(options.rows),
    "poison": lambda _options: poison.poison(),
    "lag": lambda _options: lag.lag(),
    "capture": lambda _options: capture.capture(),
    "chaos": lambda options: chaos.chaos(options.runs, options.seed),
    "outage": lambda options: outage.outage(options.outage_seconds),
}


def main() -> int:
    """Play what was asked for; return 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, action="append")
    parser.add_argument("--rows", type=between(1000, 1_000_000), default=100_000)
    parser.add_argument("--runs", type=between(1, 100), default=20, help="of chaos")
    parser.add_argument("--seed", type=int, default=1, help="of the first run of chaos")
    parser.add_argument("--outage-seconds", type=between(90, 3600), default=300)
    options = parser.parse_args()
    all_met = True
    for name in options.only or SECTIONS:
        facts = {"made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine()}
        figures = facts | SECTIONS[name](options)
        report("mirror", _kept() | {name: figures})
        all_met = all_met and figures["met"]
    return int(not all_met)


def _kept() -> Numbers:
    """Return what was reported before; read at the last moment, as others may play as well."""
    file = RESULTS / "mirror.json"
    return json.loads(file.read_text()) if file.exists() else {}


if __name__ == "__main__":
    stop_on_signals()
    try:
        sys.exit(main())
    except Stopped as stopped:  # everything that was started has ended by now
        sys.exit(stopped.exit_code)
