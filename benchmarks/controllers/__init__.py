"""Measure caches, electors and work queues: `python -m benchmarks controllers`."""
