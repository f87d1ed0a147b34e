"""The generated pages of the site."""

from __future__ import annotations

from pathlib import Path


def write(folder: Path) -> None:
    """Write the pages of the reference to a folder."""
    folder.mkdir(parents=True)
    (folder / "index.md").write_text("# Reference\n\nThe generated reference.\n", "utf-8")
