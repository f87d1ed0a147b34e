"""What a package that was generated before calls its groups: what has a name keeps it.

The first lines of `typed/example/v1/_group.py` say that the group `example.com` is called `example`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kgen.plan import GROUP_TITLE, MARKER

__all__ = ["group_names"]

_HEAD: Final = re.compile(rf'{re.escape(MARKER)}[^\n]*\n"""{re.escape(GROUP_TITLE)}\s([^\s/]+)/[^\s/]+\.\n?"""')
_LENGTH: Final = 4000


def group_names(output: Path, package: str) -> Mapping[str, str]:
    """Return what groups are called in a generated package; nothing where there is none.

    Args:
        output: The output folder.
        package: The package's folder in it.
    """
    found: dict[str, str] = {}
    try:
        for file in sorted((output / package / "typed").glob("*/*/_group.py")):
            with file.open(encoding="utf-8", errors="replace") as stream:
                head = _HEAD.match(stream.read(_LENGTH))
            if head is not None:
                found.setdefault(head[1], file.parents[1].name)
    except OSError:
        return {}  # Comparing and publishing say what can't be read.
    return found
