"""The versions of the tools that a package was built with, in a file of the package.

`kgen check` names them if something differs. The file is written only when a build changes another file. Tools with
the same output therefore leave a package the same to the byte, whichever versions are installed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from kgen.errors import Problem
from kgen.files import read_regular
from kgen.plan.headers import MARKER

__all__ = ["NAME", "difference", "here", "read", "text"]

NAME: Final = "built-with.txt"
"""Name of the file, in the package's folder."""

_TOOLS: Final = ("kgen-kubernetes", "ruff", "datamodel-code-generator", "jinja2")
_LONGEST: Final = 10_000
_VERSION: Final = re.compile(r"[A-Za-z0-9.+!_-]{1,60}", re.ASCII)


def here() -> dict[str, str]:
    """Return the installed versions of kgen and of all tools that the generated text may depend on."""
    versions: dict[str, str] = {}
    for name in _TOOLS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # Run from a folder without metadata.
            versions[name] = "unknown"
    return versions


def text(versions: Mapping[str, str]) -> str:
    """Return the contents of the file."""
    lines = [f"{name}=={versions[name]}" for name in _TOOLS if name in versions]
    return f"{MARKER} with these versions. `kgen check` names them if the package differs.\n" + "\n".join(lines) + "\n"


def read(folder: Path) -> dict[str, str]:
    """Return the recorded versions of a package; none if the file is missing or not readable.

    Args:
        folder: The package's folder.
    """
    try:
        lines = read_regular(folder / NAME, _LONGEST).decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("==") for line in lines if not line.startswith("#"))
    return {name: found for name, _, found in pairs if name in _TOOLS and _VERSION.fullmatch(found)}


def difference(built: Mapping[str, str], installed: Mapping[str, str]) -> Problem | None:
    """Return a note if a difference of the package may come from another version of a tool.

    Args:
        built: The recorded versions of the package, empty if there are none.
        installed: The versions that `kgen check` runs with.
    """
    if not built:
        versions = ", ".join(f"{name} {found}" for name, found in installed.items())
        return Problem(
            f"the package has no record of the versions that it was built with, installed are {versions}: "
            "the difference may come from another version",
            NAME,
            "kgen build writes the record",
        )
    others = [name for name in _TOOLS if built.get(name) != installed.get(name)]
    if not others:
        return None
    versions = ", ".join(f"{name} {built.get(name, 'unknown')} (installed: {installed[name]})" for name in others)
    pins = " ".join(f"'{name}=={built[name]}'" for name in others if built.get(name, "unknown") != "unknown")
    return Problem(
        f"the package was built with other versions: {versions}; the difference may come from that",
        NAME,
        f"run kgen build, or install the same versions: pip install {pins}",
    )
