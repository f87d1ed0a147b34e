"""YAML as kubectl reads it: the scalars of `sigs.k8s.io/yaml`, no code execution, no bombs.

`on` is true, `0644` is 420, `1e3` is 1000; dates and base 60 (`1:30`) stay text. The table in
`tests/kubecore/gotables/yaml.jsonl` has Go's results; differences are listed next to its test.
An integer beyond 64 bits stays an integer, but becomes a float in Go.
"""

from __future__ import annotations

import codecs
import io
import itertools
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple, NoReturn

import msgspec
import yaml as pyyaml

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.codec import depth, json_stream
from kubecore.codec.json_stream import Found
from kubecore.errors.base import DecodeError, EncodeError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_DOCUMENTS", "MAX_NODES", "Document", "documents", "dump", "load", "load_all"]

MAX_BYTES: Final = 64 << 20
"""Largest text that is read: bytes, or characters if it is a str."""
MAX_DEPTH: Final = 100
"""Deepest nesting of lists and mappings."""
MAX_DOCUMENTS: Final = 100_000
"""Documents of a text, empty ones too."""
MAX_NODES: Final = 1_000_000
"""Scalars, lists and mappings of all documents of a text, with the content that aliases repeat."""

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
_INTEGER: Final = re.compile(
    r"([-+]?)(?:0[bB]([01]+)|0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))|0b([-+][01]+)", re.ASCII
)
_LONG: Final = re.compile(r"[-+]?[1-9][0-9]*", re.ASCII)
_BASES: Final = (2, 16, 8, 10, 2)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})", re.ASCII)
_STRAY: Final = re.compile(r"(?<![0-9])_|_(?![0-9])", re.ASCII)
_MAX_DIGITS: Final = 330
"""A float has 309 digits before its point, and they may stand in groups."""
_TAG_LINE: Final = re.compile("(?:\\A|[\n\r\x85\u2028\u2029])%TAG[ \t]")
_MOST_TAG_LINES: Final = 100
"""The parser compares each `%TAG` line with all before it."""
_STRING_TAGS: Final = frozenset({"tag:yaml.org,2002:str", "!"})
_TAGS: Final[dict[str, tuple[type, ...]]] = {
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (int, float),
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:null": (type(None),),
}
_COLLECTION_TAGS: Final = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"})


class Document(NamedTuple):
    """One document of a text."""

    value: Any
    """Its content; None if it is empty."""

    number: int
    """Which one it is, from 1."""

    line: int
    """The line at which its content begins, from 1."""


def load(text: str | bytes, *, source: str = "", hide_values: bool = False, first: bool = False) -> Any:
    """Read the one document of a text; empty documents in addition to it do not count.

    Args:
        text: YAML or JSON, UTF-8.
        source: Its name in errors, such as a file's name.
        hide_values: Whether errors must not quote the text, because it may hold secrets.
        first: Whether to take the first of several documents; the others are not read.

    Returns:
        Dictionaries, lists, text, numbers, booleans and None; None for a text without a document.

    Raises:
        DecodeError: The text is not YAML, holds several documents, repeats a key, or is a bomb; the error names the
            line.
    """
    read = (document.value for document in documents(text, source=source, hide_values=hide_values))
    filled = (value for value in read if value is not None)
    if first:
        return next(filled, None)
    found = list(filled)
    if len(found) > 1:
        place = f"{source}: " if source else ""
        raise DecodeError(f"{place}expected one document, found {len(found)}")
    return found[0] if found else None


def load_all(text: str | bytes, *, source: str = "") -> Iterator[Any]:
    """Read the documents of a text one after the other.

    Args:
        text: YAML or JSON, UTF-8.
        source: Its name in errors, such as a file's name.

    Yields:
        The content of each document; an empty one is None.

    Raises:
        DecodeError: As for `load`.
    """
    for document in documents(text, source=source):
        yield document.value


