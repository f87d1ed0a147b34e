"""Generated source, read as Python reads a file: as bytes, with the comments that a syntax tree does not have."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Final

__all__ = ["comments", "parse_bytes"]

# The lexical structure, as far as comments need it: a "#" inside of a string is not a comment. Without possessive
# quantifiers: some match wrongly before Python 3.11.5. Each position matches one alternative: nothing is tried twice.
_LEXICAL: Final = re.compile(
    r"""\"{3}[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"{3}|'{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'{3}"""
    r"""|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'|#[^\n]*""",
    re.DOTALL,
)
# Line ends and control characters that Python, an editor or a terminal reads in its own way; "\t" is harmless.
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def parse_bytes(source: str) -> ast.Module:
    """Parse a file as Python does when it imports it.

    Args:
        source: The text of the file, which is written in UTF-8.

    Returns:
        The syntax tree of the bytes, which is that of the text.

    Raises:
        SyntaxError: The bytes are not Python, or a comment declares an encoding other than UTF-8.
        ValueError: The text cannot be encoded, or holds a control character.
    """
    if (control := _CONTROL.search(source)) is not None:
        msg = f"line {source.count(chr(10), 0, control.start()) + 1}: the control character {control[0]!r}"
        raise ValueError(msg)
    data = source.encode()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    if encoding != "utf-8":
        msg = f"a comment declares the encoding {encoding}"
        raise SyntaxError(msg)
    return ast.parse(data)


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the text of each comment of a Python source."""
    return ((match.start(), match[0]) for match in _LEXICAL.finditer(source) if match[0].startswith("#"))
