"""One program per client: `python -m benchmarks.real.clients.NAME CASE URL FOLDER`. It prints one line of JSON."""
