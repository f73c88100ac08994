"""Measurements that take longer than a test may; each writes a report to `results/`."""
