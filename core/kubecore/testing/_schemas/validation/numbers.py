"""Checks of numbers: the range of a type, multiples and bounds."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.validation.faults import Fault, Findings, value_fault
from kubecore.testing._schemas.wording import plain

__all__ = ["LARGEST", "SMALLEST", "check_number", "fit_floats", "is_whole", "truncated"]

SMALLEST: Final = -(2**63)
LARGEST: Final = 2**63 - 1
_EXACT: Final = 2**53 - 1
_BITS: Final = {"int32": 31}


def is_whole(value: float) -> bool:
    """Return whether the API server accepts a number with a fraction part as an integer."""
    if not math.isfinite(value) or abs(value) > _EXACT:
        return False
    whole = math.trunc(value)
    if value == whole:
        return True
    if value < 0 or whole == 0:
        return False
    return (value - whole) / (value + whole) < 1e-9


def truncated(value: float) -> int:
    """Return a number as Go converts it to 64 bits."""
    whole = math.trunc(value) if math.isfinite(value) else SMALLEST
    return whole if SMALLEST <= whole <= LARGEST else SMALLEST


def fit_floats(value: Any) -> None:
    """Convert whole floating point numbers to integers, in place: the store of the API server writes them so.

    Args:
        value: An object or a list.
    """
    waiting: list[Any] = [value]
    while waiting:
        each: Any = waiting.pop()
        places: list[tuple[Any, Any]] = [*each.items()] if is_map(each) else [*enumerate(each)]
        for place, one in places:
            if is_map(one) or is_list(one):
                waiting.append(one)
            elif isinstance(one, float) and one.is_integer() and SMALLEST <= one <= LARGEST:
                each[place] = int(one)


def check_number(value: float, schema: Mapping[str, Any], path: str) -> Findings:
    """Check a number.

    Args:
        value: The number.
        schema: The schema.
        path: The path of the number.
    """
    found = Findings(*_range(value, schema, "Checked", path))
    for name, check in (("multipleOf", _multiple), ("minimum", _minimum), ("maximum", _maximum)):
        limit = schema.get(name)
        if limit is None:
            continue
        limit = float(limit)
        label = {"multipleOf": "MultipleOf", "minimum": "Minimum boundary", "maximum": "Maximum boundary"}[name]
        wrong = list(_range(limit, schema, label, path))
        found.add(wrong)
        as_integer = isinstance(value, int) and not wrong
        found.add(check(value if as_integer else float(value), truncated(limit) if as_integer else limit, schema, path))
    found.matches += 1
    return found


def _range(value: float, schema: Mapping[str, Any], label: str, path: str) -> Iterator[Fault]:
    """Yield a fault if a number does not fit into the type of the schema and its format."""
    named, form = schema.get("type", ""), schema.get("format", "")
    if schema.get("x-kubernetes-int-or-string"):
        return
    if named == "integer":
        bits = _BITS.get(form, 63)
        if value == int(value) and -(2**bits) <= value <= 2**bits - 1:
            return
        known = form if form in ("int32", "int64") else ""
    elif named == "number" and form == "float":
        try:
            struct.pack(">f", value)
        except OverflowError:
            known = form
        else:
            return
    else:
        return
    suffix = f"with format {known}" if known else "(default format)"
    text = f"{label} value must be of type {named} {suffix} in {path}"
    yield Fault(text, "place")


def _multiple(value: float, factor: float, schema: Mapping[str, Any], path: str) -> Iterator[Fault]:
    if factor <= 0:
        yield Fault(f"factor MultipleOf declared for {path} must be positive: {plain(factor)}", "value", path, factor)
    elif isinstance(factor, int):
        if value % factor:
            yield value_fault(path, f"should be a multiple of {factor}", value)
    elif not is_whole(1 / factor * value if factor < 1 else value / factor):
        yield value_fault(path, f"should be a multiple of {plain(factor)}", value)


def _minimum(value: float, limit: float, schema: Mapping[str, Any], path: str) -> Iterator[Fault]:
    is_exclusive = schema.get("exclusiveMinimum") is True
    if value < limit or (is_exclusive and value == limit):
        rule = "greater than" if is_exclusive else "greater than or equal to"
        yield value_fault(path, f"should be {rule} {plain(limit)}", value)


def _maximum(value: float, limit: float, schema: Mapping[str, Any], path: str) -> Iterator[Fault]:
    is_exclusive = schema.get("exclusiveMaximum") is True
    if value > limit or (is_exclusive and value == limit):
        rule = "less than" if is_exclusive else "less than or equal to"
        yield value_fault(path, f"should be {rule} {plain(limit)}", value)
