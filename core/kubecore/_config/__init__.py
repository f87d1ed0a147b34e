"""Configuration of a connection: where the server is, credentials, TLS settings, limits, observers."""
