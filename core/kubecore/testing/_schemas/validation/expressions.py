"""A part of the Common Expression Language: enough for most rules of custom resources, and an error for the rest."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from kubecore.testing._schemas.json_values import is_list, is_map, same
from kubecore.testing._schemas.validation.patterns import matches

__all__ = ["UnknownError", "evaluate", "names_of"]

Scope = Mapping[str, Any]
Node = Callable[[Scope], Any]

_TOKEN: Final = re.compile(
    r"""\s*(?:(\d+\.\d+|\d+)|([A-Za-z_]\w*)|("[^"\\\n]*"|'[^'\\\n]*')|(\|\||&&|[=!<>]=|[-+*<>!?:.,()\[\]]))"""
)
_COMPARED: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_LITERALS: Final = {"true": True, "false": False, "null": None}
_LOOPS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})
_MOST_TOKENS: Final = 500
_MOST_LEVELS: Final = 30


class UnknownError(Exception):
    """An expression can't be read, or its value is not known."""


def names_of(text: str) -> frozenset[str]:
    """Return the identifiers of an expression."""
    return frozenset(token for token in _tokens(text) if token.isidentifier())


def evaluate(text: str, scope: Scope) -> bool:
    """Return whether a rule holds.

    Args:
        text: The rule.
        scope: The values of `self` and `oldSelf`.

    Raises:
        UnknownError: The rule can't be evaluated here.
    """
    found = _parsed(text)(scope)
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

    def _ternary(self) -> Node:
        self._level += 1
        if self._level > _MOST_LEVELS:
            raise UnknownError("the expression has too many levels")
        condition = self._logic("||")
        if self._take("?"):
            first = self._ternary()
            self._need(":")
            condition = _chosen(condition, first, self._ternary())
        self._level -= 1
        return condition

    def _logic(self, sign: str) -> Node:
        node = self._below(sign)
        while self._take(sign):
            node = _decided(node, self._below(sign), decides=sign == "||")
        return node

    def _below(self, sign: str) -> Node:
        return self._logic("&&") if sign == "||" else self._comparison()

    def _comparison(self) -> Node:
        node = self._sum()
        while sign := self._take("==", "!=", "<", "<=", ">", ">=", "in"):
            node = _compared(sign, node, self._sum())
        return node

    def _sum(self) -> Node:
        node = self._product()
        while sign := self._take("+", "-"):
            node = _computed(sign, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._unary()
        while self._take("*"):
            node = _computed("*", node, self._unary())
        return node

    def _unary(self) -> Node:
        if self._take("!"):
            denied = self._unary()
            return lambda scope: not _truth(denied(scope))
        if self._take("-"):
            negated = self._unary()
            return lambda scope: -_number(negated(scope))
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
            number = float(word) if "." in word else int(word)
            return lambda _: number
        if word in _LITERALS:
            return lambda _: _LITERALS[word]
        if word == "has" and self._take("("):
            return self._has()
        if word == "size" and self._take("("):
            (value,) = self._exactly(1, self._arguments(")"))
            return lambda scope: _size(value(scope))
        if not word.isidentifier() or "__" in word or self._next() == "(":
            raise UnknownError(f"{word} is not simulated")
        return lambda scope: _named(scope, word)

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
                node = _indexed(node, index)
                continue
            if keeps_last and self._tokens[self._at + 2 : self._at + 3] == [")"]:
                return node
            self._at += 1
            name = self._identifier()
            node = self._method(node, name) if self._take("(") else _member(node, name)
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
            body = self._ternary()
            self._need(")")
            return _loop(name, node, variable, body)
        arguments = self._arguments(")")
        if name == "size":
            self._exactly(0, arguments)
            return lambda scope: _size(node(scope))
        if name not in ("startsWith", "endsWith", "contains", "matches"):
            raise UnknownError(f"the function {name} is not simulated")
        (argument,) = self._exactly(1, arguments)
        return lambda scope: _of_text(name, node(scope), argument(scope))

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


def _chosen(condition: Node, first: Node, second: Node) -> Node:
    return lambda scope: first(scope) if _truth(condition(scope)) else second(scope)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise UnknownError("a value is not a boolean")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnknownError("a value is not a number")
    return value


def _named(scope: Scope, name: str) -> Any:
    if name not in scope:
        raise UnknownError(f"the name {name} is not known")
    return scope[name]


def _decided(left: Node, right: Node, *, decides: bool) -> Node:
    """Return `||` or `&&`: a side that decides hides the errors of the other side."""

    def value(scope: Scope) -> bool:
        try:
            if _truth(left(scope)) is decides:
                return decides
        except UnknownError:
            if _truth(right(scope)) is decides:
                return decides
            raise
        return _truth(right(scope))

    return value


def _compared(sign: str, left: Node, right: Node) -> Node:
    def value(scope: Scope) -> bool:
        one, other = left(scope), right(scope)
        if sign == "in":
            if is_map(other):
                return one in other
            if not is_list(other):
                raise UnknownError("a value is not a list or a map")
            return any(_equal(one, each) for each in other)
        if sign in ("==", "!="):
            return _equal(one, other) is (sign == "==")
        if isinstance(one, str) and isinstance(other, str):
            return bool(_COMPARED[sign](one, other))
        return bool(_COMPARED[sign](_number(one), _number(other)))

    return value


def _equal(one: Any, other: Any) -> bool:
    if same(one, other):
        return True
    if _has_list(one) or _has_list(other):
        raise UnknownError("lists may be equal in another order")
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other))
    return numbers and one == other


