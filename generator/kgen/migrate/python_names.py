"""Finds calls of packages in Python source: each with the dotted name of the called function.

Names are followed through imports, assignments, `with`, `for`, annotations, attributes of `self`, arguments and return
values of functions and classes of the same file. An instance is written with `()`, an item of it with `[]`:
`kubernetes.client.CoreV1Api().list_namespaced_pod`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

__all__ = ["UNKNOWN", "Found", "Names", "calls", "first_argument", "is_known"]

UNKNOWN: Final = "?"
"""The owner of a method that was recognized by its name alone."""

_LONGEST: Final = 1000
"""Characters of a dotted name; `x = x.a` in many lines would make names as long as the file."""


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
                return _with(self.path(value), f".{attribute}")
            case ast.Call(func=ast.Name(id=name)) if name in self.returned and not self.look_up(name):
                return self.returned[name]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name)) if name in self.returned:
                return self.returned[name]
            case ast.Call(func=function):
                return _with(self.path(function), "()")
            case ast.Await(value=value) | ast.Starred(value=value) | ast.NamedExpr(value=value):
                return self.path(value)
            case ast.Subscript(value=value):
                return _with(self.path(value), "[]")
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
                return _with(self.path(node), "()")
            case _:
                return ""

    def _first(self, nodes: Iterable[ast.expr]) -> str:
        return next((path for node in nodes if (path := self.path(node))), "")


def calls(tree: ast.Module, packages: Collection[str], methods: Collection[str]) -> list[Found]:
    """Return the calls of packages in the order of the source.

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
    return sorted(reader.found, key=lambda found: (found.node.lineno, found.node.col_offset, found.node.end_col_offset))


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


def _with(path: str, end: str) -> str:
    return path + end if 0 < len(path) < _LONGEST else ""


class _Reader(ast.NodeVisitor):
    def __init__(self, packages: Collection[str], methods: Collection[str], names: Names) -> None:
        self.found: list[Found] = []
        self._packages = packages
        self._methods = methods
        self._names = names
        self._imports_one = any(path for path in names.own.values())
        self._function = ""
        self._class = ""
        self._awaited: set[int] = set()

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
        for part in (*node.decorator_list, *node.args.defaults, *(one for one in node.args.kw_defaults if one)):
            self.visit(part)
        outer, function, owner = self._names, self._function, self._class
        self._names, self._function, self._class = outer.inner(), node.name, ""
        self._bind_parameters(node, outer, owner)
        for statement in node.body:
            self.visit(statement)
        if returned := outer.annotated(node.returns):
            outer.returned[node.name] = returned
        self._names, self._function, self._class = outer, function, owner

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, self._class = self._class, node.name
        self.generic_visit(node)
        self._class = outer

    def visit_Return(self, node: ast.Return) -> None:
        self.generic_visit(node)
        path = self._names.path(node.value)
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
        for statement in node.body:
            self.visit(statement)

    visit_AsyncWith = visit_With  # noqa: N815

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._bind_to(node.target, _with(self._names.path(node.iter), "[]"))
        for statement in (*node.body, *node.orelse):
            self.visit(statement)

    visit_AsyncFor = visit_For  # noqa: N815

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.visit(node.iter)
        self._bind_to(node.target, _with(self._names.path(node.iter), "[]"))
        for condition in node.ifs:
            self.visit(condition)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        for generator in node.generators:
            self.visit(generator)
        self.visit(node.elt)

    visit_SetComp = visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_Await(self, node: ast.Await) -> None:
        self._awaited.add(id(node.value))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        path = self._names.path(node.func)
        if not path and isinstance(node.func, ast.Attribute) and self._is_method(node.func.attr):
            path = f"{UNKNOWN}.{node.func.attr}"
        if path:
            argument = self._names.path(first_argument(node))
            self.found.append(Found(path, node, argument, id(node) in self._awaited))
        else:
            self._remember_arguments(_name(node.func), node.args, node.keywords)
        self._remember_passed_on(node)
        self.generic_visit(node)

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
            if path := self._names.path(value):
                self._names.passed.setdefault((function, key), path)

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
                self._names.attributes[attribute] = path
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._bind_to(part, _with(path, "[]"))
            case _:
                pass

    def _bind(self, name: str, path: str) -> None:
        if path or not self._names.own.get(name):  # A variable keeps its meaning if a later value is unknown.
            self._names.own[name] = path
        if path and self._class:
            self._names.attributes[name] = path
