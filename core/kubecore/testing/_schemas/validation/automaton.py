"""Searches for a regular expression in linear time, for those that Python's `re` may need exponential time for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

__all__ = ["Automaton", "TooLargeError", "wrong_count"]

_MOST_NODES: Final = 5_000
_MOST_REPETITIONS: Final = 1_000
_MOST_KNOWN: Final = 20_000
_ASSERTIONS: Final = {"^": "A", r"\A": "A", r"\Z": "Z", r"\b": "b", r"\B": "B"}
_SIGN: Final = re.compile(
    r"\\[\s\S]|\[(?:\\[\s\S]|[^\\\]])*+\]|\((?:\?i?:)?|(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??|[\s\S]"
)
_COUNTS: Final = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}\??")


class TooLargeError(Exception):
    """An expression has too many repetitions."""


class _Place(NamedTuple):
    """The signs around a position of the text.

    Attributes:
        before: The sign before it, "" at the start.
        after: The sign after it, "" at the end.
    """

    before: str
    after: str

    def holds(self, assertion: str) -> bool:
        """Return whether an assertion holds here."""
        if assertion in "AZ":
            return not (self.before if assertion == "A" else self.after)
        return (_is_word(self.before) != _is_word(self.after)) is (assertion == "b")


class _State:
    """A state: it reads a sign, checks an assertion, or does neither.

    Attributes:
        reads: Returns whether it reads a sign; None if it reads none.
        assertion: An assertion that must hold, "" for none.
        after: The states that follow.
    """

    __slots__ = ("after", "assertion", "reads")

    def __init__(self, *after: _State, reads: Callable[[str], object] | None = None, assertion: str = "") -> None:
        self.after = after
        self.reads = reads
        self.assertion = assertion


_Node: TypeAlias = Callable[[_State], _State]
"""Returns the first state of a part of the expression, given the state that follows the part."""


class Automaton:
    """An expression whose possible states are followed all at once, so that nothing is tried twice.

    Args:
        pattern: A valid expression of Python with groups, repetitions, classes and the assertions of a position only.

    Attributes:
        size: The number of states.

    Raises:
        TooLargeError: It has too many repetitions.
    """

    def __init__(self, pattern: str) -> None:
        self._end = _State()
        reader = _Reader(pattern)
        self._first = reader.whole()(self._end)
        self._known: dict[tuple[frozenset[_State], _Place], frozenset[_State] | None] = {}
        self._weight = 0
        self.size: Final[int] = reader.nodes + 1

    def search(self, text: str) -> bool:
        """Return whether the expression is found in a text."""
        states, before = frozenset([self._first]), ""
        for after in [*text, ""]:
            key = states, _Place(before, after)
            if key not in self._known:
                if self._weight > _MOST_KNOWN:
                    self._known.clear()
                    self._weight = 0
                self._known[key] = self._step(*key)
                self._weight += 1 + len(states)
            found = self._known[key]
            if found is None:
                return True
            states, before = found, after
        return False

    def _step(self, states: frozenset[_State], place: _Place) -> frozenset[_State] | None:
        """Return the states after the next sign, None if the end was reached before it."""
        waiting, seen, found = list(states), set(states), {self._first}
        while waiting:
            state = waiting.pop()
            if state is self._end:
                return None
            if state.reads is not None:
                if place.after and state.reads(place.after):
                    found.update(state.after)
            elif not state.assertion or place.holds(state.assertion):
                waiting += (each for each in state.after if each not in seen)
                seen.update(state.after)
        return frozenset(found)


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._signs = [*_SIGN.findall(pattern), ""]
        self._at = 0
        self.nodes = 0

    def whole(self) -> _Node:
        return self._choice(re.ASCII)

    def _choice(self, flags: int) -> _Node:
        branches = [self._sequence(flags)]
        while self._signs[self._at] == "|":
            self._at += 1
            branches.append(self._sequence(flags))
        if len(branches) == 1:
            return branches[0]
        return lambda after: _State(*(self._counted(each(after)) for each in branches))

    def _sequence(self, flags: int) -> _Node:
        parts: list[_Node] = []
        while (sign := self._signs[self._at]) not in ("", "|", ")"):
            self._at += 1
            if parts and (sign[0] in "*+?" or _COUNTS.fullmatch(sign)):
                parts.append(self._repeated(parts.pop(), sign))
            else:
                parts.append(self._one(sign, flags))

        def chained(after: _State) -> _State:
            for each in reversed(parts):
                after = each(after)
            return after

        return chained

    def _one(self, sign: str, flags: int) -> _Node:
        if sign[0] == "(":
            inner = self._choice(flags | re.IGNORECASE if "i" in sign else flags)
            self._at += 1
            return inner
        assertion = _ASSERTIONS.get(sign, "")
        text = sign if sign[0] in "\\[." else re.escape(sign)
        reads = None if assertion else re.compile(text, flags).fullmatch
        return lambda after: self._counted(_State(after, reads=reads, assertion=assertion))

    def _repeated(self, node: _Node, sign: str) -> _Node:
        least, most = _limits(sign)

        def repeated(after: _State) -> _State:
            first = after
            if most is None:
                first = self._counted(_State())
                first.after = node(first), after
            for _ in range((most or least) - least):
                first = self._counted(_State(node(first), after))
            for _ in range(least):
                first = self._counted(_State(node(first)))
            return first

        return repeated

    def _counted(self, state: _State) -> _State:
        self.nodes += 1
        if self.nodes > _MOST_NODES:
            raise TooLargeError
        return state


def wrong_count(pattern: str) -> str:
    """Return the first count with which a part is repeated more than 1000 times, which Go refuses; "" for none.

    Args:
        pattern: A valid expression of Python.
    """
    largest, last = [1], 1
    for sign in _SIGN.findall(pattern):
        if sign[0] == "(":
            largest.append(1)
        elif sign == ")":
            last = largest.pop()
        elif counts := _COUNTS.fullmatch(sign):
            last *= max(int(counts[3] or counts[1]), 1)
        elif sign[0] not in "*+?":
            last = 1
        if last > _MOST_REPETITIONS:
            return str(sign)
        largest[-1] = max(largest[-1], last)
    return ""


def _limits(sign: str) -> tuple[int, int | None]:
    """Return the smallest and the largest number of repetitions, None for no limit."""
    if found := _COUNTS.fullmatch(sign):
        least = int(found[1])
        return least, (int(found[3]) if found[3] else None) if found[2] else least
    return int(sign[0] == "+"), 1 if sign[0] == "?" else None


def _is_word(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign == "_")
