"""Real servers with failures on demand, for tests and benchmarks."""
