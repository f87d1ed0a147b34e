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
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import yaml as pyyaml

from kubecore.codec import depth, json_stream
from kubecore.codec.json_stream import Found
from kubecore.codec.yaml_builder import MAX_BYTES, MAX_DEPTH, MAX_DOCUMENTS, MAX_NODES, DocumentBuilder
from kubecore.codec.yaml_scalars import float_key, json_number, plain
from kubecore.errors.base import DecodeError, EncodeError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_DOCUMENTS", "MAX_NODES", "Document", "documents", "dump", "load", "load_all"]


_Loader: Any = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)

_Dumper: Any = getattr(pyyaml, "CSafeDumper", pyyaml.SafeDumper)

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})", re.ASCII)

_TAG_LINE: Final = re.compile("(?:\\A|[\n\r\x85\u2028\u2029])%TAG[ \t]")

_MOST_TAG_LINES: Final = 100
"""The parser compares each `%TAG` line with all before it."""


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
    builder = DocumentBuilder(source, hide_values=hide_values)
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


def _checked(text: str | bytes, builder: DocumentBuilder) -> str | bytes:
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
        return json_stream.objects(decoded.removeprefix("\ufeff"), json_number, depth=MAX_DEPTH, nodes=MAX_NODES)
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
        style = None if plain(text) is text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_float(dumper: Any, value: float) -> Any:
    if not math.isfinite(value):
        raise EncodeError(f"{float_key(value)} has no form in JSON")
    return dumper.represent_float(value)


_Quoting.add_representer(str, _represent_text)
_Quoting.add_representer(float, _represent_float)
