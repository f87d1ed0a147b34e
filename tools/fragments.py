"""The fragments of the changelog: files in changelog.d with valid names and texts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["FOLDER", "Fragment", "fragments", "problems", "types"]

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "changelog.d"
_NAME: Final = re.compile(r"(?P<issue>\d{1,9}|\+[a-z0-9]+(?:-[a-z0-9]+)*)\.(?P<type>[a-z]+)(?:\.\d)?\.md")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A fragment: the name of its file, its type, and its text in one line."""

    name: str
    type: str
    text: str


def types() -> tuple[str, ...]:
    """Return the types of fragments, as pyproject.toml declares them."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"]
    return tuple(str(each["directory"]) for each in table["type"])


def fragments(folder: Path = FOLDER) -> Iterator[Fragment]:
    """Yield the fragments with valid names."""
    for path in _files(folder):
        match = _NAME.fullmatch(path.name)
        if match and match["type"] in types():
            yield Fragment(path.name, match["type"], " ".join(path.read_text("utf-8").split()))


def problems(folder: Path = FOLDER) -> Iterator[str]:
    """Yield the faults of fragments: their names and their texts."""
    valid = {fragment.name: fragment for fragment in fragments(folder)}
    for path in _files(folder):
        if path.name not in valid:
            yield f"{path.name}: the name is not NUMBER.TYPE.md or +WORDS.TYPE.md, with a TYPE of {', '.join(types())}"
        elif not (text := valid[path.name].text):
            yield f"{path.name}: the file is empty"
        elif text.startswith(("- ", "* ", "#")):
            yield f"{path.name}: the text begins with a bullet or a heading; towncrier adds the bullet"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name != "README.md")
