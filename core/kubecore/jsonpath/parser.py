"""From a path's text to its steps.

Source: `k8s.io/client-go/util/jsonpath/parser.go`; the relaxed form without braces, `RelaxedJSONPathExpression` of
`kubectl/pkg/cmd/get/customcolumn.go`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from kubecore.errors.base import InvalidRequestError
from kubecore.jsonpath.quoting import unquote

__all__ = ["MAX_LENGTH", "Each", "Field", "Filter", "Literal", "Recursive", "Slice", "Step", "Union", "parse_steps"]

MAX_LENGTH: Final = 4096
"""Longest path, in characters."""

_TERMINATORS: Final = frozenset(" \t\r\n.,[]$@{}")
_OPERATORS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
_QUOTED: Final = re.compile(
    r"'[^'\\]*+(?:\\.[^'\\]*+)*+(?:'|\\?\Z)|\"[^\"\\]*+(?:\\.[^\"\\]*+)*+(?:\"|\\?\Z)", re.DOTALL
)
_BRACE: Final = re.compile(r"(\\.)|([{}])", re.DOTALL)
_KEY: Final = re.compile(r"'([^']*)'")
_SLICE: Final = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?")
_COMPARISON: Final = re.compile(r"([^!<>=]+)([!<>=]+)(.+)")
_INT64: Final = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Field:
    """`.name`: the value of a key."""

    name: str


@dataclass(frozen=True, slots=True)
class Each:
    """`.*`: all values."""


@dataclass(frozen=True, slots=True)
class Recursive:
    """`..`: the value and all that is below it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """`[start:stop:step]`, or `[index]`, which is a slice of one.

    Attributes:
        start: The start; negative values count from the end.
        stop: The end (exclusive); None for the end of the list.
        step: The step width; None for 1.
        single: Whether it is an index.
    """

    start: int
    stop: int | None
    step: int | None
    single: bool


@dataclass(frozen=True, slots=True)
class Union:
    """`['a','b']`: the values of each path, one after the other."""

    paths: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """`[?(@.a=="b")]`: the items for which it holds; without an operator those for which the path finds something."""

    left: tuple[Step, ...]
    operator: str = ""
    right: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number or boolean."""

    value: str | int | float | bool


Step = Field | Each | Recursive | Slice | Union | Filter | Literal


def parse_steps(text: str) -> tuple[Step, ...]:
    """Parse a path, with braces or without.

    Args:
        text: The path, such as `{.status.phase}`, `.status.phase` or `status.phase`.

    Returns:
        Its steps.

    Raises:
        InvalidRequestError: It is invalid; the error has the position.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidRequestError(f"the JSONPath has {len(text)} characters; the longest has {MAX_LENGTH}")
    braced = text.startswith("{") and text.endswith("}")
    inner = text[1:-1] if braced else text
    outside = re.sub(r"\\.", "", _QUOTED.sub("", inner), flags=re.DOTALL)
    if not inner or "{" in outside or "}" in outside:
        raise InvalidRequestError(
            f"{text[:200]!r} is not a JSONPath: write one path, such as '{{.status.phase}}' or '.status.phase'"
        )
    return _Parser(f".{inner}" if _lacks_dot(inner, braced=braced) else inner, text).steps()


def _lacks_dot(inner: str, *, braced: bool) -> bool:
    """Return whether a path begins with a bare name. In braces, a literal is allowed, which yields itself."""
    if braced:
        return (inner[0] == "_" or inner[0].isalpha()) and inner not in ("true", "false")
    return inner[0] not in ".[$@"


