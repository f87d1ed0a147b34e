"""Elements of paths as `fieldsV1` writes them: `f:name`, `k:{"key":"value"}`, `v:"value"` and `i:0`.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ (`fieldsV1`).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["canonical", "decoded", "item_value", "key_of", "quoted", "scalar_text", "shown", "sort_key", "value_of"]

_RANKS = {".": 0, "f": 1, "k": 2, "v": 3, "i": 4}
_EXACT = 2**53


# Go escapes more characters than JSON requires.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_UNUSUAL = re.compile("[<>&\u2028\u2029\b\f]")


@lru_cache(8192)
def quoted(text: str) -> str:
    """Return a text as JSON as Go programs write it."""
    made = encode_basestring(text)
    if _UNUSUAL.search(text):
        for character, escape in _ESCAPED.items():
            made = made.replace(character, escape)
        # A backslash of the text is doubled: an uneven number of them begins an escape.
        made = re.sub(r"(?<!\\)((?:\\\\)*)\\([bf])", _control, made)
    return made


def _control(found: re.Match[str]) -> str:
    return found[1] + ("\\u0008" if found[2] == "b" else "\\u000c")


def scalar_text(value: Any) -> str:
    """Return JSON as Go programs write it."""
    if type(value) is str:
        return quoted(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if type(value) is float and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if is_map(value):
        members = (f"{quoted(name)}:{scalar_text(found)}" for name, found in sorted(value.items()))
        return "{" + ",".join(members) + "}"
    if is_list(value):
        return "[" + ",".join(map(scalar_text, value)) + "]"
    return json.dumps(value)


def key_of(pairs: list[tuple[str, Any]]) -> str:
    """Return the element of a list item by its keys.

    Args:
        pairs: Names and values of the keys, sorted by name.
    """
    return "k:{" + ",".join([f"{quoted(name)}:{scalar_text(value)}" for name, value in pairs]) + "}"


def value_of(value: Any) -> str:
    """Return the element of an item of a set."""
    return "v:" + scalar_text(value)


@lru_cache(8192)
def decoded(element: str) -> Any:
    """Return the keys of a `k:` element, or the value of a `v:` element."""
    return json.loads(element[2:])


def item_value(element: str) -> Any:
    """Return the name of a field, the keys or the value of an item, or an index."""
    kind = element[:1]
    if kind == "f":
        return element[2:]
    return int(element[2:]) if kind == "i" else decoded(element)


@lru_cache(8192)
def canonical(element: str) -> str:
    """Return an element as the server writes it.

    Raises:
        ValueError: It is not an element.
    """
    kind, colon, rest = element[:1], element[1:2], element[2:]
    if colon != ":" or kind not in "fkvi":
        raise ValueError(f"invalid path element {element!r}")
    if kind == "f":
        return element
    if kind == "i":
        return f"i:{int(rest)}"
    try:
        value = json.loads(rest)
        if kind == "v":
            return value_of(value)
        if is_map(value):
            return key_of(sorted(value.items()))
    except RecursionError:
        raise ValueError("a path element has too many levels") from None
    raise ValueError(f"invalid keys {element!r}")


def _comparable(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (3, value)
    if isinstance(value, (int, float)):
        return (1, value)
    if isinstance(value, str):
        return (2, value)
    if is_list(value):
        return (4, [_comparable(item) for item in value])
    if is_map(value):
        return (5, [(name, _comparable(found)) for name, found in sorted(value.items())])
    return (6,)


@lru_cache(8192)
def sort_key(element: str) -> tuple[Any, ...]:
    """Return the value by which the elements of one place are sorted."""
    rank = _RANKS[element[:1]]
    if rank < 2:
        return (rank, element)
    if rank == 4:
        return (rank, int(element[2:]))
    return (rank, _comparable(decoded(element)))


def shown(element: str) -> str:
    """Return an element as messages show it: `.name`, `[key="value"]`, `[="value"]` or `[0]`."""
    kind = element[:1]
    if kind == "f":
        return "." + element[2:]
    if kind == "k":
        return "[" + ",".join(f"{name}={scalar_text(value)}" for name, value in decoded(element).items()) + "]"
    return f"[={element[2:]}]" if kind == "v" else f"[{element[2:]}]"
