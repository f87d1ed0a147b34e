"""The HTTP engine: connections, TLS, proxies, HTTP/1.1, time limits."""
