"""The operations of expressions: each returns a function that computes the value from those of the operands."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from kubecore.testing._schemas.json_values import is_list, is_map, same
from kubecore.testing._schemas.validation.patterns import matches

__all__ = [
    "Budget",
    "Node",
    "Scope",
    "UnknownError",
    "chosen",
    "compared",
    "computed",
    "decided",
    "indexed",
    "loop",
    "member",
    "named",
    "number",
    "of_text",
    "size",
    "truth",
]

_COMPARED: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_MOST_STEPS: Final = 1_000_000
_SIGNS_OF_STEP: Final = 16


class UnknownError(Exception):
    """An expression can't be read, or its value is not known."""


class Budget:
    """The work that rules may still cause: one step for each token that is evaluated, and for each compared value.

    Args:
        steps: The number of steps.
    """

    __slots__ = ("_left",)

    def __init__(self, steps: int = _MOST_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Use steps.

        Raises:
            UnknownError: No steps are left.
        """
        self._left -= steps
        if self._left < 0:
            raise UnknownError("the rules cost too much")

    def spend_text(self, signs: int) -> None:
        """Use the steps of a search in a text of a size, or of its copy."""
        self.spend(signs // _SIGNS_OF_STEP)


class Scope(NamedTuple):
    """The values of names, and the work that is left."""

    values: Mapping[str, Any]
    budget: Budget


Node = Callable[[Scope], Any]


def chosen(condition: Node, first: Node, second: Node) -> Node:
    """Return `condition ? first : second`."""
    return lambda scope: first(scope) if truth(condition(scope)) else second(scope)


def truth(value: Any) -> bool:
    """Return a value that must be a boolean."""
    if not isinstance(value, bool):
        raise UnknownError("a value is not a boolean")
    return value


def number(value: Any) -> Any:
    """Return a value that must be a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnknownError("a value is not a number")
    return value


def named(scope: Scope, name: str) -> Any:
    """Return the value of a name."""
    if name not in scope.values:
        raise UnknownError(f"the name {name} is not known")
    return scope.values[name]


def decided(left: Node, right: Node, *, decides: bool) -> Node:
    """Return `||` or `&&`: a side that decides hides the errors of the other side."""

    def value(scope: Scope) -> bool:
        try:
            if truth(left(scope)) is decides:
                return decides
        except UnknownError:
            if truth(right(scope)) is decides:
                return decides
            raise
        return truth(right(scope))

    return value


def compared(sign: str, left: Node, right: Node) -> Node:
    """Return a comparison, or `in`."""

    def value(scope: Scope) -> bool:
        one, other = left(scope), right(scope)
        if sign == "in":
            if is_map(other) and isinstance(one, str):
                return one in other
            if not is_list(other):
                raise UnknownError("a value is not a list, or not a map with such keys")
            return any(_equal(one, each, scope.budget) for each in other)
        if sign in ("==", "!="):
            return _equal(one, other, scope.budget) is (sign == "==")
        if isinstance(one, str) and isinstance(other, str):
            return bool(_COMPARED[sign](one, other))
        return bool(_COMPARED[sign](number(one), number(other)))

    return value


def _equal(one: Any, other: Any, budget: Budget) -> bool:
    budget.spend(_weight(one) + _weight(other))
    if same(one, other):
        return True
    if _has_list(one) or _has_list(other):
        raise UnknownError("lists may be equal in another order")
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other))
    return numbers and one == other


def _weight(value: Any) -> int:
    """Return how many values a value consists of."""
    found, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        found += 1
        if is_map(each):
            waiting += each.values()
        elif is_list(each):
            waiting += each
    return found


def _has_list(value: Any) -> bool:
    return is_list(value) or (is_map(value) and any(map(_has_list, value.values())))


def computed(sign: str, left: Node, right: Node) -> Node:
    """Return a sum, a difference, a product or a concatenation."""
    function = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]

    def value(scope: Scope) -> Any:
        one, other = left(scope), right(scope)
        if type(one) is not type(other) or (isinstance(one, str) and sign != "+"):
            raise UnknownError("the types of values differ")
        if isinstance(one, str):
            scope.budget.spend_text(len(one) + len(other))
            return one + other
        found = function(number(one), number(other))
        if isinstance(found, int) and abs(found) >= 1 << 63:
            raise UnknownError("a number is too large")
        return found

    return value


def size(value: Any) -> int:
    """Return the size of a text, a list or a map."""
    if isinstance(value, str) or is_list(value) or is_map(value):
        return len(value)
    raise UnknownError("a value has no size")


def of_text(name: str, text: Any, argument: Any, budget: Budget) -> bool:
    """Return the result of a method of texts that has one argument."""
    if not isinstance(text, str) or not isinstance(argument, str):
        raise UnknownError("a value is not a string")
    budget.spend_text(len(text) * (len(argument) if name == "matches" else 1))
    if name == "matches":
        found = matches(argument, text)
        if found is None:
            raise UnknownError("the pattern is not simulated")
        return found
    if name == "contains":
        return argument in text
    return text.startswith(argument) if name == "startsWith" else text.endswith(argument)


def member(node: Node, name: str) -> Node:
    """Return the access to a field."""

    def value(scope: Scope) -> Any:
        found = node(scope)
        if not is_map(found) or name not in found:
            raise UnknownError(f"no such key: {name}")
        return found[name]

    return value


def indexed(node: Node, index: Node) -> Node:
    """Return the access to an item of a list or a map."""

    def value(scope: Scope) -> Any:
        found, key = node(scope), index(scope)
        if is_map(found) and isinstance(key, str) and key in found:
            return found[key]
        if is_list(found) and isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(found):
            return found[key]
        raise UnknownError(f"no such item: {key}")

    return value


def loop(name: str, node: Node, variable: str, body: Node, steps: int) -> Node:
    """Return `all`, `exists`, `exists_one`, `filter` or `map`.

    Args:
        name: The name.
        node: The list or map.
        variable: The name of each item.
        body: The expression that is computed for each item.
        steps: The cost of the body for each item.
    """

    def value(scope: Scope) -> Any:
        found = node(scope)
        if not is_list(found) and not is_map(found):
            raise UnknownError("a value is not a list or a map")
        results: list[tuple[Any, Any]] = []
        for each in found:
            scope.budget.spend(steps)
            results.append((each, body(Scope({**scope.values, variable: each}, scope.budget))))
        if name == "map":
            return [result for _, result in results]
        kept = [each for each, result in results if truth(result)]
        if name == "filter":
            return kept
        return {"all": len(kept) == len(results), "exists": bool(kept), "exists_one": len(kept) == 1}[name]

    return value
