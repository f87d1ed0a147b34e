"""The documents of a YAML text, built from the events of the parser within limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, NoReturn

import yaml as pyyaml

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec import depth
from kubecore.codec.yaml_scalars import float_key, json_number, plain
from kubecore.errors.base import DecodeError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_DOCUMENTS", "MAX_NODES", "DocumentBuilder"]


MAX_BYTES: Final = 64 << 20
"""Largest text that is read: bytes, or characters if it is a str."""

MAX_DEPTH: Final = 100
"""Deepest nesting of lists and mappings."""

MAX_DOCUMENTS: Final = 100_000
"""Documents of a text, empty ones too."""

MAX_NODES: Final = 1_000_000
"""Scalars, lists and mappings of all documents of a text, with the content that aliases repeat."""

_STRING_TAGS: Final = frozenset({"tag:yaml.org,2002:str", "!"})

_TAGS: Final[dict[str, tuple[type, ...]]] = {
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (int, float),
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:null": (type(None),),
}

_COLLECTION_TAGS: Final = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"})


class _Anchored(NamedTuple):
    value: Any
    size: int
    text: int
    height: int


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    value: Any
    anchor: str | None
    before: tuple[int, int]
    height: int = 1
    key: Any = None
    has_key: bool = False
    is_merge: bool = False
    own: set[str] = field(default_factory=set[str])


class DocumentBuilder:
    """Builds values from the parser's events, without recursion.

    The content of an alias counts each time it is repeated.
    """

    def __init__(self, source: str, *, hide_values: bool) -> None:
        self.document: Any = None
        self.number: int = 0
        self.line: int = 0
        self._source = source
        self._hide_values = hide_values
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._size = 0
        self._text = 0  # Characters of all scalars, including repetitions by aliases.
        self._most = min(MAX_DEPTH, depth.levels() or MAX_DEPTH)

    def take(self, event: Any) -> bool:
        """Take an event; True at the end of a document."""
        mark: Any = event.start_mark
        self.line = self.line or mark.line + 1
        if isinstance(event, pyyaml.ScalarEvent):
            before = self._size, self._text
            self._grow(1, len(event.value), event)
            self._add(self._scalar(event), event.anchor, before, event)
        elif isinstance(event, (pyyaml.MappingStartEvent, pyyaml.SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, (pyyaml.MappingEndEvent, pyyaml.SequenceEndEvent)):
            self._close(event)
        elif isinstance(event, pyyaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, pyyaml.DocumentStartEvent):
            self._begin(event)
        return isinstance(event, pyyaml.DocumentEndEvent)

    def at(self, mark: Any) -> str:
        """Return the position of a problem: the source, the document if there are several, the line."""
        number = f"document {self.number}" if self.number > 1 else ""
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        position = ", ".join(part for part in (self._source, number, place) if part)
        return f"{position}: " if position else ""

    def _begin(self, event: Any) -> None:
        self.document, self.line = None, 0
        self.number += 1
        self._anchors.clear()
        if self.number > MAX_DOCUMENTS:
            self._refuse(event, f"more than {MAX_DOCUMENTS} documents: split the text")

    def _refuse(self, event: Any, what: str) -> NoReturn:
        raise DecodeError(self.at(event.start_mark) + what)

    def _quoted(self, text: str) -> str:
        """Return a part of the text for an error."""
        return "(not shown)" if self._hide_values else repr(text[:100])

    def _grow(self, count: int, text: int, event: Any) -> None:
        self._size += count
        self._text += text
        if self._text > MAX_BYTES:
            self._refuse(event, f"more than {MAX_BYTES >> 20} MiB of text, with each alias counted as its target")
        if self._size > MAX_NODES:
            self._refuse(event, f"more than {MAX_NODES} values, with each alias counted as its target")

    def _scalar(self, event: Any) -> Any:
        if event.tag in _STRING_TAGS or (event.tag is None and not event.implicit[0]):
            return event.value
        value = plain(event.value)
        if event.tag is None:
            return value
        if event.tag not in _TAGS:
            self._refuse(event, f"the tag {self._quoted(event.tag)} is not allowed")
        if not _has_type(value, _TAGS[event.tag]):
            self._refuse(
                event, f"{self._quoted(event.value)} is not of the type {event.tag.rpartition(':')[2]} of its tag"
            )
        return float(value) if event.tag.endswith(":float") else value

    def _open(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _COLLECTION_TAGS:
            self._refuse(event, f"the tag {self._quoted(event.tag)} is not allowed")
        if len(self._stack) >= self._most:
            self._refuse(event, f"nested deeper than {self._most} levels")
        before = self._size, self._text
        self._grow(1, 0, event)
        value: Any = {} if isinstance(event, pyyaml.MappingStartEvent) else []
        self._stack.append(_Open(value, event.anchor, before))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        self._add(done.value, done.anchor, done.before, event, done.height)

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            self._refuse(event, f"the alias {self._quoted(event.anchor)} stands for nothing that is complete")
        if len(self._stack) + known.height > self._most:
            self._refuse(event, f"nested deeper than {self._most} levels")
        self._grow(known.size, known.text, event)
        self._add(_copied(known.value), None, (0, 0), event, known.height)

    def _add(self, value: Any, anchor: str | None, before: tuple[int, int], event: Any, height: int = 0) -> None:
        if anchor is not None:
            size, text = before
            self._anchors[anchor] = _Anchored(value, self._size - size, self._text - text, height)
        if not self._stack:
            self.document = self._value(value, event)
            return
        top = self._stack[-1]
        top.height = max(top.height, height + 1)
        if top.is_merge:
            self._merge(top, value, event)
        elif not isinstance(top.value, dict):
            top.value.append(self._value(value, event))
        elif not top.has_key:
            top.is_merge = isinstance(event, pyyaml.ScalarEvent) and event.implicit[0] and event.value == "<<"
            top.key, top.has_key = None if top.is_merge else self._key(value, event), True
        else:
            self._set(top, self._value(value, event), event)

    def _set(self, top: _Open, value: Any, event: Any) -> None:
        if top.key in top.own:
            self._refuse(event, f"the key {self._quoted(top.key)} is defined twice")
        top.own.add(top.key)
        top.value[top.key] = value
        top.key, top.has_key = None, False

    def _merge(self, top: _Open, value: Any, event: Any) -> None:
        """Merge the mappings that `<<` refers to.

        As in Go they override keys before them; of a list, the first one with a key wins.
        """
        is_list = is_json_array(value) and not isinstance(event, pyyaml.AliasEvent)
        for part in reversed(value) if is_list else [value]:
            if not is_json_object(part):
                self._refuse(event, "`<<` needs a mapping or a list of mappings")
            top.value.update(part)
        top.is_merge, top.has_key = False, False

    def _value(self, value: Any, event: Any) -> Any:
        if not isinstance(value, float):
            return value
        if not math.isfinite(value):
            self._refuse(event, f"{self._quoted(float_key(value))} has no form in JSON")
        return json_number(value)

    def _key(self, value: Any, event: Any) -> str:
        if isinstance(value, (dict, list)):
            self._refuse(event, "a mapping's key must be a scalar")
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None or (isinstance(value, int) and not -(2**63) <= value < 2**63):
            self._refuse(event, f"{self._quoted('null' if value is None else str(value))} can't be a key: quote it")
        return float_key(value) if isinstance(value, float) else str(value)


def _copied(value: Any) -> Any:
    """Copy the target of an alias, so that changing one does not change the other."""
    if is_json_object(value):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if is_json_array(value) else value


def _has_type(value: Any, types: tuple[type, ...]) -> bool:
    """Return whether a value is of one of the types; a boolean is not an integer, and 64 bits have a sign."""
    if isinstance(value, bool):
        return bool in types
    return isinstance(value, types) and not (float in types and isinstance(value, int) and value >= 2**63)
