"""The only place that converts text of a document to Markdown.

Descriptions are plain text for Markdown: no HTML, no link but to an address that begins with http, no table cell that
ends early. A character with a meaning in Markdown becomes a numeric entity, which every renderer shows as the
character.
"""

from __future__ import annotations

import re
from typing import Final

from kgen.text import Code, clean, code

__all__ = ["blocks", "inline", "span"]

_SPECIAL: Final = re.compile(r"[\\`*\[\]<>&|{}~#!^$=]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_KEPT: Final = re.compile(
    r"`(?P<code>[A-Za-z0-9_./,:;@()'\" -]{1,200})`|(?P<address>https?://[A-Za-z0-9_./%-]{1,300}(?:#[A-Za-z0-9_-]{1,100})?)"
)
"""Code spans and addresses of a description that stay code spans and become links."""
_SPAN: Final = re.compile(r"(?! )[A-Za-z0-9_./,:;@()'\"\[\]=+*{}$% -]{1,500}(?<! )")
_START: Final = re.compile(r"^(?P<number>\d{1,9})?(?P<mark>[^\w\s&`\[])")
_NOT_AT_END: Final = ".,:;-_%/"


def inline(text: str) -> Code:
    """Return `text` as one line of Markdown that shows it, also within a table."""
    return code(_inline(" ".join(clean(text).split())))


def blocks(text: str) -> Code:
    """Return `text` as paragraphs of Markdown."""
    parts = (" ".join(part.split()) for part in re.split(r"\n[ \t]*\n", clean(text)))
    return code("\n\n".join(_START.sub(_entities, _inline(part)) for part in parts if part))


def span(text: str) -> Code:
    """Return a name or a value as a code span, or as plain text if it has characters that a span cannot have."""
    return code(f"`{text}`") if _SPAN.fullmatch(text) else inline(text)


def _inline(line: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _KEPT.finditer(line):
        parts.append(_escaped(line[end : match.start()]))
        parts.append(_link(match[0]) if match["address"] else match[0])
        end = match.end()
    return "".join([*parts, _escaped(line[end:])])


def _link(address: str) -> str:
    target = address.rstrip(_NOT_AT_END)
    return f"[{_escaped(target)}]({target}){_escaped(address[len(target) :])}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", text)


def _entities(match: re.Match[str]) -> str:
    return f"{match['number'] or ''}&#{ord(match['mark'])};"