def documents(text: str | bytes, *, source: str = "", hide_values: bool = False) -> Iterator[Document]:
    """Read the documents of a text one after the other, with their positions.

    Args:
        text: YAML or JSON, UTF-8.
        source: Its name in errors, such as a file's name.
        hide_values: Whether errors must not quote the text, because it may hold secrets.

    Yields:
        The documents.

    Raises:
        DecodeError: As for `load`.
    """
    builder = _Builder(source, hide_values=hide_values)
    if len(text) > MAX_BYTES:
        raise DecodeError(f"{builder.at(None)}the text is larger than {MAX_BYTES >> 20} MiB: split it")
    found = _json_objects(text, source)
    if found is not None:
        for value, line in found.objects:
            builder.number += 1
            if builder.number > MAX_DOCUMENTS:
                raise DecodeError(f"{builder.at(None)}more than {MAX_DOCUMENTS} documents: split the text")
            yield Document(value, builder.number, line)
        text = found.rest
    try:
        for event in _events(_plain_type(_with_characters(_checked(text, builder)))):
            if builder.take(event):
                yield Document(builder.document, builder.number, builder.line)
    except pyyaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DecodeError(f"{builder.at(mark)}{error.problem or error.context}") from None
    except (pyyaml.YAMLError, ValueError) as error:
        if isinstance(error, DecodeError):
            raise
        raise DecodeError(f"{builder.at(None)}this can't be read as text: {str(error).splitlines()[0]}") from None


def _checked(text: str | bytes, builder: _Builder) -> str | bytes:
    """Return the text, decoded if it has `%TAG` lines or is not UTF-8; refuse one with many such lines."""
    if isinstance(text, bytes):
        if text[:2] not in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE):
            if b"%TAG" not in text:
                return text
            text = bytes(text).decode("utf-8")
        else:
            text = bytes(text).decode("utf-16")
    if "%TAG" in text and next(itertools.islice(_TAG_LINE.finditer(text), _MOST_TAG_LINES, None), None) is not None:
        raise DecodeError(f"{builder.at(None)}more than {_MOST_TAG_LINES} %TAG lines")
    return text


def _json_objects(text: str | bytes, source: str) -> Found | None:
    """Read the JSON objects at the beginning of a text, None if it begins with something else."""
    begin = text[:1000] if isinstance(text, str) else text[:1000].decode("latin-1").removeprefix("\xef\xbb\xbf")
    if not begin.lstrip("\ufeff \t\r\n-").startswith("{"):
        return None
    try:
        decoded = str.__str__(text) if isinstance(text, str) else bytes(text).decode("utf-8")
        depth.check(decoded)
    except (UnicodeDecodeError, DecodeError):
        return None  # The YAML parser reports the line.
    try:
        return json_stream.objects(decoded.removeprefix("\ufeff"), _json_number, depth=MAX_DEPTH, nodes=MAX_NODES)
    except DecodeError as error:
        raise DecodeError(f"{source}, {error}" if source else str(error)) from None


def _plain_type(text: str | bytes) -> str | bytes:
    """Return text of a subclass as its base class: the C parser accepts nothing else."""
    if type(text) in (str, bytes):
        return text
    return str.__str__(text) if isinstance(text, str) else bytes(text)


def _events(text: str | bytes) -> Iterator[Any]:
    # The class, not `yaml.parse`: its signature has types that some releases of the stubs leave open.
    loader = _Loader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _with_characters(text: str | bytes) -> str | bytes:
    """Return JSON with the characters that it writes as pairs of escapes: YAML has none, so JSON alone may."""
    start = text[:1000] if isinstance(text, str) else text[:1000].decode("latin-1")
    if not start.lstrip().startswith("{"):
        return text
    decoded = text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
    if not _PAIR.search(decoded):
        return text
    try:
        depth.check(text)
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return text
    return _PAIR.sub(lambda match: match[1] + msgspec.json.decode(f'"{match[2]}"', type=str), decoded)


