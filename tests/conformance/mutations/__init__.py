"""Mutation corpus: valid objects of 20 built-in kinds, each changed in one place, and the verdicts of the real server."""
