"""kgen's clients against their peers: `make bench`, or `python -m benchmarks`."""
