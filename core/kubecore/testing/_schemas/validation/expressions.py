"""A part of the Common Expression Language: enough for most rules of custom resources, and an error for the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._schemas.validation.operations import (
    Budget,
    Node,
    Scope,
    UnknownError,
    chosen,
    compared,
    computed,
    decided,
    indexed,
    loop,
    member,
    named,
    number,
    of_text,
    size,
    truth,
)

__all__ = ["evaluate", "names_of"]

_TOKEN: Final = re.compile(
    r"""\s*(?:([0-9]+\.[0-9]+|[0-9]+)|([A-Za-z_]\w*)|("[^"\\\n]*"|'[^'\\\n]*')|(\|\||&&|[=!<>]=|[-+*<>!?:.,()\[\]]))"""
)
_LITERALS: Final = {"true": True, "false": False, "null": None}
_LOOPS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})
_MOST_TOKENS: Final = 500
_MOST_LEVELS: Final = 30
_MOST_DIGITS: Final = 18


def names_of(text: str) -> frozenset[str]:
    """Return the identifiers of an expression."""
    return frozenset(token for token in _tokens(text) if token.isidentifier())


def evaluate(text: str, values: Mapping[str, Any], budget: Budget) -> bool:
    """Return whether a rule holds.

    Args:
        text: The rule.
        values: The values of `self` and `oldSelf`.
        budget: The work that the rule may cause.

    Raises:
        UnknownError: The rule can't be evaluated here, or costs too much.
    """
    budget.spend(len(_tokens(text)))
    try:
        found = _parsed(text)(Scope(values, budget))
    except RecursionError:
        raise UnknownError("the expression has too many levels") from None
    if not isinstance(found, bool):
        raise UnknownError("the value of the rule is not a boolean")
    return found


@lru_cache(maxsize=512)
def _parsed(text: str) -> Node:
    return _Parser(list(_tokens(text))).whole()


@lru_cache(maxsize=512)
def _tokens(text: str) -> tuple[str, ...]:
    found: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or len(found) >= _MOST_TOKENS:
            raise UnknownError("the expression has other signs, or is too long")
        found.append(match[0].strip())
        position = match.end()
    return tuple(found)


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0
        self._level = 0

    def whole(self) -> Node:
        node = self._ternary()
        if self._next():
            raise UnknownError("the expression has further parts")
        return node

    def _next(self) -> str:
        return self._tokens[self._at]

    def _take(self, *wanted: str) -> str:
        token = self._tokens[self._at]
        if token and token in wanted:
            self._at += 1
            return token
        return ""

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise UnknownError(f"{token} is missing")

    def _descend(self) -> None:
        self._level += 1
        if self._level > _MOST_LEVELS:
            raise UnknownError("the expression has too many levels")

    def _ternary(self) -> Node:
        self._descend()
        condition = self._logic("||")
        if self._take("?"):
            first = self._ternary()
            self._need(":")
            condition = chosen(condition, first, self._ternary())
        self._level -= 1
        return condition

    def _logic(self, sign: str) -> Node:
        node = self._below(sign)
        while self._take(sign):
            node = decided(node, self._below(sign), decides=sign == "||")
        return node

    def _below(self, sign: str) -> Node:
        return self._logic("&&") if sign == "||" else self._comparison()

    def _comparison(self) -> Node:
        node = self._sum()
        while sign := self._take("==", "!=", "<", "<=", ">", ">=", "in"):
            node = compared(sign, node, self._sum())
        return node

    def _sum(self) -> Node:
        node = self._product()
        while sign := self._take("+", "-"):
            node = computed(sign, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._unary()
        while self._take("*"):
            node = computed("*", node, self._unary())
        return node

    def _unary(self) -> Node:
        if sign := self._take("!", "-"):
            self._descend()
            node = self._unary()
            self._level -= 1
            if sign == "!":
                return lambda scope: not truth(node(scope))
            return lambda scope: -number(node(scope))
        return self._postfix(self._primary())

    def _primary(self) -> Node:
        word = self._next()
        if self._take("("):
            node = self._ternary()
            self._need(")")
            return node
        if self._take("["):
            items = self._arguments("]")
            return lambda scope: [item(scope) for item in items]
        self._at += 1
        if word[:1] in "\"'" and word:
            return lambda _: word[1:-1]
        if word[:1].isdigit():
            if len(word) > _MOST_DIGITS:
                raise UnknownError("a number is too large")
            value = float(word) if "." in word else int(word)
            return lambda _: value
        if word in _LITERALS:
            return lambda _: _LITERALS[word]
        if word == "has" and self._take("("):
            return self._has()
        if word == "size" and self._take("("):
            (sized,) = self._exactly(1, self._arguments(")"))
            return lambda scope: size(sized(scope))
        if not word.isidentifier() or "__" in word or self._next() == "(":
            raise UnknownError(f"{word} is not simulated")
        return lambda scope: named(scope, word)

    def _has(self) -> Node:
        chain = self._postfix(self._primary(), keeps_last=True)
        self._need(".")
        name = self._identifier()
        self._need(")")

        def found(scope: Scope) -> bool:
            value = chain(scope)
            if not is_map(value) or (name in value and value[name] is None):
                raise UnknownError(f"whether the value has {name} is not known")
            return name in value

        return found

    def _postfix(self, node: Node, *, keeps_last: bool = False) -> Node:
        while self._next() in (".", "["):
            if self._take("["):
                index = self._ternary()
                self._need("]")
                node = indexed(node, index)
                continue
            if keeps_last and self._tokens[self._at + 2 : self._at + 3] == [")"]:
                return node
            self._at += 1
            name = self._identifier()
            node = self._method(node, name) if self._take("(") else member(node, name)
        return node

    def _identifier(self) -> str:
        name = self._next()
        if not name.isidentifier() or "__" in name:
            raise UnknownError(f"the name {name} is not simulated")
        self._at += 1
        return name

    def _method(self, node: Node, name: str) -> Node:
        if name in _LOOPS:
            variable = self._identifier()
            self._need(",")
            start = self._at
            body = self._ternary()
            steps = self._at - start
            self._need(")")
            return loop(name, node, variable, body, steps)
        arguments = self._arguments(")")
        if name == "size":
            self._exactly(0, arguments)
            return lambda scope: size(node(scope))
        if name not in ("startsWith", "endsWith", "contains", "matches"):
            raise UnknownError(f"the function {name} is not simulated")
        (argument,) = self._exactly(1, arguments)
        return lambda scope: of_text(name, node(scope), argument(scope), scope.budget)

    def _arguments(self, end: str) -> list[Node]:
        found: list[Node] = []
        while not self._take(end):
            if found:
                self._need(",")
            found.append(self._ternary())
        return found

    def _exactly(self, count: int, arguments: list[Node]) -> list[Node]:
        if len(arguments) != count:
            raise UnknownError("the number of arguments is wrong")
        return arguments
