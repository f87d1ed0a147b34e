"""Tools for working on this repository. They are not part of any distribution."""
