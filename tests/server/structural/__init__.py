"""Draws custom resources: structural schemas of every form, and objects that they allow, for the most part.

The API server is the judge: what it refuses is no example.
"""

from __future__ import annotations

from tests.server.structural.kinds import Drawn, Version, drawn

__all__ = ["Drawn", "Version", "drawn"]
