"""Bugs that are planted into the engines of the fake API server, to prove that their tests detect bugs."""
