"""Break everything around a running eduhu, and check that no reply was lost, doubled or stuck.

`python -m benchmarks.faults [--seed N] [--only NAME] [--runs N] [--scale F]` runs the
scenarios with real processes and writes `benchmarks/results/faults.json`. The suite runs
the same scenarios with small numbers (`tests/chats/test_replies_faults.py`).
"""
