"""One module per client. Each case runs in a separate process: `python -m benchmarks.clients.NAME CASE URL FOLDER`."""
