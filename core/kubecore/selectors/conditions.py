"""Conditions on one label or field: the values of mappings that are selectors."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, TypeAlias

import msgspec

from kubecore.selectors.syntax import refuse

__all__ = [
    "Condition",
    "Operator",
    "exists",
    "greater_than",
    "less_than",
    "not_equal",
    "not_exists",
    "not_in",
    "values_of",
]


Operator: TypeAlias = Literal["=", "==", "!=", "in", "notin", "exists", "!", "gt", "lt"]
"""Operators of a requirement, in the words of `k8s.io/apimachinery/pkg/selection`."""


class Condition(msgspec.Struct, frozen=True):
    """A mapping's value with another operator than `=`. The functions of this module create them.

    Attributes:
        operator: The operator.
        values: Its values.
    """

    operator: Operator
    values: tuple[str, ...] = ()


def exists() -> Condition:
    """The label exists, with any value; a mapping's None means the same."""
    return Condition("exists")


def not_exists() -> Condition:
    """The label does not exist."""
    return Condition("!")


def not_equal(value: str) -> Condition:
    """The label has another value, or does not exist.

    Args:
        value: The value.
    """
    return Condition("!=", (value,))


def not_in(values: Collection[str]) -> Condition:
    """The label has none of these values, or does not exist.

    Args:
        values: The values.
    """
    return Condition("notin", values_of(values))


def greater_than(value: int) -> Condition:
    """The label exists, and is a number greater than this.

    Args:
        value: The number, not negative: no label's value can begin with a sign.
    """
    return Condition("gt", (str(value),))


def less_than(value: int) -> Condition:
    """The label exists, and is a number less than this.

    Args:
        value: The number, not negative.
    """
    return Condition("lt", (str(value),))


def values_of(values: Any, key: str = "") -> tuple[str, ...]:
    """Return several values of a label.

    Args:
        values: The values.
        key: The label in a mapping, "" if it is not known.

    Raises:
        InvalidRequestError: It is text, or not a collection.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Collection):
        where = f" {key!a}" if key else ""
        kinds = "text, several texts or None" if key else "several texts"
        refuse(f"the label{where} is compared with {kinds}, not with {type(values).__name__}")
    return tuple(values)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
