"""Values that are a number or a text, such as a port's number or name, or a count or a percentage.

Source: `k8s.io/apimachinery/pkg/util/intstr`.
"""

from __future__ import annotations

import re
from typing import TypeAlias

__all__ = ["IntOrString", "scaled_value"]

IntOrString: TypeAlias = int | str
"""`8080` or `"http"`; `3` or `"25%"`."""

_PERCENT = re.compile(r"([+-]?\d+)%", re.ASCII)


def scaled_value(value: IntOrString, total: int, *, round_up: bool) -> int:
    """Convert a count or a percentage to a count, as `GetScaledValueFromIntOrPercent` does.

    Args:
        value: A count, or a percentage such as `"25%"`.
        total: The value of 100 per cent.
        round_up: Whether a fraction counts as one more, or is dropped.

    Returns:
        The count.

    Raises:
        ValueError: `value` is text but no percentage.
    """
    if isinstance(value, int):
        return value
    match = _PERCENT.fullmatch(value)
    if match is None:
        raise ValueError("neither a number nor a percentage such as '25%'")
    share = int(match[1]) * total
    return -(-share // 100) if round_up else share // 100
