"""Decoding and encoding of JSON and YAML, and values that the API's types allow in addition."""
