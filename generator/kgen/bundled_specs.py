"""Documents by name: those that come with kgen, and those that a path names."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from kgen.errors import ConfigError, nearest

__all__ = ["bundled_specs", "named_specs", "require_existing"]

_VERSION: Final = re.compile(r"v?\d+\.\d+(?:\.\d+)?")
"""A word that names a version of Kubernetes, unless it is a path. Only versions such as `1.36` come with kgen."""


def named_specs(word: str, path: Path, where: str) -> Path:
    """Return the documents that a word names: a path, or a version that comes with kgen.

    Args:
        word: The word.
        path: The path that it is, if it is one.
        where: The place that names it, for messages.

    Raises:
        ConfigError: They do not exist.
    """
    if _VERSION.fullmatch(word) and not os.path.lexists(path):
        return bundled_specs(word, where)
    require_existing(path, where)
    return path


def bundled_specs(version: str | None = None, where: str = "specs") -> Path:
    """Return documents that come with kgen: inside the wheel, or of a checkout.

    Args:
        version: Of Kubernetes, such as `1.36`; the newest that there is when left out.
        where: The place that names it, for messages.

    Raises:
        ConfigError: If they did not come with it.
    """
    inside = Path(__file__).parent / "specs"
    folder = inside if inside.is_dir() else Path(__file__).parents[2] / "specs"
    versions = [entry for entry in folder.glob("*") if re.fullmatch(r"\d+\.\d+", entry.name)]
    matching = [entry for entry in versions if version in (None, entry.name)]
    if matching:
        return max(matching, key=lambda entry: tuple(int(part) for part in entry.name.split(".")))
    there = ", ".join(sorted(entry.name for entry in versions))
    raise ConfigError(
        f"no documents {f'of Kubernetes {version} ' if version else ''}came with kgen",
        where=where,
        hint="name a folder or a file"
        + (f", or one of these versions: {there}" if there else "")
        + ("" if folder != inside else "; others are in specs/ of a checkout of kgen"),
    )


def require_existing(path: Path, where: str) -> None:
    """Refuse a path that does not exist, and suggest the nearest that does.

    Args:
        path: The path.
        where: The place that names it, for messages.

    Raises:
        ConfigError: It does not exist, or cannot be accessed.
    """
    try:
        if path.exists():
            return
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    except OSError as error:
        raise ConfigError(
            f"the path can't be used: {error.strerror}", where=where, hint="check the path and its rights"
        ) from error
    near = nearest(path.name, siblings)
    raise ConfigError(
        f"there is no {path.name!r}",
        where=where,
        hint=f"did you mean {near!r}?"
        if near
        else f"check the path: {path.parent.name or '/'} {'has no such entry' if siblings else 'does not exist'}",
    )
