"""Finds calls of packages in Python source, and other uses of their names, each with its dotted name.

Names are followed through imports, assignments, `with`, `for`, annotations, attributes of `self`, arguments and return
values of functions and classes of the same file. An instance is written with `()`, an item of it with `[]`:
`kubernetes.client.CoreV1Api().list_namespaced_pod`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from kgen.migrate.scopes import CAUGHT, Names, extended

__all__ = ["UNKNOWN", "Found", "Use", "first_argument", "is_known", "read"]

UNKNOWN: Final = "?"
"""The owner of a method that was recognized by its name alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """A call of one of the packages.

    Attributes:
        path: The dotted name of the called function.
        node: The call.
        argument: The dotted name of its first argument, or "".
        is_awaited: Whether `await` precedes the call.
    """

    path: str
    node: ast.Call
    argument: str
    is_awaited: bool


@dataclass(frozen=True, slots=True)
class Use:
    """A name or an attribute of one of the packages that is not called.

    Attributes:
        path: The dotted name.
        node: The name or the attribute.
        around: The comparison, or the call of a function `loads`, that it is part of.
        is_clause: Whether it is a class of an `except` clause.
        is_caught: Whether it is an attribute of an error, in the handler that named the error.
    """

    path: str
    node: ast.Name | ast.Attribute
    around: ast.Compare | ast.Call | None = None
    is_clause: bool = False
    is_caught: bool = False


def read(tree: ast.Module, packages: Collection[str], methods: Collection[str]) -> tuple[list[Found], list[Use]]:
    """Return the calls of packages, and the other uses of their names, in the order of the source.

    Args:
        tree: The module.
        packages: The first parts of the names to find, such as `kubernetes`.
        methods: Methods that are found by their name, if the owner is unknown.
    """
    names = Names()
    for _ in range(2):  # Names may be used above the place that defines them, and arguments be passed on.
        _Reader(packages, (), names).visit(tree)
    reader = _Reader(packages, methods, names)
    reader.visit(tree)
    return sorted(reader.found, key=_place), sorted(reader.uses, key=_place)


def _place(one: Found | Use) -> tuple[int, int, int | None]:
    return one.node.lineno, one.node.col_offset, one.node.end_col_offset


def first_argument(node: ast.Call) -> ast.expr | None:
    """Return the first argument of a call: its position decides, else the names that lightkube gives it."""
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    return next(iter(node.args), keywords.get("res") or keywords.get("obj"))


def is_known(path: str) -> bool:
    """Whether the owner of the called function is known."""
    return not path.startswith(UNKNOWN)


def _name(node: ast.expr) -> str:
    """Return the name of a function or method, without its owner."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _variable(node: ast.expr) -> str:
    """Return the variable that an attribute belongs to, or ""."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


