"""Requirements on labels, and selectors that consist of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

import msgspec

from kubecore.selectors.conditions import Operator
from kubecore.selectors.syntax import check_key, check_value, integer, refuse

__all__ = ["EVERYTHING", "NOTHING", "Requirement", "Selector"]


_WRITTEN: Final[Mapping[str, str]] = {"=": "=", "==": "==", "!=": "!=", "gt": ">", "lt": "<"}


class Requirement(msgspec.Struct, frozen=True):
    """Requirement on one label.

    Attributes:
        key: The label's name.
        operator: The operator.
        values: Sorted, each once: one for `=`, `==`, `!=`, `gt` and `lt`, none for `exists` and `!`.

    Raises:
        InvalidRequestError: Key, operator or values are invalid.
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check it, and put the values in order."""
        check_key(self.key)
        _check_count(self)
        for value in self.values:
            check_value(self.key, value)
            if self.operator in ("gt", "lt") and integer(value) is None:
                refuse(f"{self.operator} must be a whole number, not {value!a}, for the label {self.key!a}")
        msgspec.structs.force_setattr(self, "values", tuple(sorted(set(self.values))))

    def __str__(self) -> str:
        """Write it as the server reads it."""
        if self.operator in ("exists", "!"):
            return "!" * (self.operator == "!") + self.key
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({','.join(self.values)})"
        return f"{self.key}{_WRITTEN[self.operator]}{self.values[0]}"

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether labels meet the requirement.

        Args:
            labels: An object's labels.
        """
        found = labels.get(self.key)
        if self.operator in ("in", "=", "=="):
            return found in self.values
        if self.operator in ("notin", "!="):
            return found not in self.values
        if self.operator in ("exists", "!"):
            return (found is not None) is (self.operator == "exists")
        number, limit = None if found is None else integer(found), integer(self.values[0])
        if number is None or limit is None:
            return False
        return number > limit if self.operator == "gt" else number < limit


class Selector(msgspec.Struct, frozen=True):
    """Requirements on an object's labels, all of which must be met.

    Attributes:
        requirements: By key.
        nothing: Whether it selects nothing, regardless of the requirements, as a null `LabelSelector` does.
    """

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    def __post_init__(self) -> None:
        """Put the requirements in order."""
        ordered = tuple(sorted(self.requirements, key=lambda requirement: requirement.key))
        msgspec.structs.force_setattr(self, "requirements", ordered)

    def __str__(self) -> str:
        """Write it as the server reads it; "" selects everything."""
        return "<nothing>" if self.nothing else ",".join(map(str, self.requirements))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether the selector matches labels, as on the server.

        Args:
            labels: An object's labels.
        """
        return not self.nothing and all(requirement.matches(labels) for requirement in self.requirements)

    def add(self, *requirements: Requirement) -> Self:
        """Add requirements.

        Args:
            *requirements: The additional requirements.

        Returns:
            A new selector.
        """
        return type(self)((*self.requirements, *requirements), self.nothing)


EVERYTHING: Final = Selector()
"""Selects every object."""

NOTHING: Final = Selector(nothing=True)
"""Selects no object; it can't be sent, since a selector that is left out selects everything."""


def _check_count(requirement: Requirement) -> None:
    operator, count = requirement.operator, len(requirement.values)
    if operator in ("in", "notin"):
        if count == 0:
            refuse(f"{operator} needs a value, for the label {requirement.key!a}")
    elif operator in ("exists", "!"):
        if count:
            refuse(f"{operator} has no value, for the label {requirement.key!a}")
    elif operator not in _WRITTEN:
        refuse(f"there is no operator {str(operator)[:100]!a}, for the label {requirement.key!a}")
    elif count != 1:
        refuse(f"{operator} has exactly one value, for the label {requirement.key!a}")
