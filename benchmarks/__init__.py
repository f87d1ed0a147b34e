"""Compare kgen's clients with their peers: `make bench`, or `python -m benchmarks`."""
