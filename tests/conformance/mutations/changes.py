"""Changes of an object in one place: the places come from its schema, the change is repeatable by its name."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._schemas.schema_type import SchemaType

__all__ = ["changed", "create_changes", "update_changes"]

Path = tuple[str | int, ...]

_SKIPPED: Final = frozenset({"apiVersion", "kind", "metadata", "status"})
_LONG: Final = "a" * 300


def create_changes(document: dict[str, Any], schema: SchemaType) -> Iterator[tuple[Path, str]]:
    """Yield places of an object and the names of changes that a create is tried with."""
    for path, value, _ in _places(document, schema, ()):
        for name in _of_value(value):
            yield path, name
    yield from _additions(document, schema)


def update_changes(document: dict[str, Any], schema: SchemaType) -> Iterator[tuple[Path, str]]:
    """Yield places of a stored object and the names of changes that an update is tried with."""
    for path, value, _ in _places(document, schema, ()):
        yield path, "removed"
        if not isinstance(value, dict):
            yield path, "doubled" if isinstance(value, list) else "changed"
    yield from _additions(document, schema)


def changed(document: dict[str, Any], path: Path, name: str) -> dict[str, Any]:
    """Return a copy of an object that is changed in one place.

    Args:
        document: The object.
        path: Names of fields and indexes.
        name: The name of the change, as the other functions yield it.

    Raises:
        LookupError: The object has no such place.
    """
    made = copy.deepcopy(document)
    parent: Any = made
    for part in path[:-1]:
        parent = parent[part]
    last = path[-1]
    if name.startswith("add "):
        parent[last] = json.loads(name[4:])
    elif name == "removed":
        del parent[last]
    else:
        parent[last] = _value(parent[last], name)
    return made


def _of_value(value: Any) -> Iterator[str]:
    yield "removed"
    yield "type"
    if isinstance(value, bool):
        yield "changed"
    elif isinstance(value, int):
        yield from ("empty", "negative", "large")
    elif isinstance(value, str):
        yield from ("empty", "bad", "long")
    else:
        yield "empty"
    if isinstance(value, list) and value:
        yield "doubled"


def _value(value: Any, name: str) -> Any:
    if name == "empty":
        return type(value)()
    if name == "doubled":
        return [*value, *copy.deepcopy(value[:1])]
    if name == "type":
        return 5 if isinstance(value, str) else "x"
    if name == "changed":
        return not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}x"
    return {"negative": -1, "large": 100_000, "bad": "Bad_Value!", "long": _LONG}[name]


def _places(value: Any, schema: SchemaType | None, path: Path) -> Iterator[tuple[Path, Any, SchemaType | None]]:
    """Yield all places below a value."""
    if isinstance(value, dict):
        for field, member in value.items():
            if not path and field in _SKIPPED:
                continue
            inner = None if schema is None else schema.fields.get(field) or schema.values
            yield (*path, field), member, inner
            yield from _places(member, inner, (*path, field))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            inner = None if schema is None else schema.items
            yield (*path, number), member, inner
            yield from _places(member, inner, (*path, number))


def _additions(document: dict[str, Any], schema: SchemaType) -> Iterator[tuple[Path, str]]:
    """Yield every field that the schema has and the object has not, with a value that may be invalid."""
    maps: list[tuple[Path, Any, SchemaType | None]] = [((), document, schema)]
    maps += [place for place in _places(document, schema, ()) if isinstance(place[1], dict)]
    for path, value, inner in maps:
        for field in sorted(() if inner is None else inner.fields):
            if field in value or (not path and field in _SKIPPED) or path[-1:] == ("metadata",):
                continue
            for added in _added(inner.fields[field]) if inner is not None else ():
                yield (*path, field), f"add {json.dumps(added)}"


def _added(schema: SchemaType) -> tuple[Any, ...]:
    document: Any = getattr(schema, "whole", {})
    if schema.kind == "list":
        return ([], ["x"]) if schema.items is not None and schema.items.kind == "scalar" else ([{}],)
    if schema.kind == "map":
        return ({},)
    found = document.get("type")
    if found == "boolean":
        return (True,)
    if found in ("integer", "number"):
        return (-1, 1)
    return ("Bad_Value!", "a") if found == "string" and document.get("format") != "date-time" else ("x", 1)