class _Parser:
    def __init__(self, text: str, whole: str) -> None:
        self._text = text
        self._whole = whole
        self._at = 0
        self._steps: list[Step] = []

    def steps(self) -> tuple[Step, ...]:
        while self._at < len(self._text):
            self._step()
        return tuple(self._steps)

    def _step(self) -> None:
        text, at = self._text, self._at
        char = text[at]
        if text.startswith("[?(", at):
            self._filter()
        elif text.startswith("..", at):
            self._recursive()
        elif char in " @$":
            self._at += 1
        elif char == "[":
            self._brackets()
        elif char in "\"'":
            self._quoted(char)
        elif char == ".":
            self._at += 1
            self._field()
        elif char in "+-" or char.isdecimal():
            self._number()
        elif char == "_" or char.isalpha():
            self._word()
        else:
            raise self._wrong(f"{char!r} can't stand at character {at}")

    def _wrong(self, words: str) -> InvalidRequestError:
        return InvalidRequestError(f"{self._whole[:200]!r} is not a JSONPath: {words}")

    def _inner(self, text: str) -> tuple[Step, ...]:
        return _Parser(text, self._whole).steps()

    def _recursive(self) -> None:
        if self._steps and isinstance(self._steps[-1], Recursive):
            raise self._wrong("one '..' follows another")
        self._at += 2
        self._steps.append(Recursive())
        following = self._text[self._at : self._at + 1]
        if following == "_" or following.isalpha() or following.isdecimal():
            self._field()

    def _field(self) -> None:
        start = self._at
        while self._at < len(self._text) and (char := self._text[self._at]) not in _TERMINATORS:
            self._at += 2 if char == "\\" else 1
        if self._at > len(self._text):
            raise self._wrong("nothing follows the backslash")
        name = self._text[start : self._at]
        self._steps.append(Each() if name == "*" else Field(name.replace("\\", "")))

    def _word(self) -> None:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in _TERMINATORS:
            self._at += 1
        word = self._text[start : self._at]
        if word not in ("true", "false"):
            hint = "; templates are not supported" if word in ("range", "end") else ""
            raise self._wrong(f"{word[:60]!r} has no meaning here{hint}")
        self._steps.append(Literal(word == "true"))

    def _number(self) -> None:
        start = self._at
        self._at += 1
        while self._at < len(self._text) and ((char := self._text[self._at]) == "." or char.isdecimal()):
            self._at += 1
        value = _number(self._text[start : self._at])
        if value is None:
            raise self._wrong(f"{self._text[start : self._at][:60]!r} is not a number")
        self._steps.append(Literal(value))

    def _quoted(self, quote: str) -> None:
        start = self._at
        end = self._end_of_quotes(start, quote)
        if end < 0:
            raise self._wrong(f"the quotes at character {start} have no end")
        self._at = end + 1
        value = unquote(self._text[start + 1 : end], quote)
        if value is None:
            raise self._wrong(f"invalid escape in the quotes at character {start}")
        self._steps.append(Literal(value))

    def _end_of_quotes(self, start: int, quote: str) -> int:
        at = start + 1
        while (at := self._text.find(quote, at)) >= 0 and self._text[at - 1] == "\\":
            at += 1
        return -1 if "\n" in self._text[start : at if at >= 0 else None] else at

    def _brackets(self) -> None:
        end = self._text.find("]", self._at)
        inside = self._text[self._at + 1 : end]
        if end < 0 or "\n" in inside:
            raise self._wrong(f"the '[' at character {self._at} has no end")
        self._at = end + 1
        if "," in inside:
            self._steps.append(Union(tuple(self._inner(f"[{part.strip(' ')}]") for part in inside.split(","))))
        elif (key := _KEY.fullmatch(inside)) is not None:
            plain = _BRACE.sub(lambda found: found[1] or f"\\{found[2]}", key[1])
            self._steps.extend(self._inner(f".{plain}"))
        else:
            self._steps.append(self._slice(":" if inside == "*" else inside))

    def _slice(self, text: str) -> Slice:
        found = _SLICE.fullmatch(text)
        if found is None:
            raise self._wrong(f"{text[:60]!r} is not an index; keys are written ['key']")
        start, stop, step = (self._bound(part) for part in found.groups())
        single = found[2] is None
        return Slice(start or 0, (start or 0) + 1 if single else stop, step, single)

    def _bound(self, text: str | None) -> int | None:
        digits = (text or "").removeprefix(":")
        if not digits:
            return None
        if digits == "-" or len(digits) > 20 or int(digits) not in _INT64:
            raise self._wrong(f"{digits[:60]!r} is not an index")
        return int(digits)

    def _filter(self) -> None:
        start = self._at + 3
        end = self._end_of_filter(start)
        if not self._text.startswith(")]", end):
            raise self._wrong(f"the '[?(' at character {self._at} has no ')]'")
        inside = self._text[start:end]
        self._at = end + 2
        found = _COMPARISON.fullmatch(inside)
        if found is None:
            self._steps.append(Filter(self._inner(inside)))
        elif found[2] in _OPERATORS:
            self._steps.append(Filter(self._inner(found[1]), found[2], self._inner(found[3])))
        else:
            raise self._wrong(f"{found[2][:20]!r} is not one of {', '.join(sorted(_OPERATORS))}")

    def _end_of_filter(self, start: int) -> int:
        """Return the position of the closing parenthesis; one in quotes does not count."""
        begun = ended = ""
        for at in range(start, len(self._text)):
            char = self._text[at]
            if char == "\n":
                break
            if char in "\"'":
                if not begun:
                    begun = char
                elif char == begun and self._text[at - 1] != "\\":
                    ended = char
            elif char == ")" and begun == ended:
                return at
        return len(self._text)


def _number(text: str) -> int | float | None:
    if not text.isascii():
        return None
    try:
        whole = int(text) if len(text) <= 20 and "." not in text else None
        value = float(text)
    except ValueError:
        return None
    if whole is not None and whole in _INT64:
        return whole
    return value if math.isfinite(value) else None