def _has_list(value: Any) -> bool:
    return is_list(value) or (is_map(value) and any(map(_has_list, value.values())))


def _computed(sign: str, left: Node, right: Node) -> Node:
    function = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]

    def value(scope: Scope) -> Any:
        one, other = left(scope), right(scope)
        if type(one) is not type(other) or (isinstance(one, str) and sign != "+"):
            raise UnknownError("the types of values differ")
        found = function(one, other) if isinstance(one, str) else function(_number(one), _number(other))
        if isinstance(found, int) and abs(found) >= 1 << 63:
            raise UnknownError("a number is too large")
        return found

    return value


def _size(value: Any) -> int:
    if isinstance(value, str) or is_list(value) or is_map(value):
        return len(value)
    raise UnknownError("a value has no size")


def _of_text(name: str, text: Any, argument: Any) -> bool:
    if not isinstance(text, str) or not isinstance(argument, str):
        raise UnknownError("a value is not a string")
    if name == "matches":
        found = matches(argument, text)
        if found is None:
            raise UnknownError("the pattern is not simulated")
        return found
    if name == "contains":
        return argument in text
    return text.startswith(argument) if name == "startsWith" else text.endswith(argument)


def _member(node: Node, name: str) -> Node:
    def value(scope: Scope) -> Any:
        found = node(scope)
        if not is_map(found) or name not in found:
            raise UnknownError(f"no such key: {name}")
        return found[name]

    return value


def _indexed(node: Node, index: Node) -> Node:
    def value(scope: Scope) -> Any:
        found, key = node(scope), index(scope)
        if is_map(found) and isinstance(key, str) and key in found:
            return found[key]
        if is_list(found) and isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(found):
            return found[key]
        raise UnknownError(f"no such item: {key}")

    return value


def _loop(name: str, node: Node, variable: str, body: Node) -> Node:
    def value(scope: Scope) -> Any:
        found = node(scope)
        if not is_list(found) and not is_map(found):
            raise UnknownError("a value is not a list or a map")
        results = [(each, body({**scope, variable: each})) for each in found]
        if name == "map":
            return [result for _, result in results]
        kept = [each for each, result in results if _truth(result)]
        if name == "filter":
            return kept
        return {"all": len(kept) == len(results), "exists": bool(kept), "exists_one": len(kept) == 1}[name]

    return value
