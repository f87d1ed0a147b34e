"""Regular expressions of Go, as far as Python can match them in the same way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Final

from kubecore.testing._schemas.validation.automaton import Automaton, TooLargeError, wrong_count

__all__ = ["compile_fault", "matches"]

_FLAG: Final = "(?i)"
_SPACE: Final = r"\t\n\f\r "
_MOST_SIGNS: Final = 10_000
_MOST_TRIES: Final = 1_000_000
_MOST_STEPS: Final = 5_000_000
_REPEATED_GROUP: Final = re.compile(r"\)[*+?{]")
_CHOICE: Final = re.compile("[*+?{|]")
_SAME: Final = frozenset("dDwWbBtnfrv.\\+*?()[]{}|^$/-\"'#&%!@,:;<=>_~`")


def matches(pattern: str, text: str) -> bool | None:
    """Return whether a pattern is found in a text; None if Python may match it differently from Go, or too slowly.

    Args:
        pattern: The pattern, in the syntax of Go.
        text: The text.
    """
    compiled = _compiled(pattern)
    if compiled is None:
        return None
    if not text.isascii() and not pattern.isascii() and "(?i" in pattern:
        return None
    is_alike = bool(text) or r"\B" not in pattern  # Only Go finds `\B` in an empty text.
    if is_alike and _tries(compiled.pattern, len(text)) <= _MOST_TRIES:
        return compiled.search(text) is not None
    automaton = _automaton(compiled.pattern)
    if automaton is None or len(text) * automaton.size > _MOST_STEPS:
        return None
    return automaton.search(text)


def _tries(pattern: str, size: int) -> int:
    """Return how many ways `re` may try at most in a text of a size."""
    if _REPEATED_GROUP.search(pattern):
        return _MOST_TRIES + 1
    choices = sum(1 for _ in _CHOICE.finditer(pattern))
    tries: int = (size + 1) ** min(choices + 1, 20)
    return tries


@lru_cache(maxsize=32)
def _automaton(pattern: str) -> Automaton | None:
    try:
        return Automaton(pattern)
    except (TooLargeError, RecursionError):
        return None


def compile_fault(pattern: str) -> str | None:
    """Return the text of Go for a pattern that can't be compiled, "" if it can, None if that is not known."""
    if _compiled(pattern) is not None:
        return ""
    if len(pattern) > _MOST_SIGNS:
        return None
    prefix = "error parsing regexp:"
    for group in ("(?=", "(?!"):
        if pattern.find(group) == pattern.find("(?") >= 0:
            return f"{prefix} invalid or unsupported Perl syntax: `{group}`"
    with suppress(*_UNREADABLE):
        if found := wrong_count(_read(pattern).pattern):
            return f"{prefix} invalid repeat count: `{found}`"
    try:
        re.compile(pattern)
    except re.error as error:
        if error.msg.startswith("missing )"):
            return f"{prefix} missing closing ): `{pattern}`"
        if error.msg == "unterminated character set" and error.pos is not None:
            return f"{prefix} missing closing ]: `{pattern[error.pos :]}`"
    except (RecursionError, OverflowError, ValueError):
        return None
    return None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    if len(pattern) > _MOST_SIGNS:
        return None
    try:
        compiled = _read(pattern)
    except _UNREADABLE:
        return None
    return None if wrong_count(compiled.pattern) else compiled


def _read(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_translated(pattern)), re.ASCII)


class _UnsureError(Exception):
    """A construct that Go and Python read differently, or that one of them does not know."""


_UNREADABLE: Final = (re.error, _UnsureError, RecursionError, OverflowError, ValueError)


def _translated(pattern: str) -> Iterator[str]:
    """Yield the parts of a pattern in the syntax of Python."""
    in_class, position, size = False, 0, len(pattern)
    opened = [0]  # How many groups with flags end together with each open group.
    while position < size:
        sign, after = pattern[position], pattern[position + 1 : position + 2]
        if sign == "\\":
            yield _escape(after, in_class=in_class)
            position += 2
            continue
        position += 1
        if in_class:
            if sign == "[" or (sign in "&|~-" and after == sign):
                raise _UnsureError
            in_class = sign != "]"
            yield sign
        elif pattern.startswith(_FLAG, position - 1):
            if "|" in _rest_of_group(pattern[position + len(_FLAG) - 1 :]) and not _starts_group(pattern, position - 1):
                raise _UnsureError
            position += len(_FLAG) - 1
            opened[-1] += 1
            yield "(?i:"
        elif sign == "[":
            if after == "]" or pattern[position : position + 2] == "^]":
                raise _UnsureError
            in_class = True
            yield sign
        elif sign == "$":
            yield r"\Z"
        elif _is_unlike(sign, pattern[position : position + 2]):
            raise _UnsureError
        elif sign == "(":
            opened.append(0)
            yield sign
        elif sign == ")":
            yield ")" * (1 + (opened.pop() if len(opened) > 1 else 0))
        else:
            yield sign
    yield ")" * opened[0]


def _starts_group(pattern: str, position: int) -> bool:
    """Return whether a place is the start of the pattern or of a group."""
    return not position or pattern[:position].endswith(("(", "(?:"))


def _rest_of_group(rest: str) -> str:
    """Return the signs up to the end of the group, without those of inner groups."""
    depth, found, position = 0, "", 0
    while position < len(rest) and depth >= 0:
        sign = rest[position]
        position += 2 if sign == "\\" else 1
        depth += (sign == "(") - (sign == ")")
        found += sign if depth == 0 else ""
    return found


def _is_unlike(sign: str, after: str) -> bool:
    """Return whether a sign outside of classes begins something that Go and Python read differently."""
    if sign == "(":
        return after.startswith("?") and after != "?:"
    if sign in "*+?}":
        return after.startswith(("+", "*"))
    return sign == "{" and after.startswith(",")


def _escape(sign: str, *, in_class: bool) -> str:
    if sign == "s":
        return _SPACE if in_class else f"[{_SPACE}]"
    if sign == "S" and not in_class:
        return f"[^{_SPACE}]"
    if sign == "A" and not in_class:
        return r"\A"
    if sign == "z" and not in_class:
        return r"\Z"
    if sign in _SAME and sign and not (in_class and sign in "bB"):
        return "\\" + sign
    raise _UnsureError
