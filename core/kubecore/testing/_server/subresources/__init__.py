"""Subresources, and resources that only create a response: reviews of access and of tokens."""
