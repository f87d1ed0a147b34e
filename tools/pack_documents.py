"""Pack the newest OpenAPI documents of `specs/` into the file that the wheel contains; `hatch_build.py` calls it.

Only the standard library is imported, because the environment in which a wheel is built has nothing else.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Final

NAME: Final = "documents.json.xz"
"""The name of the packed file. `kgen.load.packed` reads it."""
ORIGIN: Final = "ORIGIN.md"
"""The file that names the origin and the licence of the documents. It stays next to the packed file, not packed."""

_PRESET: Final = 6 | lzma.PRESET_EXTREME
"""Preset 6 has a dictionary of 8 MiB, and decompression needs 9 MiB; the larger ones save 1 % of the file."""


def newest(specs: Path) -> Path:
    """Return the folder of the newest Kubernetes version.

    Args:
        specs: Contains a folder of documents for each version, such as `1.37`.
    """
    return max(specs.iterdir(), key=lambda folder: [int(part) for part in folder.name.split(".")])


def packed(folder: Path) -> bytes:
    """Return the packed documents of a folder: the same bytes for the same documents.

    Args:
        folder: Contains the documents as `kgen pull` writes them.
    """
    entries = (
        json.dumps(file.name).encode() + b": " + file.read_bytes().strip() for file in sorted(folder.glob("*.json"))
    )
    return lzma.compress(b"{\n" + b",\n".join(entries) + b"\n}\n", preset=_PRESET)
