"""Decoding and encoding of JSON and YAML, and of what the API's types allow besides."""
