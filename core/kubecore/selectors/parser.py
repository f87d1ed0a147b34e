"""Parsing a label selector: text to requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from kubecore.selectors.conditions import Operator
from kubecore.selectors.requirements import Requirement, Selector
from kubecore.selectors.syntax import check_key, refuse

__all__ = ["parse"]


_TOKEN: Final = re.compile(r"[ \t\r\n]*(?:(!=|==|[=!(),<>])|([^=!(),<> \t\r\n\0]+))")

_BLANK: Final = " \t\r\n"

_SIGNS: Final[Mapping[str, Operator]] = {"=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt"}


def parse(selector: str) -> Selector:
    """Parse a label selector, such as `app=web,tier in (a, b),!canary,size>3`.

    Args:
        selector: The text; "" selects everything.

    Returns:
        The selector; its text is the canonical form.

    Raises:
        InvalidRequestError: It is not a selector; the error has the position.
    """
    return _Parser(selector).selector()


class _Parser:
    """Reads a selector from left to right; `in` and `notin` are keywords only if an operator is expected."""

    def __init__(self, selector: str) -> None:
        self._selector = selector
        self._tokens = list(_tokens(selector))
        self._at = 0

    def selector(self) -> Selector:
        found: list[Requirement] = []
        while self._look() != "":
            found.append(self._requirement())
            if self._take() == "":
                break
            self._back(",", "a comma or the end")
            if self._look() in ("", *"=,()<>", "==", "!="):
                self._fail("a label after the comma")
        return Selector(tuple(found))

    def _requirement(self) -> Requirement:
        absent = self._look() == "!"
        if absent:
            self._take()
        key = self._word("a label")
        check_key(key)
        if absent:
            return Requirement(key, "!") if self._look() in ("", ",") else self._fail("a comma or the end")
        if self._look() in ("", ","):
            return Requirement(key, "exists")
        operator = self._take()
        if operator in ("in", "notin"):
            return Requirement(key, "in" if operator == "in" else "notin", self._values())
        if operator not in _SIGNS:
            self._at -= 1
            self._fail("=, ==, !=, in, notin, < or >")
        value = "" if self._look() in ("", ",") else self._word("a value")
        return Requirement(key, _SIGNS[operator], (value,))

    def _values(self) -> tuple[str, ...]:
        """Parse `(a, b)`; nothing between parentheses and commas is the empty value."""
        self._take()
        self._back("(", "(")
        found: list[str] = []
        expects_value = True
        while True:
            word = self._look()
            if word == ")":
                self._take()
                return (*found, "") if expects_value else tuple(found)
            if word == ",":
                self._take()
                if expects_value:
                    found.append("")
                expects_value = True
                continue
            if not expects_value:
                self._fail("a comma or )")
            found.append(self._word("a value, a comma or )"))
            expects_value = False

    def _look(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        word = self._look()
        self._at += 1
        return word

    def _back(self, wanted: str, words: str) -> None:
        """Check the word that was taken last."""
        if self._tokens[self._at - 1 : self._at] != [wanted]:
            self._at -= 1
            self._fail(words)

    def _word(self, wanted: str) -> str:
        word = self._look()
        if word == "" or word in "=!(),<>" or word in ("==", "!="):
            self._fail(wanted)
        return self._take()

    def _fail(self, wanted: str) -> NoReturn:
        found = repr(ascii(self._look())[1:-1]) if self._look() else "the end"
        refuse(f"can't read the label selector {self._selector[:200]!a}: expected {wanted}, found {found[:100]}")


def _tokens(selector: Any) -> Iterator[str]:
    if not isinstance(selector, str):
        refuse(f"a label selector is text, not {type(selector).__name__}")
    at = 0
    end = len(selector.rstrip(_BLANK))
    while at < end:
        match = _TOKEN.match(selector, at)
        if match is None:
            refuse(f"can't read the label selector {selector[:200]!a}: it holds {selector[at : at + 1]!a}")
        yield match[1] or match[2]
        at = match.end()
