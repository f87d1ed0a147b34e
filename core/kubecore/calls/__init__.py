"""Calls: what is requested and how the response is read. No I/O."""
