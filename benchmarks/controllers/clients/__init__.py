"""One program per client: `python -m benchmarks.controllers.clients.NAME CASE URL FOLDER`. It prints a line of JSON."""
