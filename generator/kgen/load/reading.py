"""Reading JSON that nobody vouches for: every surprise is an `InputError` with the file and the JSON pointer."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sized
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import msgspec

from kgen.errors import InputError, nearest
from kgen.files import open_regular
from kgen.shapes import is_array, is_object

__all__ = [
    "At",
    "count_values",
    "items",
    "local_name",
    "mapping",
    "optional_text",
    "parse_document",
    "pointer",
    "read_document",
    "referred",
    "refuse",
    "schemas",
    "word",
]

MAX_BYTES: Final = 64 << 20
"""Largest file. All of Kubernetes has 4 MB as one document."""
MAX_VALUES: Final = 1_000_000
"""Values of a file, as for YAML. The largest of the built-in API has 28,000."""
MAX_ENTRIES: Final = 10_000
"""Entries of one object or list of a schema, and schemas of a document. The longest of the built-in API has 260."""
MAX_DEPTH: Final = 200
"""Levels of nesting in a document. The built-in API has 12; the deepest of custom resources some 60."""

At = tuple[str, ...]
"""A place: the file, then the keys down to the value."""

_NO_MARKS: Final = bytes(set(range(256)) - set(b',[{"'))
_SLICE: Final = 1 << 20

_SPLIT: Final = "`kgen pull` writes a file for each group version"

_KNOWN_REFS: Final = ("#/components/schemas/", "#/definitions/")


def refuse(at: At, what: str, hint: str | None = None) -> NoReturn:
    """Raise the error for a place."""
    raise InputError(what, where=pointer(at), hint=hint or "fetch the document again, or correct it")


def pointer(at: At) -> str:
    """Return a place for messages: the file and the JSON pointer."""
    keys = "/".join(key.replace("~", "~0").replace("/", "~1") for key in at[1:])
    return f"{at[0]}#/{keys}" if keys else at[0]


def read_document(path: Path, source: str) -> Mapping[str, Any]:
    """Read a JSON object from a file.

    Args:
        path: The file.
        source: Its name in messages.

    Raises:
        InputError: If it can't be read, is too large, or holds something else.
    """
    try:
        with open_regular(path) as stream:
            # Files that are too large are not read. Reading files that grow or have no size is limited.
            is_large = os.fstat(stream.fileno()).st_size > MAX_BYTES
            data = b"" if is_large else stream.read(MAX_BYTES + 1)
        if is_large or len(data) > MAX_BYTES:
            refuse(
                (source,),
                f"the file is larger than {MAX_BYTES >> 20} MiB",
                f"an OpenAPI document of all of Kubernetes has 4 MB; is it the right file? {_SPLIT}",
            )
        return parse_document(data, source)
    except FileNotFoundError:
        near = nearest(path.name, [entry.name for entry in path.parent.glob("*")] if path.parent.is_dir() else [])
        refuse((source,), "there is no such file", f"did you mean {near!r}?" if near else "check the path")
    except OSError as error:
        refuse((source,), f"the file can't be read: {error.strerror or error}", "check its rights")


def parse_document(data: bytes, source: str) -> Mapping[str, Any]:
    """Parse a JSON object, its mappings sorted by key.

    Raises:
        InputError: If it is something else, nested too deeply, or holds too many values.
    """
    if count_values(data) > MAX_VALUES:
        refuse((source,), f"more than {MAX_VALUES} values", f"no Kubernetes API has so many; {_SPLIT}")
    try:
        value = msgspec.to_builtins(msgspec.json.decode(data), order="sorted")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = "" if source.endswith(".json") else "manifests in YAML need a name that ends in .yaml or .yml"
        refuse((source,), f"this is not JSON: {error}", hint)
    except RecursionError:
        refuse(
            (source,), f"nested deeper than {MAX_DEPTH} levels", "no Kubernetes API does that; is it the right file?"
        )
    return mapping(value, (source,))


def count_values(data: bytes) -> int:
    """Return how many values a text of JSON has at most, without making any of them."""
    if sum(data.count(mark) for mark in b",[{") <= MAX_VALUES:
        return MAX_VALUES
    # Text may hold these characters, too. Escaped quotes end no text.
    bare = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, delete=_NO_MARKS)
    count = inside = 0
    for start in range(0, len(bare), _SLICE):
        parts = bare[start : start + _SLICE].split(b'"')
        count += sum(map(len, parts[inside::2]))
        inside = (inside + len(parts) - 1) % 2
    return count


def mapping(value: object, at: At) -> Mapping[str, Any]:
    """Return a value that must be a JSON object."""
    if is_object(value):
        return value
    refuse(at, f"expected an object, found {_kind(value)}")


def items(value: object, at: At) -> Iterator[tuple[At, Any]]:
    """Yield the entries of a value that must be a JSON array or absent, each with its place."""
    if value is None:
        return
    if not is_array(value):
        refuse(at, f"expected an array, found {_kind(value)}")
    yield from (((*at, str(index)), item) for index, item in enumerate(value))


def word(raw: Mapping[str, Any], key: str, at: At) -> str:
    """Return an entry that must exist and be a string."""
    value = raw.get(key)
    if isinstance(value, str):
        return value
    refuse(
        (*at, key) if key in raw else at,
        f"expected a string at {key!r}, found {_kind(value) if key in raw else 'nothing'}",
    )


def optional_text(raw: Mapping[str, Any], key: str) -> str:
    """Return an entry's text, or "" if it is absent or something else."""
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def local_name(reference: object, at: At) -> str:
    """Return the name of the schema that a reference leads to.

    Raises:
        InputError: If it leads to anything but a schema of the same document.
    """
    if isinstance(reference, str):
        for prefix in _KNOWN_REFS:
            name = reference.removeprefix(prefix)
            if name != reference and name and "/" not in name:
                return name.replace("~1", "/").replace("~0", "~")
    shown = repr(reference[:200]) if isinstance(reference, str) else _kind(reference)
    refuse(
        (*at, "$ref"),
        f"refers to {shown}; only schemas of the same document are followed",
        "put the schema into the document",
    )


