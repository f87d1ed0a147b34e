"""Text in quotes, as Go reads it. Source: `strconv.UnquoteChar`, `UnquoteExtend` of client-go's `util/jsonpath`."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["unquote"]

_ESCAPE: Final = re.compile(
    r"\\(?:x(?P<byte>[0-9a-fA-F]{2})|u(?P<four>[0-9a-fA-F]{4})|U(?P<eight>[0-9a-fA-F]{8})|(?P<octal>[0-7]{3})"
    r"""|(?P<letter>[abfnrtv\\'"]))|(?P<wrong>\\)|(?P<plain>[^\\]+)""",
    re.DOTALL,
)
_LETTERS: Final = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34}


def unquote(text: str, quote: str) -> str | None:
    """Parse quoted text.

    Args:
        text: The text between the quotes.
        quote: The quotes, ' or ".

    Returns:
        The text, None if an escape is invalid.
    """
    if "\\" not in text and quote not in text:
        return text
    found = bytearray()
    for match in _ESCAPE.finditer(text):
        piece = _piece(match, quote)
        if piece is None:
            return None
        found += piece
    return found.decode("utf-8", "replace")


def _piece(match: re.Match[str], quote: str) -> bytes | None:
    kind, value = match.lastgroup, match[match.lastgroup or 0]
    if kind == "plain":
        return None if quote in value else value.encode("utf-8", "replace")
    if kind == "letter":
        return None if value in "\"'" and value != quote else bytes([_LETTERS[value]])
    if kind in ("four", "eight"):
        code = int(value, 16)
        return chr(code).encode() if code < 0xD800 or 0xE000 <= code <= 0x10FFFF else None
    if kind in ("byte", "octal"):
        code = int(value, 16 if kind == "byte" else 8)
        return bytes([code]) if code < 256 else None
    return None
