"""Statements of a generated package about itself: the runtime API that it needs, and the version of kgen.

kubecore compares the first with its own `kubecore.generated.RUNTIME_API` when the package is imported.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Final

__all__ = ["RUNTIME_API", "kgen_version", "with_version_of"]

RUNTIME_API: Final = 1
"""The `kubecore.generated.RUNTIME_API` that the templates are written for."""

_STATED: Final = re.compile(r'(?<=, kgen=")[A-Za-z0-9.+!_-]{1,60}(?="\)$)', re.ASCII | re.MULTILINE)


def kgen_version() -> str:
    """Return the version of kgen, "unknown" if it runs from a folder without metadata."""
    try:
        return version("kgen-kubernetes")
    except PackageNotFoundError:
        return "unknown"


def with_version_of(source: str, earlier: str) -> str:
    """Return the text of a package's `__init__.py` with the version of kgen that an earlier text states.

    Args:
        source: The text.
        earlier: The earlier text. If it states no version the text stays as it is.
    """
    stated = _STATED.search(earlier)
    return source if stated is None else _STATED.sub(stated[0], source)
