"""The navigation of the site: folders of pages in place of `folder/*`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast


def expanded(entries: list[Any], pages: Path) -> list[Any]:
    """Return entries of the navigation with `folder/*` replaced by the pages of the folder and of its folders.

    Args:
        entries: Paths, and mappings of a title to a path or to entries.
        pages: The folder of the pages.
    """
    found: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict):
            for title, inner in cast("dict[str, Any]", entry).items():
                below = inner if isinstance(inner, str) else expanded(inner, pages)
                if below:
                    found.append({title: below})
        elif entry.endswith("/*"):
            found += _folder(pages / entry.removesuffix("/*"), pages)
        else:
            found.append(entry)
    return found


def _folder(folder: Path, pages: Path) -> list[Any]:
    """Return the entries of a folder: its index, its pages, then its folders by their names."""
    if not folder.is_dir():
        return []
    files = sorted(folder.glob("*.md"), key=lambda path: (path.name != "index.md", path.stem))
    found: list[Any] = [path.relative_to(pages).as_posix() for path in files]
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        title = inner.name.replace("_", " ")
        found.append({title: _folder(inner, pages)})
    return found


def missing(entries: list[Any], pages: Path) -> list[str]:
    """Return pages that the navigation does not have, and entries of it that have no page, sorted."""
    named = set(_paths(entries))
    there = {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")}
    return sorted(named ^ there)


def _paths(entries: list[Any]) -> list[str]:
    found: list[str] = []
    for entry in entries:
        if isinstance(entry, str):
            found.append(entry)
        else:
            for inner in entry.values():
                found += [inner] if isinstance(inner, str) else _paths(inner)
    return found
