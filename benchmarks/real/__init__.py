"""Measure clients on a real API server, near and far: `python -m benchmarks real` and `python -m benchmarks far`."""
