"""Hypothesis strategies for custom resources: structural schemas of every form, and objects for them.

The API server decides whether an object is valid. Tests skip the schemas and objects that it rejects.
"""

from __future__ import annotations

from tests.server.structural.kinds import Drawn, Version, drawn

__all__ = ["Drawn", "Version", "drawn"]
