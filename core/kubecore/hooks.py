"""What msgspec asks us about types that are ours."""

from __future__ import annotations

import datetime
from typing import Any

from kubecore.time import MicroTime, format_micro_time, parse_time

__all__ = ["dec_hook", "enc_hook"]


def dec_hook(type: Any, value: Any) -> Any:  # noqa: A002
    """Read a value of a type of ours.

    Raises:
        ValueError: `value` is not such a value; msgspec adds the path.
        TypeError: the type is not one of ours.
    """
    if type is MicroTime:
        if isinstance(value, str):
            value = parse_time(value)
        if isinstance(value, datetime.datetime):
            return MicroTime.of(value)
        raise ValueError("expected a date and time")
    msg = f"{type} is no type of a model"
    raise TypeError(msg)


def enc_hook(value: Any) -> Any:
    """Turn a value of a type of ours into JSON's types.

    Raises:
        ValueError: the value has no form in JSON.
        TypeError: the type is not one of ours.
    """
    if isinstance(value, MicroTime):
        return format_micro_time(value)
    msg = f"a {type(value).__name__} has no form in JSON"
    raise TypeError(msg)
