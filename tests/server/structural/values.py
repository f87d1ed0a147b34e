"""Hypothesis strategies for values, most of which are valid for a schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from tests.server.structural.words import EMBEDDED, INT_OR_STRING, OPEN, QUANTITY, Json

__all__ = ["SHAPES", "members", "values"]

KEYS: Final = ("k", "x-y", "é", "a.b/c", "$x", "")
TEXTS: Final = ("", "text", "ü", "a\nb", '"\\', "\u2028", "😀", "true", "1")
ANYTHING: Final = st.sampled_from(
    [1, "a", 1.5, True, [], {}, [None, {"b": True}], {"c": {"d": []}}, {"e": None}, 2**53 + 1, -1e-7, [[]]]
)
TIMES: Final = (
    *("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05.123456Z"),
    *("2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05+00:00"),
    # Times that Python cannot represent: a year 0, a year before 1 in UTC, a leap second.
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2016-12-31T23:59:60Z"),
    *("2026-01-02t03:04:05z", "0001-01-01T00:00:00Z", "2026-01-02T24:00:00Z"),
)
SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    "byte": ("aGVsbG8=", "+/+/"),
    "date": ("2026-01-02",),
    "date-time": TIMES,
    "duration": ("5s", "1h30m"),
    "email": ("a@example.com",),
    "hostname": ("a.example.com",),
    "ipv4": ("10.0.0.1",),
    "uri": ("https://example.com/a?b=c",),
    "uuid": ("0f8fad5b-d9cb-469f-a165-70867728950e",),
    "password": ("secret",),
    "made-up": ("anything",),
}
"""Texts of each format of strings."""


def values(schema: Json) -> st.SearchStrategy[Any]:
    """Return values, most of which are valid for a schema; lists and maps may be empty."""
    found = _values(schema)
    return st.none() | found if schema.get("nullable") else found


def _values(schema: Json) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from([value for value in schema["enum"] if value is not None])
    if schema.get(EMBEDDED):
        return _wholes(schema)
    if "properties" in schema:
        return members(schema)
    if schema.get(INT_OR_STRING):
        if schema.get("pattern") == QUANTITY:
            return st.sampled_from(["1", "500m", 1, 0])
        return st.sampled_from([0, 80, -1, "", "80%", "80"])
    match schema.get("type"):
        case "array":
            return _lists(schema)
        case "object":
            more = schema.get("additionalProperties")
            if more is None and not schema.get(OPEN):
                return st.just({})
            item = values(more) if isinstance(more, dict) else ANYTHING
            return st.dictionaries(st.sampled_from(KEYS), item, max_size=2)
        case "string":
            return st.sampled_from(SHAPES.get(schema.get("format", ""), TEXTS))
        case "integer":
            return st.sampled_from([0, 1, 3, -3, 1e18, 2**63, -(2**70), 3e300]) | st.integers(-(2**63), 2**63 - 1).map(
                lambda n: n - n % 3
            )
        case "number":
            numbers = [0, 1, 0.5, -2.5, 1e21, 100, 3, 1.0, 1e20, 5e-324, 0.1 + 0.2, 2**53 + 1, -0.0, 2**70, 1e300]
            return st.sampled_from(numbers)
        case "boolean":
            return st.booleans()
        case _:
            return ANYTHING


def _lists(schema: Json) -> st.SearchStrategy[Any]:
    kind, items = schema.get("x-kubernetes-list-type"), values(schema["items"])
    if kind == "set":
        return st.lists(items, max_size=2, unique=True)
    if kind == "map":
        keys = schema["x-kubernetes-list-map-keys"]
        return st.lists(items, max_size=2, unique_by=lambda item: repr([item.get(key, 1) for key in keys]))
    return st.lists(items, min_size=schema.get("minItems", 0), max_size=2)


def members(schema: Json) -> st.SearchStrategy[Json]:
    parts = {name: values(part) for name, part in schema["properties"].items()}
    # A required property with a default may be omitted: the server fills in defaults before it validates.
    required = [name for name in schema.get("required", ()) if "default" not in schema["properties"][name]]
    needed = {name: parts.pop(name) for name in required}
    found = st.fixed_dictionaries(needed, optional=parts)
    if schema.get(OPEN):
        others = st.dictionaries(st.sampled_from(["other", "é"]), ANYTHING, max_size=1)
        return st.builds(lambda own, more: {**more, **own}, found, others)
    return found


def _wholes(schema: Json) -> st.SearchStrategy[Json]:
    bare = {key: value for key, value in schema.items() if key != EMBEDDED}
    own = _values(bare)
    head = st.fixed_dictionaries(
        {"apiVersion": st.sampled_from(["v1", "example.com/v1"]), "kind": st.just("Pod")},
        optional={
            "metadata": st.sampled_from(
                [{}, {"name": "x", "labels": {"a": "b"}}, {"namespace": "y", "finalizers": ["a/b"]}]
            )
        },
    )
    return st.builds(lambda own, head: {**own, **head}, own, head)
