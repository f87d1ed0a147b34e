"""Configuration of a connection: the server's address, credentials, TLS settings, limits, observers."""
