"""The dotted names that the variables of a Python file stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

__all__ = ["CAUGHT", "Names", "extended"]

CAUGHT: Final = "!"
"""The end of the class of an error that an `except` clause named. Calls of its attributes are not those of a client."""

_LONGEST: Final = 1000
"""Characters of a dotted name; `x = x.a` in many lines would make names as long as the file."""


def extended(path: str, end: str) -> str:
    """Return a dotted name with one more part, or "" if it is unknown or too long."""
    return path + end if 0 < len(path) < _LONGEST else ""


@dataclass(slots=True)
class Names:
    """The known names of a module, a class or a function.

    Attributes:
        own: The dotted name that each variable stands for; "" if it is unknown.
        outer: The names around it.
        attributes: The dotted names of attributes of `self`, shared by the whole file.
        returned: The dotted names of return values of functions, shared by the whole file.
        passed: The dotted names of arguments, by function, method or class and position or name, shared by the whole
            file. The positions of methods do not count `self`.
    """

    own: dict[str, str] = field(default_factory=dict[str, str])
    outer: Names | None = None
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    returned: dict[str, str] = field(default_factory=dict[str, str])
    passed: dict[tuple[str, int | str], str] = field(default_factory=dict[tuple[str, "int | str"], str])

    def inner(self) -> Names:
        """Return an empty scope in this one."""
        return Names({}, self, self.attributes, self.returned, self.passed)

    def look_up(self, name: str) -> str:
        """Return the dotted name that a variable stands for, or ""."""
        scope: Names | None = self
        while scope is not None:
            if name in scope.own:
                return scope.own[name]
            scope = scope.outer
        return ""

    def path(self, node: ast.AST | None) -> str:
        """Return the dotted name of an expression, or ""."""
        match node:
            case ast.Name(id=name):
                return self.look_up(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attribute):
                return self.attributes.get(attribute, "")
            case ast.Attribute(value=value, attr=attribute):
                return extended(self.path(value), f".{attribute}")
            case ast.Call(func=ast.Name(id=name)) if name in self.returned and not self.look_up(name):
                return self.returned[name]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name)) if name in self.returned:
                return self.returned[name]
            case ast.Call(func=function):
                return extended(self.path(function), "()")
            case ast.Await(value=value) | ast.Starred(value=value) | ast.NamedExpr(value=value):
                return self.path(value)
            case ast.Subscript(value=value):
                return extended(self.path(value), "[]")
            case ast.BoolOp(values=values):
                return self._first(values)
            case ast.IfExp(body=body, orelse=orelse):
                return self._first((body, orelse))
            case _:
                return ""

    def annotated(self, node: ast.expr | None) -> str:
        """Return the dotted name of an instance of the annotated type, or ""."""
        match node:
            case ast.Constant(value=str(text)):
                try:
                    return self.annotated(ast.parse(text, mode="eval").body)
                except (SyntaxError, ValueError):
                    return ""
            case ast.BinOp(left=left, right=right):
                return self.annotated(left) or self.annotated(right)
            case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inside):
                return self.annotated(inside)
            case ast.Name() | ast.Attribute():
                return extended(self.path(node), "()")
            case _:
                return ""

    def _first(self, nodes: Iterable[ast.expr]) -> str:
        return next((path for node in nodes if (path := self.path(node))), "")
