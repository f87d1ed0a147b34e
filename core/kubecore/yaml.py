"""YAML as kubectl reads it: the scalars of `sigs.k8s.io/yaml`, nothing that could run code, no bombs.

`on` is true, `0644` is 420, `1e3` is 1000; dates and base 60 (`1:30`) stay text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, NoReturn

import yaml as pyyaml

from kubecore.errors import DecodeError
from kubecore.shapes import is_array, is_object

__all__ = ["dump", "load", "load_all"]

MAX_DEPTH: Final = 100
MAX_NODES: Final = 1_000_000
"""Scalars, lists and mappings of all documents of a text, with what aliases repeat."""

_Loader: Any = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)
_Dumper: Any = getattr(pyyaml, "CSafeDumper", pyyaml.SafeDumper)

_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INTEGER: Final = re.compile(r"([-+]?)(?:0b([01]+)|0x([0-9a-fA-F]+)|0o?([0-7]+)|(0|[1-9][0-9]*))", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BASES: Final = (2, 16, 8, 10)
_MAX_DIGITS: Final = 300
_STRING_TAGS: Final = frozenset({"tag:yaml.org,2002:str", "!"})
_KNOWN_TAGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "map", "seq"))


def load(text: str | bytes, *, source: str = "") -> Any:
    """Read the one document of a text.

    Args:
        text: YAML or JSON, UTF-8.
        source: what errors call it, such as a file's name.

    Returns:
        Dictionaries, lists, text, numbers, booleans and None; None for a text without a document.

    Raises:
        DecodeError: the text is no YAML, holds several documents, repeats a key, or is a bomb; the error names the
            line.
    """
    documents = list(load_all(text, source=source))
    if len(documents) > 1:
        raise DecodeError(f"{_at(source, None)}expected one document, found {len(documents)}")
    return documents[0] if documents else None


def load_all(text: str | bytes, *, source: str = "") -> Iterator[Any]:
    """Read the documents of a text one after the other.

    Args:
        text: YAML or JSON, UTF-8.
        source: what errors call it, such as a file's name.

    Yields:
        What each document holds; an empty one is None.

    Raises:
        DecodeError: as for `load`.
    """
    builder = _Builder(source)
    try:
        for event in pyyaml.parse(text, Loader=_Loader):
            if builder.take(event):
                yield builder.document
    except pyyaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DecodeError(f"{_at(source, mark)}{error.problem or error.context}") from None
    except (pyyaml.YAMLError, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        raise DecodeError(f"{_at(source, None)}this can't be read as text: {str(error).splitlines()[0]}") from None


def dump(data: Any) -> str:
    """Write one document.

    Args:
        data: dictionaries, lists, text, numbers, booleans and None.

    Returns:
        YAML in block style, keys in their order; text that looks like something else is quoted. Ends in a newline.
    """
    written: str = pyyaml.dump(
        data, Dumper=_Quoting, sort_keys=False, default_flow_style=False, allow_unicode=True, width=2**30
    )
    return written.removesuffix("...\n") if isinstance(data, (str, int, float)) else written


class _Quoting(_Dumper):  # type: ignore[misc]
    """Quotes what a reader could take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    if text.count("\n") > 1 or (text.endswith("\n") and len(text) > 1):
        style: str | None = "|"
    else:
        style = None if _plain(text) is text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Quoting.add_representer(str, _represent_text)


def _plain(text: str) -> Any:
    """Read a scalar without quotes; `text` itself where it is text."""
    if text in _WORDS:
        return _WORDS[text]
    digits = text.replace("_", "") if text[:1] not in ("", "_") else text
    if len(digits) > _MAX_DIGITS or digits[:1] not in "+-.0123456789":
        return text
    match = _INTEGER.fullmatch(digits)
    if match is not None:
        sign, *parts = match.groups()
        number = next(int(part, base) for part, base in zip(parts, _BASES, strict=True) if part is not None)
        return _integer(-number if sign == "-" else number)
    if _FLOAT.fullmatch(digits) is None:
        return text
    value = float(digits)
    if math.isinf(value):
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _integer(number: int) -> int | float:
    return number if -(2**63) <= number < 2**64 else float(number)


