"""Where operators look and act: charts, the log, failed tasks, a bundle for support."""
