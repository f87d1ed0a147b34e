"""The only place that converts text of a document to Python source.

Every value that a template prints is a `Code`: text that was created here (or in `kgen.names`) and that is known to be
inert at its place. The template environment refuses everything else, so a description, a name or a default of a
document can never become code by accident.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from typing import Final

__all__ = ["LINE_LENGTH", "Code", "clean", "code", "comment", "docstring", "inert", "string"]

LINE_LENGTH: Final = 120
"""Columns of a generated line; descriptions are wrapped to it."""

# Everything that Python, a terminal or an editor may take for the end of a line.
_LINE_ENDS: Final = str.maketrans(dict.fromkeys("\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", "\n") | {"\t": "    "})

# Categories that are not shown as themselves: control, format (bidi among them), surrogates, private use, unassigned.
# This is not `kubecore`'s escape for terminals: it decides the bytes of generated files, and unifies line ends.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

_UNBROKEN: Final = re.compile(r"`[^`\s]+ /[^`\s]*`")
"""A request such as `GET /api/v1/pods`, which stays on one line."""

_NO_BREAK: Final = "\ue000"
"""Stands for a space at which lines must not be broken. `clean` escapes it in the text of documents."""

# Quotes that would close a docstring: three together, or the last ones.
_CLOSING: Final = re.compile(r'"{3,}|"+$')

# A comment without these characters holds no encoding declaration (PEP 263), no type comment and no pragma.
_MEANING: Final = re.compile("[#:=]")

# Words that tools obey even in docstrings: they search lines, not comments. The marked character is escaped.
_TOOLS: Final = (
    "autopep8|bandit|basedpyright|black|codespell|coverage|cython|fmt|flake8|isort|mypy|pylance|pylint|pyre|pyrefly|"
    "pyright|pytype|ruff|semgrep|sourcery|ty|type|yapf"
)
_PRAGMA: Final = re.compile(
    rf"#(?=\s*(?:(?:{_TOOLS})\s*[:=]|no[\s-]?qa|nolint|nosec|nosemgrep|nosonar|pragma|pyre-|lgtm))", re.IGNORECASE
)
_OBEYED: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (">>>", re.compile(r">(?=>>)")),  # the prompt of a doctest, which is an error without a space behind it
    ("*-", re.compile(r"-(?=\*-)")),  # the variables of Emacs
    ("variables:", re.compile(r"(?<=local variables):", re.IGNORECASE)),
    ("isort", re.compile(r"(?<=isort):", re.IGNORECASE)),  # isort obeys this without a "#"
    ("vi", re.compile(r"\bv(?=im?[<=>]?\d*:)", re.IGNORECASE)),  # a modeline
    ("ex:", re.compile(r"(?<=\bex):(?=\s*set?\s)", re.IGNORECASE)),
)
"""Text that such a line contains, in lower case, and the characters to escape."""


class Code(str):
    """Text that is safe to print into a Python source file at the place that it was made for."""

    __slots__ = ()


def code(text: str) -> Code:
    """Mark source text that kgen wrote itself, with no text of a document in it."""
    return Code(text)


def clean(text: str) -> str:
    r"""Return `text` with `\n` as its only line end and every character that does not show written as an escape."""
    unified = text.replace("\r\n", "\n").translate(_LINE_ENDS)
    if unified.isascii() and unified.replace("\n", "").isprintable():
        return unified
    return "".join(_visible(char) for char in unified)


def _visible(char: str) -> str:
    if char == "\n" or unicodedata.category(char) not in _HIDDEN:
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def string(text: str) -> Code:
    """Return `text` as a string literal in double quotes, in ASCII, on one line, without text that tools obey."""
    body = inert("".join(_escaped(char) for char in text))
    return Code(f'"{body}"')


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char == "\n":
        return "\\n"
    if " " <= char <= "~":
        return char
    point = ord(char)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def comment(text: str) -> Code:
    """Return `text` for a one-line comment, without the `#`.

    `#`, `:` and `=` become escapes. So the comment never has a meaning for Python or a tool: it cannot declare an
    encoding, a type or a pragma.
    """
    return Code(_MEANING.sub(_escape, inert(" ".join(clean(text).split()))))


def inert(text: str) -> str:
    """Return `text` with an escape in each pragma, doctest prompt and modeline, so that no tool obeys it."""
    found = _PRAGMA.sub(_escape, text) if "#" in text else text
    lowered = found.lower()
    for mark, pattern in _OBEYED:
        if mark in lowered:
            found = pattern.sub(_escape, found)
    return found


def _escape(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"


def wrapped(text: str, indent: int) -> str:
    """Return the text of a docstring in its final form: cleaned, wrapped, without surrounding blank lines.

    Args:
        text: The text of the document.
        indent: Columns that the docstring will be indented by.
    """
    width = LINE_LENGTH - indent
    lines: list[str] = []
    for line in inert(clean(text)).strip().split("\n"):
        if line.strip():
            lines.extend(_wrap(line.rstrip(), width))
        elif lines and lines[-1]:
            lines.append("")
    return "\n".join(lines)


def _wrap(line: str, width: int) -> list[str]:
    lead = line[: len(line) - len(line.lstrip())][: width // 2]
    lines = textwrap.wrap(
        _UNBROKEN.sub(lambda match: match[0].replace(" ", _NO_BREAK), line.strip()),
        # The quotes share the first or the last line with the text.
        width=width - 6,
        initial_indent=lead,
        subsequent_indent=lead + "  " if line.lstrip().startswith(("- ", "* ")) else lead,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in lines]


def docstring(text: str, indent: int = 0) -> Code:
    """Return `text` as a docstring, quotes included, its later lines indented.

    Args:
        text: The text of the document; an empty text gives an empty docstring.
        indent: Columns that the docstring is indented by.
    """
    words = wrapped(text, indent)
    body = _CLOSING.sub(lambda match: '\\"' * len(match[0]), words.replace("\\", "\\\\"))
    pad = " " * indent
    if "\n" not in body:
        return Code(f'"""{body}"""')
    lines = [line and pad + line for line in body.split("\n")]
    return Code('"""' + "\n".join(lines).lstrip() + f'\n{pad}"""')
