"""Whether a value has the type of its place, as server-side apply requires."""

from __future__ import annotations

from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

from kubecore.testing._apply.elements import shown
from kubecore.testing._apply.shapes import ANY, KEYED, LEAF, MAP, SET, Shape, UntypedError
from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["check"]

_Fault = tuple[str, str]


def check(shape: Shape, document: dict[str, Any], *, allow_duplicates: bool) -> None:
    """Check an object.

    Args:
        shape: The type.
        document: The object.
        allow_duplicates: Whether items of a list may have the same keys.

    Raises:
        UntypedError: The object does not have the type.
    """
    found = list(_faults(shape, document, "", allow_duplicates))
    if found:
        raise UntypedError(found)


def _faults(shape: Shape, value: Any, path: str, allow_duplicates: bool) -> Iterator[_Fault]:
    if value is None:
        return
    known = shape.type
    kind = "any" if known is None else known.kind
    if kind == "scalar":
        message = _scalar_fault("" if known is None else known.scalar, value)
        if message:
            yield path, message
    elif kind == "map" or (kind == "any" and is_map(value)):
        if is_map(value):
            yield from _map_faults(shape, value, path, allow_duplicates)
        else:
            yield path, f"expected map, got &{{{_printed(value)}}}"
    elif kind == "list" or is_list(value):
        if is_list(value):
            yield from _list_faults(shape, value, path, allow_duplicates)
        else:
            yield path, f"expected list, got &{{{_printed(value)}}}"


def _map_faults(shape: Shape, value: dict[str, Any], path: str, allow_duplicates: bool) -> Iterator[_Fault]:
    for name, found in value.items():
        inner = shape.field(name)
        if inner is None:
            yield f"{path}.{name}", "field not declared in schema"
            return
        if found is not None and inner.type is not None:
            yield from _faults(inner, found, f"{path}.{name}", allow_duplicates)


def _list_faults(shape: Shape, value: list[Any], path: str, allow_duplicates: bool) -> Iterator[_Fault]:
    if shape.mode in (LEAF, ANY, MAP):
        for index, item in enumerate(value):
            yield from _faults(shape.items, item, f"{path}[{index}]", allow_duplicates)
        return
    seen: set[str] = set()
    for index, item in enumerate(value):
        try:
            element = shape.element(item)
        except UntypedError as error:
            yield path, f"element {index}: {error}"
            # The server stops here.
            return
        if element in seen and not allow_duplicates:
            yield path, f"duplicate entries for key {shown(element)}"
        seen.add(element)
        if shape.mode in (KEYED, SET):
            yield from _faults(shape.items, item, path + shown(element), allow_duplicates)


def _scalar_fault(scalar: str, value: Any) -> str:
    if scalar in ("integer", "number"):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return ""
        return f"expected numeric (int or float), got {_go_type(value)}"
    if scalar == "string":
        return "" if isinstance(value, str) else f"expected string, got {_go_value(value)}"
    if scalar == "boolean":
        return "" if isinstance(value, bool) else f"expected boolean, got &{{{_printed(value)}}}"
    return f"expected any scalar, got {_go_value(value)}" if is_map(value) or is_list(value) else ""


def _go_type(value: Any) -> str:
    if is_map(value):
        return "map[string]interface {}"
    if is_list(value):
        return "[]interface {}"
    return "bool" if isinstance(value, bool) else "string"


def _go_value(value: Any) -> str:
    return f"&value.valueUnstructured{{Value:{_source(value)}}}"


def _source(value: Any) -> str:
    """Return a value as Go source."""
    if is_map(value):
        members = (f"{encode_basestring(name)}:{_source(found)}" for name, found in sorted(value.items()))
        return "map[string]interface {}{" + ", ".join(members) + "}"
    if is_list(value):
        return "[]interface {}{" + ", ".join(map(_source, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    return encode_basestring(value) if isinstance(value, str) else _printed(value)


def _printed(value: Any) -> str:
    """Return a value as Go prints it."""
    if is_map(value):
        return "map[" + " ".join(f"{name}:{_printed(found)}" for name, found in sorted(value.items())) + "]"
    if is_list(value):
        return "[" + " ".join(map(_printed, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return "<nil>" if value is None else str(value)
