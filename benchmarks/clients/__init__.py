"""One module a client, each case in a process of its own: `python -m benchmarks.clients.NAME CASE URL FOLDER`."""
