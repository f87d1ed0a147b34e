"""The semantics of the API server: one request to one reply, without I/O."""
