"""Faults that schemas find in values, as they are collected and as a Status reports them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from kubecore.testing._schemas.wording import compact, quoted, shown
from kubecore.testing._server.failures import Cause

__all__ = ["Fault", "Findings", "cause_of", "invalid_value", "type_fault", "value_fault"]


class Fault(NamedTuple):
    """A fault of a value.

    Attributes:
        text: The description by which equal faults are recognised.
        form: `type`, `required`, `enum`, `long`, `many`, `value`, or `place` if the fault names no value.
        path: The path of the value, with a leading dot at the root.
        value: The wrong value, or the number of items.
        limit: The limit of `long` and `many`, or the values that `enum` allows.
    """

    text: str
    form: str
    path: str = ""
    value: Any = ""
    limit: Any = None


class Findings:
    """Faults, and the number of checks that were made: of several schemas the one with the most checks is reported.

    Attributes:
        faults: The faults, each text once.
        matches: The number of checks.
    """

    __slots__ = ("_texts", "faults", "matches")

    def __init__(self, *faults: Fault) -> None:
        self.faults: list[Fault] = []
        self.matches = 0
        self._texts: set[str] = set()
        self.add(faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Add faults whose text is new."""
        for fault in faults:
            if fault.text not in self._texts:
                self._texts.add(fault.text)
                self.faults.append(fault)

    def merge(self, other: Findings) -> None:
        """Add the faults and the number of checks of others."""
        self.add(other.faults)
        self.matches += other.matches


def type_fault(path: str, expected: str, found: str) -> Fault:
    """Return the fault of a value of the wrong type or format."""
    return Fault(f"{path} in body must be of type {expected}: {quoted(found)}", "type", path, found)


def value_fault(path: str, rule: str, value: Any) -> Fault:
    """Return the fault of a value that breaks a rule, such as `should be less than 3`."""
    return Fault(f"{path} in body {rule}", "value", path, value)


def cause_of(fault: Fault, root: str = "") -> Cause:
    """Return a fault as a cause of a Status.

    Args:
        fault: The fault.
        root: The path of the value that was checked, if it is not a whole object.
    """
    below = fault.path.removeprefix(".")
    path = f"{root}.{below}" if root and below else root or below or "<nil>"
    match fault.form:
        case "required":
            return Cause("FieldValueRequired", "Required value", path)
        case "enum":
            names = (quoted(each if isinstance(each, str) else compact(each)) for each in fault.limit)
            supported = f"{shown(fault.value)}: supported values: {', '.join(names)}"
            return Cause("FieldValueNotSupported", f"Unsupported value: {supported}", path)
        case "long":
            unit = "byte" if fault.limit == 1 else "bytes"
            return Cause("FieldValueTooLong", f"Too long: may not be more than {fault.limit} {unit}", path)
        case "many":
            unit = "item" if fault.limit == 1 else "items"
            text = f"Too many: {fault.value}: must have at most {fault.limit} {unit}"
            return Cause("FieldValueTooMany", text, path)
        case "type":
            return Cause("FieldValueTypeInvalid", f"Invalid value: {shown(fault.value)}: {fault.text}", path)
        case "place":
            return invalid_value(root or "<nil>", "", fault.text)
        case _:
            return invalid_value(path, fault.value, fault.text)


def invalid_value(path: str, value: Any, text: str) -> Cause:
    """Return the cause for an invalid value."""
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {text}", path)
