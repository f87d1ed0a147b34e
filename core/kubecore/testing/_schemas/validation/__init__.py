"""Checks of custom resources against structural schemas, with the failures that the API server reports."""
