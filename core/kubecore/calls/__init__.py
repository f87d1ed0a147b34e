"""Calls: requests, and the parsing of their responses. No I/O."""
