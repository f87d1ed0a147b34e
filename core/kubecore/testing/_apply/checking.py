"""Whether a value has the type of its place, as server-side apply requires."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Any, TypeAlias

from kubecore.testing._apply.elements import shown
from kubecore.testing._apply.shapes import ANY, KEYED, LEAF, MAP, SET, Shape, UntypedError
from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["check"]

_Place: TypeAlias = "tuple[_Place, str] | None"
"""The outer place and the last element: the text of a path is only needed for faults."""


def check(shape: Shape, document: dict[str, Any], *, allow_duplicates: bool) -> None:
    """Check an object.

    Args:
        shape: The type.
        document: The object.
        allow_duplicates: Whether items of a list may have the same keys.

    Raises:
        UntypedError: The object does not have the type.
    """
    checker = _Checker(allow_duplicates=allow_duplicates)
    checker.check(shape, document)
    if checker.faults:
        raise UntypedError(checker.faults)


class _Checker:
    """Checks one object.

    Attributes:
        faults: The paths and the messages of the faults until now.
    """

    def __init__(self, *, allow_duplicates: bool) -> None:
        self.faults: list[tuple[str, str]] = []
        self._allow_duplicates = allow_duplicates

    def check(self, shape: Shape, value: Any, place: _Place = None) -> None:
        """Check a value."""
        if value is None or type(value) is shape.kept:
            return
        known = shape.type
        kind = "any" if known is None else known.kind
        if kind == "scalar":
            message = _scalar_fault("" if known is None else known.scalar, value)
            if message:
                self._report(place, message)
        elif kind == "map" or (kind == "any" and is_map(value)):
            if is_map(value):
                self._map(shape, value, place)
            else:
                self._report(place, f"expected map, got &{{{_printed(value)}}}")
        elif kind == "list" or is_list(value):
            if is_list(value):
                self._list(shape, value, place)
            else:
                self._report(place, f"expected list, got &{{{_printed(value)}}}")

    def _report(self, place: _Place, message: str) -> None:
        steps: list[str] = []
        while place is not None:
            place, step = place
            steps.append(shown(step))
        self.faults.append(("".join(reversed(steps)), message))

    def _map(self, shape: Shape, value: dict[str, Any], place: _Place) -> None:
        for name, found in value.items():
            inner = shape.field(name)
            if inner is None:
                self._report((place, f"f:{name}"), "field not declared in schema")
                return
            if type(found) is not inner.kept and inner.type is not None:
                self.check(inner, found, (place, f"f:{name}"))

    def _list(self, shape: Shape, value: list[Any], place: _Place) -> None:
        if shape.mode in (LEAF, ANY, MAP):
            for index, item in enumerate(value):
                self.check(shape.items, item, (place, f"i:{index}"))
            return
        seen: set[str] = set()
        for index, item in enumerate(value):
            try:
                element = shape.element(item)
            except UntypedError as error:
                self._report(place, f"element {index}: {error}")
                # The server stops here.
                return
            if element in seen and not self._allow_duplicates:
                self._report(place, f"duplicate entries for key {shown(element)}")
            seen.add(element)
            if shape.mode in (KEYED, SET):
                self.check(shape.items, item, (place, element))


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