def schemas(raw: object, at: At) -> tuple[dict[str, Mapping[str, Any]], dict[str, frozenset[str]]]:
    """Return the schemas of a document, and for each the names of those that it refers to.

    References are rewritten to `#/components/schemas/<name>`.

    Raises:
        InputError: If a schema is not an object, is nested too deeply, has too many entries in one place, or refers to
            anything outside of the document.
    """
    found: dict[str, Mapping[str, Any]] = {}
    references: dict[str, frozenset[str]] = {}
    known = mapping({} if raw is None else raw, at)
    _refuse_many(known, at)
    for name, schema in known.items():
        found[name] = mapping(schema, (*at, name))
        references[name] = referred(found[name], (*at, name))
    return found, references


_Role = Literal["schema", "schemas", "data"]
_ROLES: Final[Mapping[str, _Role]] = {
    **dict.fromkeys(("default", "enum", "example"), "data"),
    "properties": "schemas",
}


def referred(schema: Mapping[str, Any], at: At) -> frozenset[str]:
    """Return the names of the schemas that a schema refers to, and rewrite the references as `schemas` does.

    Raises:
        InputError: If it is nested too deeply, has too many entries in one place, or refers to anything outside of the
            document.
    """
    return frozenset(_references(schema, at))


def _references(schema: Mapping[str, Any], at: At) -> Iterator[str]:
    stack: list[tuple[Any, At, _Role]] = [(schema, at, "schema")]
    while stack:
        value, place, role = stack.pop()
        if len(place) > MAX_DEPTH:
            refuse(
                place[:20],
                f"nested deeper than {MAX_DEPTH} levels",
                "no Kubernetes API does that; is it the right file?",
            )
        _refuse_many(value, place)
        if is_object(value):
            if role == "schema" and isinstance(value.get("$ref"), str):
                name = local_name(value["$ref"], place)
                value["$ref"] = _KNOWN_REFS[0] + name
                yield name
            stack.extend((item, (*place, key), _role(role, key)) for key, item in value.items() if _has_parts(item))
        elif is_array(value):
            stack.extend((item, (*place, str(index)), role) for index, item in enumerate(value) if _has_parts(item))


def _role(parent: _Role, key: str) -> _Role:
    """Return the value at a key. In a default, `$ref` is plain data, and a property may be called `default`."""
    if parent == "schema":
        return _ROLES.get(key, "schema")
    return "schema" if parent == "schemas" else "data"


def _refuse_many(value: Sized, at: At) -> None:
    if len(value) > MAX_ENTRIES:
        refuse(at, f"more than {MAX_ENTRIES} entries in one place", "no Kubernetes API does that; leave the file out")


def _has_parts(value: object) -> bool:
    return isinstance(value, (dict, list))


def _kind(value: object) -> str:
    names: dict[type, str] = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")
