"""Callbacks of msgspec for our own types."""

from __future__ import annotations

import datetime
import math
import numbers
from typing import Any, Final

import msgspec

from kubecore.model.times import MicroTime, SourceTime, format_micro_time, is_naive, parse_time

__all__ = ["dec_hook", "enc_hook"]

_TIMES_OF_NUMPY: Final = frozenset("mM")
"""numpy's codes of the kinds `timedelta64` and `datetime64`."""


def dec_hook(type: Any, value: Any) -> Any:  # noqa: A002
    """Read a value of a type of ours.

    Raises:
        ValueError: `value` is not such a value; msgspec adds the path.
        TypeError: The type is not one of ours.
    """
    if type is MicroTime:
        if isinstance(value, str):
            value = parse_time(value)
        if isinstance(value, datetime.datetime):
            return MicroTime.of(value)
        raise ValueError("expected a date and time")
    msg = f"{type} is not a model type"
    raise TypeError(msg)


def enc_hook(value: Any) -> Any:
    """Turn a value that is not exactly of one of JSON's types into one that is.

    Subclasses of str, int and float are written as their bases, as `json.dumps` does it; numpy's scalars as the Python
    value that they hold.

    Raises:
        ValueError: The value has no form in JSON.
        TypeError: The type has no form in JSON.
    """
    if isinstance(value, datetime.datetime):
        return _time(value)
    base = _base(value)
    if base is None:
        msg = f"a {type(value).__name__} has no form in JSON"
        raise TypeError(msg)
    if isinstance(base, float) and not math.isfinite(base):
        raise ValueError(f"{base} has no form in JSON")
    return base


def _time(value: datetime.datetime) -> str:
    if isinstance(value, MicroTime):
        return format_micro_time(value)
    if isinstance(value, SourceTime) and value.text is not None:
        return value.text
    if is_naive(value):
        raise ValueError("a time without its offset from UTC: pass tzinfo")
    clock: datetime.time = value.timetz()
    written: str = msgspec.to_builtins(
        datetime.datetime.combine(datetime.date(value.year, value.month, value.day), clock)
    )
    return written


def _base(value: Any) -> str | float | None:
    """Return the text or number that a value is, None if it is neither."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        # ruamel.yaml's boolean with an anchor: bool itself can't have subclasses.
        return bool(value) if type(value).__name__ == "ScalarBoolean" else int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if getattr(getattr(value, "dtype", None), "kind", "") in _TIMES_OF_NUMPY:
        return None  # Their integers have a unit that the value does not show.
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
        return float(value)
    # A numpy scalar: numpy itself may not be installed.
    scalar: Any = value
    held: Any = scalar.item() if getattr(scalar, "shape", None) == () and hasattr(scalar, "item") else None
    return held if type(held) in (str, bool, int, float) else None
