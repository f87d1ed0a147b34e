"""Links and anchors of Markdown pages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

_FENCE: Final = re.compile(
    r"^(?P<indent> *)(?P<marks>`{3,}|~{3,}).*?^(?P=indent)(?P=marks)`* *$", re.MULTILINE | re.DOTALL
)
_CODE: Final = re.compile(r"`[^`\n]*`")
_LINK: Final = re.compile(r"(?P<before>!?\[[^\]\n]*\]\()(?P<target>[^)\s]+)(?P<after>\))")
_HTML: Final = re.compile(r"(?P<before>(?:src|srcset|href)=\")(?P<target>[^\"\s]+)(?P<after>\")")
_HEADING: Final = re.compile(r"^#{1,6} +(?P<text>.+?) *(?:\{ *#(?P<id>[\w-]+) *\})? *$", re.MULTILINE)
_ID: Final = re.compile(r"\bid=\"(?P<id>[^\"]+)\"")


class Link(NamedTuple):
    """A link of a page.

    Attributes:
        path: Its target, relative to the folder of the page; "" for the page itself.
        anchor: The anchor in the target, or "".
    """

    path: str
    anchor: str


def without_code(text: str) -> str:
    """Return a page with its code replaced by spaces, so that positions stay."""
    blank: Callable[[re.Match[str]], str] = lambda match: re.sub(r"[^\n]", " ", match[0])  # noqa: E731
    return _CODE.sub(blank, _FENCE.sub(blank, text))


def is_external(target: str) -> bool:
    """Whether a target is an address with a scheme."""
    return "://" in target or target.startswith("mailto:")


def links(text: str) -> Iterator[Link]:
    """Yield the links of a page that lead to other pages and files of the repository."""
    plain = without_code(text)
    for pattern in (_LINK, _HTML):
        for match in pattern.finditer(plain):
            if not is_external(match["target"]):
                path, _, anchor = match["target"].partition("#")
                yield Link(path, anchor)


def anchors(text: str) -> set[str]:
    """Return the anchors of a page: those of its headings and of its HTML elements."""
    found: set[str] = set()
    for match in _HEADING.finditer(_FENCE.sub("", text)):
        anchor = match["id"] or slug(match["text"])
        number = 0
        while (name := f"{anchor}_{number}" if number else anchor) in found:
            number += 1
        found.add(name)
    return found | {match["id"] for match in _ID.finditer(_FENCE.sub("", text))}


def slug(heading: str) -> str:
    """Return the anchor of a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def rewrite(text: str, page: str, place: Callable[[str], str]) -> str:
    """Return a page that moved, with links that lead to the new places of their targets.

    Args:
        text: The page.
        page: Its path in the repository.
        place: Returns the target in the site of a path in the repository: the path of a page, or an address.
    """
    folder = posixpath.dirname(page)
    here = posixpath.dirname(place(page))
    plain = without_code(text)
    parts: list[str] = []
    end = 0
    matches = sorted(
        (match for pattern in (_LINK, _HTML) for match in pattern.finditer(plain)), key=lambda it: it.start()
    )
    for match in matches:
        target = match["target"]
        if is_external(target) or target.startswith("#"):
            continue
        path, mark, anchor = target.partition("#")
        new = place(posixpath.normpath(posixpath.join(folder, path)))
        parts += (
            text[end : match.start("target")],
            new if is_external(new) else posixpath.relpath(new, here or "."),
            mark,
            anchor,
        )
        end = match.end("target")
    return "".join([*parts, text[end:]])
