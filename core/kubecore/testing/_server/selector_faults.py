"""Faults of label selectors in the words of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from kubecore.selectors.syntax import integer
from kubecore.testing._server.failures import quoted
from kubecore.testing._server.metadata_rules import key_faults, value_faults

__all__ = ["label_selector_fault"]

_TOKEN: Final = re.compile(r"[ \t\r\n]*(!=|==|[=!(),<>]|[^=!(),<> \t\r\n]+)")
_SIGNS: Final = ("!=", "==", "=", "!", "(", ")", ",", "<", ">")
_REQUIREMENT: Final = "unable to parse requirement: "


def label_selector_fault(selector: str) -> str:
    """Return the message with which the server refuses a label selector, "" if it has no fault.

    Args:
        selector: The text of the selector.
    """
    try:
        _Walk(_TOKEN.findall(selector)).selector()
    except _FaultError as fault:
        return str(fault)
    return ""


class _FaultError(Exception):
    """The first fault. The text is the message."""


class _Walk:
    """Walks through the tokens of a selector until the first fault."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def selector(self) -> None:
        """Walk through all requirements."""
        if not self._tokens:
            return
        if not self._is_word() and self._next() != "!":
            raise _FaultError(f"found '{self._next()}', expected: !, identifier, or 'end of string'")
        while True:
            try:
                self._requirement()
            except _FaultError as fault:
                raise _FaultError(f"{_REQUIREMENT}{fault}") from None
            if not self._next():
                return
            if self._next() != ",":
                raise _FaultError(f"found '{self._next()}', expected: ',' or 'end of string'")
            self._take()
            if not self._is_word() and self._next() != "!":
                raise _FaultError(f"found '{self._next()}', expected: identifier after ','")

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _is_word(self) -> bool:
        return self._next() not in ("", *_SIGNS)

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _word(self) -> str:
        if not self._is_word():
            raise _FaultError(f"found '{self._next()}', expected: identifier")
        return self._take()

    def _requirement(self) -> None:
        is_absent = self._next() == "!"
        if is_absent:
            self._take()
        key = self._word()
        faults = "; ".join(key_faults(key))
        if faults:
            raise _FaultError(f"<nil>: Invalid value: {quoted(key)}: {faults}")
        if is_absent or self._next() in ("", ","):
            return
        operator = self._next()
        if operator in ("in", "notin"):
            self._take()
            values = self._values()
        elif operator in ("=", "==", "!=", "<", ">"):
            self._take()
            values = [] if self._next() in ("", ",") else [self._word()]
            if operator in ("<", ">"):
                values = values or [""]
        else:
            raise _FaultError(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
        faults_of_values = list(_of_values(key, operator, sorted(set(values))))
        if faults_of_values:
            shown = ", ".join(faults_of_values)
            raise _FaultError(f"[{shown}]" if len(faults_of_values) > 1 else shown)

    def _values(self) -> list[str]:
        """Return the words between parentheses."""
        if self._next() != "(":
            raise _FaultError(f"found '{self._next()}' expected: '('")
        self._take()
        found: list[str] = []
        expected = "',', ')' or identifier"
        while self._next() != ")":
            if self._is_word():
                found.append(self._take())
                if self._next() not in (",", ")"):
                    raise _FaultError(f"found '{self._next()}', expected: ',' or ')'")
                if self._next() == ")":
                    break
            elif self._next() != ",":
                raise _FaultError(f"found '{self._next()}', expected: {expected}")
            self._take()
            expected = "',', or identifier"
        self._take()
        return found


def _of_values(key: str, operator: str, values: Sequence[str]) -> Iterator[str]:
    for at, value in enumerate(values):
        if operator in ("<", ">") and integer(value) is None:
            text = "for 'Gt', 'Lt' operators, the value must be an integer"
            yield f"values[{at}]: Invalid value: {quoted(value)}: {text}"
        faults = "; ".join(value_faults(value))
        if faults:
            yield f"values[{at}][{key}]: Invalid value: {quoted(value)}: {faults}"