def dump(data: Any) -> str:
    """Write one document.

    Args:
        data: Dictionaries, lists, text, numbers, booleans and None.

    Returns:
        YAML in block style, keys in their order; text that looks like something else is quoted. Ends in a newline.

    Raises:
        EncodeError: A number is not finite, text holds half of a surrogate pair, or the data are nested too deeply.
    """
    stream = io.StringIO()
    # The class, not `yaml.dump`: its signature has types that some releases of the stubs leave open.
    dumper = _Quoting(stream, sort_keys=False, default_flow_style=False, allow_unicode=True, width=2**30)
    try:
        depth.check_value(data)
        dumper.open()
        dumper.represent(data)
        dumper.close()
    except DecodeError as error:
        raise EncodeError(f"can't write YAML: {error}") from None
    except RecursionError:
        raise EncodeError("can't write YAML: nested too deeply") from None
    finally:
        dumper.dispose()
    written = stream.getvalue()
    return written.removesuffix("...\n") if isinstance(data, (str, int, float)) else written


class _Quoting(_Dumper):  # type: ignore[misc]
    """Quotes text that a reader could interpret as another type."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    if _SURROGATE.search(text):
        raise EncodeError(f"the text {text[:100]!r} holds half of a surrogate pair")
    if text.count("\n") > 1 or (text.endswith("\n") and len(text) > 1):
        style: str | None = "|"
    else:
        style = None if _plain(text) is text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_float(dumper: Any, value: float) -> Any:
    if not math.isfinite(value):
        raise EncodeError(f"{_float_key(value)} has no form in JSON")
    return dumper.represent_float(value)


_Quoting.add_representer(str, _represent_text)
_Quoting.add_representer(float, _represent_float)


def _plain(text: str) -> Any:
    """Read a scalar without quotes as Go does; the result is `text` itself if it is text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or (text[0] == "." and _STRAY.search(text)):
        return text
    digits = text.replace("_", "")
    number = _integer(digits)
    if number is not None:
        return number
    value = float(digits) if _FLOAT.fullmatch(digits) else math.inf
    if not math.isfinite(value):
        return text
    # Go makes a float of an integer beyond 64 bits, which may be another number.
    return int(digits) if _LONG.fullmatch(digits) else value


def _integer(digits: str) -> int | None:
    """Read an integer of 64 bits; only without a sign may it use all of them."""
    match = _INTEGER.fullmatch(digits) if len(digits) <= _MAX_DIGITS else None
    if match is None:
        return None
    sign, *parts = match.groups(default="")
    number = next(int(part, base) for part, base in zip(parts, _BASES, strict=True) if part)
    number = -number if sign == "-" else number
    return number if -(2**63) <= number < (2**63 if sign else 2**64) else None


def _json_number(value: float) -> int | float:
    """Convert a float that Go writes as an integer: its significant digits, then zeros."""
    if not value.is_integer() or abs(value) >= 2**64:
        return value
    number = int(Decimal(repr(value)))
    return number if -(2**63) <= number < 2**64 else value


def _in_32_bits(value: float) -> float:
    try:
        found: float = struct.unpack(">f", struct.pack(">f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return found


def _float_key(value: float) -> str:
    """Write a float that is a key: with the few digits of 32 bits, as Go does."""
    short = _in_32_bits(value)
    if not math.isfinite(short):
        return ".nan" if math.isnan(short) else ".inf" if short > 0 else "-.inf"
    written = next(text for digits in range(9) if _in_32_bits(float(text := f"{short:.{digits}e}")) == short)
    return f"{Decimal(written):f}" if -4 <= int(written.partition("e")[2]) < 6 else written


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


class _Builder:
    """Builds values from the parser's events, without recursion.

    The content of an alias counts each time it is repeated.
    """

    def __init__(self, source: str, *, hide_values: bool) -> None:
        self.document: Any = None
        self.number = 0
        self.line = 0
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
        value = _plain(event.value)
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
            self._refuse(event, f"{self._quoted(_float_key(value))} has no form in JSON")
        return _json_number(value)

    def _key(self, value: Any, event: Any) -> str:
        if isinstance(value, (dict, list)):
            self._refuse(event, "a mapping's key must be a scalar")
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None or (isinstance(value, int) and not -(2**63) <= value < 2**63):
            self._refuse(event, f"{self._quoted('null' if value is None else str(value))} can't be a key: quote it")
        return _float_key(value) if isinstance(value, float) else str(value)


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