def _at(source: str, mark: Any) -> str:
    place = f"line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    said = ", ".join(part for part in (source, place) if part)
    return f"{said}: " if said else ""


class _Anchored(NamedTuple):
    value: Any
    size: int


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    value: Any
    anchor: str | None
    size_before: int
    key: Any = None
    has_key: bool = False
    merges: list[Any] = field(default_factory=list[Any])


class _Builder:
    """Makes values of the parser's events, without recursion; what aliases repeat counts as often as it is repeated."""

    def __init__(self, source: str) -> None:
        self.document: Any = None
        self._source = source
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._size = 0

    def take(self, event: Any) -> bool:
        """Take an event; True at the end of a document."""
        if isinstance(event, pyyaml.ScalarEvent):
            self._grow(1, event)
            before = self._size - 1
            self._add(self._scalar(event), event.anchor, before, event, merge=event.implicit[0] and event.value == "<<")
        elif isinstance(event, (pyyaml.MappingStartEvent, pyyaml.SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, (pyyaml.MappingEndEvent, pyyaml.SequenceEndEvent)):
            self._close(event)
        elif isinstance(event, pyyaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, pyyaml.DocumentStartEvent):
            self.document = None
            self._anchors.clear()
        return isinstance(event, pyyaml.DocumentEndEvent)

    def _refuse(self, event: Any, what: str) -> NoReturn:
        raise DecodeError(_at(self._source, event.start_mark) + what)

    def _grow(self, count: int, event: Any) -> None:
        self._size += count
        if self._size > MAX_NODES:
            self._refuse(event, f"more than {MAX_NODES} values, aliases counted as what they stand for")

    def _scalar(self, event: Any) -> Any:
        if event.tag in _STRING_TAGS or (event.tag is None and not event.implicit[0]):
            return event.value
        if event.tag is not None and event.tag not in _KNOWN_TAGS:
            self._refuse(event, f"the tag {event.tag[:100]!r} is not allowed")
        value = _plain(event.value)
        if isinstance(value, float) and not math.isfinite(value):
            self._refuse(event, f"{event.value} has no form in JSON")
        return value

    def _open(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _KNOWN_TAGS and event.tag != "!":
            self._refuse(event, f"the tag {event.tag[:100]!r} is not allowed")
        if len(self._stack) >= MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        self._grow(1, event)
        value: Any = {} if isinstance(event, pyyaml.MappingStartEvent) else []
        self._stack.append(_Open(value, event.anchor, self._size - 1))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        if done.merges:
            done.value = self._merged(done, event)
        self._add(done.value, done.anchor, done.size_before, event)

    def _merged(self, done: _Open, event: Any) -> dict[str, Any]:
        """Put in what `<<` names: what is said here wins, then the first that says it."""
        found: dict[str, Any] = dict(done.value)
        for source in done.merges:
            for part in source if is_array(source) else [source]:
                if not is_object(part):
                    self._refuse(event, "`<<` takes a mapping or a list of mappings")
                found = {**part, **found}
        return found

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            self._refuse(event, f"the alias *{event.anchor[:100]} stands for nothing that is complete")
        before = self._size
        self._grow(known.size, event)
        self._add(known.value, None, before, event)

    def _add(self, value: Any, anchor: str | None, size_before: int, event: Any, *, merge: bool = False) -> None:
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, self._size - size_before)
        if not self._stack:
            self.document = value
            return
        top = self._stack[-1]
        if not isinstance(top.value, dict):
            top.value.append(value)
        elif not top.has_key:
            # A merge has no key of its own: None stands for it until its value comes.
            top.key, top.has_key = (None if merge else self._key(value, event)), True
        else:
            self._set(top, value, event)

    def _set(self, top: _Open, value: Any, event: Any) -> None:
        if top.key is None:
            top.merges.append(value)
        elif top.key in top.value:
            self._refuse(event, f"the key {top.key[:100]!r} is there twice")
        else:
            top.value[top.key] = value
        top.key, top.has_key = None, False

    def _key(self, value: Any, event: Any) -> str:
        if isinstance(value, (dict, list)):
            self._refuse(event, "a mapping's key must be a scalar")
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        return "null" if value is None else str(value)