class _Reader(ast.NodeVisitor):
    def __init__(self, packages: Collection[str], methods: Collection[str], names: Names) -> None:
        self.found: list[Found] = []
        self.uses: list[Use] = []
        self._packages = packages
        self._methods = methods
        self._names = names
        self._imports_one = any(path for path in names.own.values())
        self._function = ""
        self._class = ""
        self._awaited: set[int] = set()
        self._recorded: set[int] = set()
        self._caught: list[str] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            root = alias.name.partition(".")[0]
            self._bind(alias.asname or root, (alias.name if alias.asname else root) if self._wants(root) else "")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            is_wanted = not node.level and self._wants(module.partition(".")[0])
            self._bind(alias.asname or alias.name, f"{module}.{alias.name}" if is_wanted else "")

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._visit_all((*node.decorator_list, *node.args.defaults, *(one for one in node.args.kw_defaults if one)))
        outer, function, owner, caught = self._names, self._function, self._class, self._caught
        self._names, self._function, self._class, self._caught = outer.inner(), node.name, "", []
        self._bind_parameters(node, outer, owner)
        self._visit_all(node.body)
        if returned := outer.annotated(node.returns):
            outer.returned[node.name] = returned
        self._names, self._function, self._class, self._caught = outer, function, owner, caught

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, self._class = self._class, node.name
        self.generic_visit(node)
        self._class = outer

    def visit_Return(self, node: ast.Return) -> None:
        self.generic_visit(node)
        path = self._called(node.value)
        if path.endswith("()") and self._function:
            self._names.returned[self._function] = path

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._assign(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
        self._bind_to(node.target, self._names.path(node.value) or self._names.annotated(node.annotation))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._assign(node.target, node.value)

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._assign(item.optional_vars, item.context_expr)
        self._visit_all(node.body)

    visit_AsyncWith = visit_With  # noqa: N815

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._bind_to(node.target, extended(self._names.path(node.iter), "[]"))
        self._visit_all((*node.body, *node.orelse))

    visit_AsyncFor = visit_For  # noqa: N815

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.visit(node.iter)
        self._bind_to(node.target, extended(self._names.path(node.iter), "[]"))
        self._visit_all(node.ifs)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._visit_all(node.generators)
        self.visit(node.elt)

    visit_SetComp = visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_Await(self, node: ast.Await) -> None:
        self._awaited.add(id(node.value))
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        classes = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type] if node.type else []
        for one in classes:
            self._record(one, is_clause=True)
            self.visit(one)
        path = next((path for one in classes if (path := self._called(one))), "")
        if node.name and (path or CAUGHT in self._names.look_up(node.name)):
            self._visit_handler(node, node.name, extended(path, CAUGHT))
        else:
            self._visit_all(node.body)

    def _visit_handler(self, node: ast.ExceptHandler, name: str, path: str) -> None:
        """Visit a handler. The name of its error ends with it."""
        before = self._names.own.get(name)
        self._names.own[name] = path
        self._caught.append(name)
        self._visit_all(node.body)
        self._caught.pop()
        del self._names.own[name]
        if before is not None:
            self._names.own[name] = before

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for one in (node.left, *node.comparators):
            self._record(one, node)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._record(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._record(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        path = self._called(node.func)
        if not path and isinstance(node.func, ast.Attribute) and self._is_method(node.func.attr):
            path = f"{UNKNOWN}.{node.func.attr}"
        if path:
            argument = self._called(first_argument(node))
            self._recorded.add(id(node.func))
            self.found.append(Found(path, node, argument, id(node) in self._awaited))
        else:
            self._remember_arguments(_name(node.func), node.args, node.keywords)
        self._remember_passed_on(node)
        if _name(node.func) == "loads" and node.args:
            self._record(node.args[0], node)
        self.generic_visit(node)

    def _called(self, node: ast.expr | None) -> str:
        """Return the dotted name of an expression, or "" also for an error that was caught and its attributes."""
        path = self._names.path(node)
        return "" if CAUGHT in path else path

    def _record(self, node: ast.expr, around: ast.Compare | ast.Call | None = None, *, is_clause: bool = False) -> None:
        """Record the use of a name, unless the expression around it was recorded with it."""
        if not isinstance(node, (ast.Name, ast.Attribute)) or id(node) in self._recorded:
            return
        if path := self._names.path(node):
            self._recorded.add(id(node))
            is_caught = _variable(node) in self._caught
            self.uses.append(Use(path, node, around, is_clause, is_caught))

    def _bind_parameters(self, node: ast.FunctionDef | ast.AsyncFunctionDef, outer: Names, owner: str) -> None:
        """Give the parameters the names of their annotations, or those of the arguments of a call in this file."""
        function = owner if owner and node.name == "__init__" else node.name
        is_bound = owner and not any(_name(decorator) == "staticmethod" for decorator in node.decorator_list)
        parameters = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        for position, parameter in enumerate(parameters, start=-1 if is_bound else 0):
            passed = outer.passed.get((function, position)) or outer.passed.get((function, parameter.arg), "")
            self._names.own[parameter.arg] = outer.annotated(parameter.annotation) or passed

    def _remember_arguments(self, function: str, values: list[ast.expr], keywords: list[ast.keyword]) -> None:
        """Note the arguments of a function, method or class of this file: parameters mostly have no annotations."""
        arguments: list[tuple[int | str, ast.expr]] = [*enumerate(values)]
        arguments += [(keyword.arg, keyword.value) for keyword in keywords if keyword.arg]
        for key, value in arguments:
            path, known = self._names.path(value), self._names.passed.get((function, key), CAUGHT)
            if path and CAUGHT in known:
                self._names.passed[function, key] = path

    def _remember_passed_on(self, node: ast.Call) -> None:
        """Note the arguments in `submit(function, ...)` and `Thread(target=function, args=(...))`."""
        for position, value in enumerate(node.args[:2]):
            if isinstance(value, (ast.Name, ast.Attribute)) and not self._names.path(value):
                self._remember_arguments(_name(value), node.args[position + 1 :], [])
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        match keywords:
            case {"target": function, "args": ast.Tuple(elts=values) | ast.List(elts=values)}:
                self._remember_arguments(_name(function), values, [])
            case _:
                pass

    def _is_method(self, name: str) -> bool:
        is_unmistakable = "_namespaced_" in name or name.endswith("_for_all_namespaces")
        return (self._imports_one or is_unmistakable) and name in self._methods

    def _wants(self, package: str) -> bool:
        return package in self._packages

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, its_value in zip(target.elts, value.elts, strict=True):
                self._assign(one, its_value)
        else:
            self._bind_to(target, self._names.path(value))

    def _bind_to(self, target: ast.expr, path: str) -> None:
        match target:
            case ast.Name(id=name):
                self._bind(name, path)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attribute) if path:
                if CAUGHT not in path or CAUGHT in self._names.attributes.get(attribute, CAUGHT):
                    self._names.attributes[attribute] = path
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._bind_to(part, extended(path, "[]"))
            case _:
                pass

    def _bind(self, name: str, path: str) -> None:
        known = self._names.own.get(name) or CAUGHT
        if CAUGHT in known or (path and CAUGHT not in path):  # It keeps its meaning if a later value is unknown.
            self._names.own[name] = path
        if path and self._class:
            self._names.attributes[name] = path
