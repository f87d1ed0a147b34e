"""The programs "before" of the pages about other clients: blocks after a line `Before:`, each with the output after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.pages.programs import ROOT

__all__ = ["COMING_FROM", "PEERS", "Before", "befores"]

COMING_FROM: Final = ROOT / "docs" / "coming-from"

PEERS: Final = ROOT / ".cache" / "peers" / "bin" / "python"
"""The Python of `make peers`, with the other clients in the versions of peers.txt."""

_BEFORE: Final = re.compile(
    r"^### (?P<title>[^\n]+)\n\nBefore:\n\n```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
_OUTPUT: Final = re.compile(r"^```text\n(?P<output>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Before:
    """A program for another client.

    Attributes:
        page: The name of the page, without its suffix.
        title: The title above it.
        language: `py`, `sh` or `go`.
        code: The code.
        output: The output of the program for this client, which must be the same.
    """

    page: str
    title: str
    language: str
    code: str
    output: str

    def __str__(self) -> str:
        return f"{self.page}-{self.title}"


def befores(language: str) -> Iterator[Before]:
    """Yield the programs in a language, of all pages."""
    for path in sorted(COMING_FROM.glob("*.md")):
        text = path.read_text("utf-8")
        for block in _BEFORE.finditer(text):
            if block["language"] == language and (output := _OUTPUT.search(text, block.end())):
                yield Before(path.stem, block["title"], language, block["code"], output["output"])
