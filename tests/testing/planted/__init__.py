"""Bugs that are planted in the fake API server: its tests must find each of them."""
