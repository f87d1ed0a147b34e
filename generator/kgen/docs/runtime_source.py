"""Signatures and models of kubecore, read from its source text: kgen does not import it.

A package that is generated has the verbs of kubecore's mixins, and `meta_v1` offers models of kubecore.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kgen.ir import (
    Always,
    Default,
    Empty,
    Field,
    ListOf,
    MapOf,
    Model,
    ModelRef,
    ModelType,
    Null,
    Required,
    Scalar,
    ScalarName,
    Type,
    Zero,
)
from kgen.names import ClassName, Identifier, camel_name

__all__ = ["Method", "meta_models", "methods"]

_META: Final = Identifier("meta_v1")
_SCALARS: Final[dict[str, ScalarName]] = {
    "bool": "bool",
    "FieldsV1": "FieldsV1",
    "int": "int",
    "MicroTime": "MicroTime",
    "str": "str",
    "Time": "Time",
}


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a mixin.

    Attributes:
        name: The method.
        doc: The first line of its docstring.
        arguments: Its arguments as source text, `*` among them.
        returns: The type of its result, as source text.
        is_async: Whether it is a coroutine.
    """

    name: str
    doc: str
    arguments: tuple[str, ...]
    returns: str
    is_async: bool

    def signature(self) -> str:
        """Return the signature, in lines of at most about 100 characters."""
        start = f"{'async ' if self.is_async else ''}def {self.name}("
        end = f") -> {self.returns}"
        line = f"{start}{', '.join(self.arguments)}{end}"
        if len(line) <= 100:
            return line
        lines = [""]
        for argument in self.arguments:
            if lines[-1] and len(lines[-1]) + len(argument) > 92:
                lines.append("")
            lines[-1] += f"{' ' if lines[-1] else ''}{argument},"
        return "\n".join([start, *(f"    {each}" for each in lines), end])


def methods(base: str, *, asynchronous: bool) -> list[Method]:
    """Return the public methods of a mixin and of its bases.

    Args:
        base: The mixin with its type arguments, such as `Get[apps_v1.Deployment]`.
        asynchronous: Whether the mixin is one of asynchronous clients.
    """
    expression = ast.parse(base, mode="eval").body
    return list(_methods(expression, {}, _classes("async_verbs" if asynchronous else "sync_verbs")))


def _methods(
    expression: ast.expr, outer: Mapping[str, ast.expr], classes: Mapping[str, ast.ClassDef]
) -> Iterator[Method]:
    name, arguments = _parameters(expression)
    found = classes.get(name)
    if found is None:
        return
    generic = [each for base in found.bases if _parameters(base)[0] == "Generic" for each in _parameters(base)[1]]
    values = [_replaced(argument, outer) for argument in arguments]
    bound = {ast.unparse(parameter): value for parameter, value in zip(generic, values, strict=False)}
    for base in found.bases:
        yield from _methods(base, bound, classes)
    for node in found.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
            decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
            if "overload" not in decorators:
                yield _method(node, bound)


def _method(node: ast.FunctionDef | ast.AsyncFunctionDef, bound: Mapping[str, ast.expr]) -> Method:
    given = node.args
    arguments: list[str] = []
    first = len(given.args) - len(given.defaults)
    for index, argument in enumerate(given.args[1:], 1):
        arguments.append(_argument(argument, given.defaults[index - first] if index >= first else None, bound))
    if given.vararg:
        arguments.append(f"*{_argument(given.vararg, None, bound)}")
    elif given.kwonlyargs:
        arguments.append("*")
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        arguments.append(_argument(argument, default, bound))
    doc = (ast.get_docstring(node) or "").split("\n\n")[0]
    returns = ast.unparse(_replaced(node.returns, bound)) if node.returns else "None"
    return Method(node.name, doc, tuple(arguments), returns, isinstance(node, ast.AsyncFunctionDef))


def _argument(argument: ast.arg, default: ast.expr | None, bound: Mapping[str, ast.expr]) -> str:
    annotation = f": {ast.unparse(_replaced(argument.annotation, bound))}" if argument.annotation else ""
    return f"{argument.arg}{annotation}{f' = {ast.unparse(default)}' if default is not None else ''}"


class _Replace(ast.NodeTransformer):
    def __init__(self, bound: Mapping[str, ast.expr]) -> None:
        self._bound = bound

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._bound.get(node.id, node)


def _replaced(expression: ast.expr, bound: Mapping[str, ast.expr]) -> ast.expr:
    copy = ast.parse(ast.unparse(expression), mode="eval").body
    done = _Replace(bound).visit(copy)
    return done if isinstance(done, ast.expr) else expression


def _parameters(expression: ast.expr) -> tuple[str, list[ast.expr]]:
    if not isinstance(expression, ast.Subscript):
        return ast.unparse(expression), []
    inner = expression.slice
    return ast.unparse(expression.value), list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]


@functools.cache
def _classes(folder: str) -> Mapping[str, ast.ClassDef]:
    files = sorted((_kubecore() / folder).glob("*.py"))
    trees = (ast.parse(file.read_text("utf-8")) for file in files)
    return {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


@functools.cache
def _kubecore() -> Path:
    spec = importlib.util.find_spec("kubecore")
    if spec is None or spec.origin is None:
        msg = "kubecore is not installed"
        raise ModuleNotFoundError(msg)
    return Path(spec.origin).parent


@functools.cache
def meta_models() -> Mapping[ModelRef, Model]:
    """Return the models of `kubecore.model.meta`."""
    tree = ast.parse((_kubecore() / "model" / "meta.py").read_text("utf-8"))
    found = [_model(node) for node in tree.body if isinstance(node, ast.ClassDef)]
    return {ModelRef(_META, model.name): model for model in found}


def _model(node: ast.ClassDef) -> Model:
    fields: list[Field] = []
    for statement, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            doc = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            fields.append(_field(statement, statement.target.id, str(doc)))
    return Model(ClassName(node.name), "", ast.get_docstring(node) or "", tuple(fields), is_kind=False)


def _field(node: ast.AnnAssign, name: str, doc: str) -> Field:
    annotation, value = node.annotation, node.value
    wire_name = camel_name(name)
    if isinstance(value, ast.Call):
        names = [word.value for word in value.keywords if word.arg == "name"]
        wire_name = str(names[0].value) if names and isinstance(names[0], ast.Constant) else wire_name
    if isinstance(annotation, ast.BinOp):
        return Field(Identifier(name), wire_name, _type(annotation.left), Null(), doc)
    default: Default = Zero()
    if value is None:
        default = Required()
    elif isinstance(value, (ast.List, ast.Dict, ast.Name)):
        default = Empty()
    elif texts := [each.value for each in ast.walk(value) if isinstance(each, ast.Constant)]:
        default = Always(str(texts[0]))
    return Field(Identifier(name), wire_name, _type(annotation), default, doc)


def _type(expression: ast.expr) -> Type:
    name, arguments = _parameters(expression)
    if name == "list":
        return ListOf(_type(arguments[0]))
    if name == "dict":
        return MapOf(_type(arguments[1]))
    if name == "Literal":
        return Scalar("str")
    return Scalar(_SCALARS[name]) if name in _SCALARS else ModelType(ModelRef(_META, ClassName(name)))
