"""Evaluation of a path on an object.

Source: `k8s.io/client-go/util/jsonpath/jsonpath.go` with AllowMissingKeys, and its comparisons,
`third_party/forked/golang/template/funcs.go`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.errors.base import DecodeError
from kubecore.jsonpath.parser import Each, Field, Filter, Literal, Recursive, Slice, Step, Union, parse_steps
from kubecore.model.model import Model

__all__ = ["MAX_FOUND", "JSONPath", "go_text", "parse"]

MAX_FOUND: Final = 100_000
"""Most values that a step may find: '..' and unions can multiply them."""

_EXPONENTS: Final = 6
"""From which power of ten on Go writes a number with its exponent."""

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
}
_NAMES: Final[Mapping[type, str]] = {
    bool: "a boolean",
    dict: "an object",
    float: "a number",
    int: "an integer",
    list: "a list",
    str: "text",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class JSONPath:
    """A parsed path.

    Attributes:
        text: The original text.
        steps: Its steps.
    """

    text: str
    steps: tuple[Step, ...]

    def find(self, data: Model | Mapping[str, Any]) -> list[Any]:
        """Return the values at the path: plain values, as in the object's JSON. Missing keys yield nothing.

        Args:
            data: The object: a model, or a mapping with the API's names.

        Returns:
            The values, in the object's order.

        Raises:
            DecodeError: The object does not have this shape: a missing index, a filter on a value that is not a list, a
                comparison of a number with text.
            EncodeError: A value of the model has no form in JSON.
        """
        plain = data.to_dict() if isinstance(data, Model) else data
        try:
            return _walk([plain], self.steps)
        except DecodeError as error:
            raise DecodeError(f"{self.text[:200]}: {error}") from None


def parse(text: str) -> JSONPath:
    """Parse a path, with braces or without.

    Args:
        text: The path, such as `{.status.phase}`, `.status.phase` or `status.phase`.

    Returns:
        The path.

    Raises:
        InvalidRequestError: It is invalid; the error has the position.
    """
    return JSONPath(text, parse_steps(text))


def go_text(value: Any) -> str:
    """Write a value as Go's `%v` does, as `kubectl wait` compares it.

    Args:
        value: A plain value.
    """
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, float) or not math.isfinite(value):
        return str(value)
    exact = Decimal(repr(value)).normalize()
    if -4 <= exact.adjusted() < _EXPONENTS:
        return format(exact, "f")
    digits, sign = format(exact, "e").split("e")
    return f"{digits}e{int(sign):+03d}"


def _walk(found: list[Any], steps: Iterable[Step]) -> list[Any]:
    for step in steps:
        found = _take(found, step)
        if len(found) > MAX_FOUND:
            raise DecodeError(f"finds more than {MAX_FOUND} values")
    return found


def _take(found: list[Any], step: Step) -> list[Any]:
    match step:
        case Field(name):
            return [value[name] for value in found if is_json_object(value) and name in value]
        case Each():
            return [child for value in found for child in _children(value)]
        case Recursive():
            return _below(found)
        case Slice():
            return _sliced(found, step)
        case Union(paths):
            return [value for path in paths for value in _walk(found, path)]
        case Filter():
            return [item for value in found for item in _list(value, "filtered") if _holds(item, step)]
        case Literal(value):
            return [value] * (1 if isinstance(value, str) else len(found))


def _children(value: Any) -> Iterable[Any]:
    if is_json_object(value):
        return value.values()
    if is_json_array(value):
        return value
    return value.encode("utf-8", "replace") if isinstance(value, str) else ()  # Go sees the bytes of a text.


def _below(found: list[Any]) -> list[Any]:
    """Return each value that holds others, before its children. Not by recursion: objects may be deep."""
    result: list[Any] = []
    waiting = list(reversed(found))
    while waiting:
        value = waiting.pop()
        children = list(_children(value))
        if children:
            result.append(value)
            if not isinstance(value, str):
                waiting.extend(reversed(children))
        if len(result) > MAX_FOUND:
            raise DecodeError(f"finds more than {MAX_FOUND} values")
    return result


def _list(value: Any, what: str) -> Sequence[Any]:
    if is_json_array(value):
        return value
    raise DecodeError(f"{_name(value)} can't be {what}, only a list can")


def _sliced(found: list[Any], step: Slice) -> list[Any]:
    result: list[Any] = []
    for value in found:
        if value is not None:
            items = _list(value, "indexed")
            start, stop = _bounds(step, len(items))
            if start == stop:
                return result  # As in Go: the rest is not evaluated.
            if step.step is not None and step.step <= 0:
                raise DecodeError("the step of a slice must be positive")
            result.extend(items[start : stop : step.step or 1])
    return result


def _bounds(step: Slice, length: int) -> tuple[int, int]:
    start = step.start + length if step.start < 0 else step.start
    stop = length if step.stop is None else step.stop
    if stop < 0 or (stop == 0 and step.single):
        stop += length
    if start != stop:
        for index in (start, stop - 1):
            if not 0 <= index < length:
                raise DecodeError(f"the list has {length} items, there is none at {index}")
        if start > stop:
            raise DecodeError(f"a slice can't begin at {start} and end at {stop}")
    return start, stop


def _holds(item: Any, step: Filter) -> bool:
    if not step.operator:
        try:
            return bool(_walk([item], step.left))
        except DecodeError:
            return False
    sides: list[Any] = []
    for path in (step.left, step.right):
        values = _walk([item], path)
        if not values:
            return False
        if len(values) > 1:
            raise DecodeError("a filter compares one value at a time")
        sides.append(values[0])
    return _compare(step.operator, *sides)


def _compare(sign: str, left: Any, right: Any) -> bool:
    kind = _kind(left)
    if kind is not _kind(right) or kind not in (bool, int, float, str) or (kind is bool and sign not in ("==", "!=")):
        raise DecodeError(f"{_name(left)} can't be compared with {_name(right)} by {sign}")
    return _COMPARE[sign](left, right)


def _kind(value: object) -> type[object]:
    return type(value)


def _name(value: object) -> str:
    return _NAMES.get(_kind(value), "a value")
