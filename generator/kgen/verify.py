"""The second protection against untrusted documents: the rendered text is parsed and compared with the plan.

Escaping is the first protection. This one does not rely on it: a models module must hold the planned imports, classes,
fields, types, defaults, docstrings and constants and nothing else; a client module must import from a short list and
hold no statement of a kind that clients have no use for.

The bytes are parsed, as Python does when it imports the file: a comment can declare another encoding, and then the text
that Python reads is not the text that was rendered. Comments are not part of the syntax tree, so they are compared with
the comments of the templates.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from kgen import text
from kgen.errors import PlanError
from kgen.fields import FieldWriter
from kgen.ir import Constants, Field, Model, ModelModule
from kgen.names import Identifier
from kgen.plan.headers import MARKER
from kgen.python_source import comments, parse_bytes
from kgen.runtime import RUNTIME_API

__all__ = ["verify"]

_HEADER: Final = re.compile(rf"{MARKER} from [^#:=]+")
_COMMENTS: Final = frozenset({"# The same objects at other places."})
"""The comments of kgen's own templates except the header."""

_CODING: Final = re.compile(r"coding[:=]", re.IGNORECASE)

_RUNTIME: Final = frozenset({"kubecore.generated", "kubecore.generated.clients"})
"""The modules of kubecore that kgen's own templates of clients import."""

_RUNTIME_CHECK: Final = re.compile(
    rf"if RUNTIME_API != {RUNTIME_API}:\n    "
    rf"raise RuntimeMismatchError\(__name__, runtime_api={RUNTIME_API}, kgen='[A-Za-z0-9.+!_-]+'\)"
)
"""The statement that compares the runtime API when the package is imported."""

_LIBRARIES: Final = frozenset({"__future__", "builtins", "collections.abc", "msgspec", "typing"})

# Statements and expressions that clients consist of.
_CLIENT_NODES: Final = (
    *(ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.If),
    *(ast.Assign, ast.AnnAssign, ast.Return, ast.Expr, ast.arguments, ast.arg, ast.keyword),
    *(
        ast.Name,
        ast.Attribute,
        ast.Subscript,
        ast.Call,
        ast.Dict,
        ast.Await,
        ast.Tuple,
        ast.List,
        ast.Constant,
        ast.BinOp,
        ast.BitOr,
    ),
    *(ast.Load, ast.Store),
)


def verify(
    files: Mapping[str, str],
    modules: Iterable[ModelModule],
    package: str,
    builtins: str = "",
    trusted: frozenset[str] | None = None,
) -> None:
    """Compare rendered files with the plan.

    Args:
        files: The text of every file by its path.
        modules: The models modules that were planned.
        package: The import name of the generated package.
        builtins: The package that Kubernetes' own types are imported from, or "".
        trusted: The comments in templates of the user; None if there are no such templates.

    Raises:
        PlanError: A file contains anything that was not planned; the error names the file and the line.
    """
    planned = {f"{package}/models/{module.name}.py": module for module in modules}
    for path, source in files.items():
        if not source:
            continue
        try:
            tree = parse_bytes(source)
            _check_comments(source, trusted)
            if path in planned:
                _Models(planned[path], package, builtins).check(tree)
            else:
                _check_client(tree, package, builtins, _RUNTIME if trusted is None else {*_RUNTIME, "kubecore"})
        except (SyntaxError, ValueError, _UnplannedError) as error:
            raise PlanError(f"the rendered file differs from the plan: {error}", where=path) from error


def _check_comments(source: str, trusted: frozenset[str] | None) -> None:
    for start, comment in comments(source):
        known = comment in _COMMENTS or (start == 0 and _HEADER.fullmatch(comment))
        if not known and trusted is not None:
            # The text of a user's template belongs to the user; the text that it prints from values does not.
            known = comment in trusted or (text.inert(comment) == comment and not _CODING.search(comment))
        if not known:
            line = source.count("\n", 0, start) + 1
            raise _UnplannedError(line, f"the unplanned comment {comment[:60]!r}")


class _UnplannedError(Exception):
    def __init__(self, place: ast.AST | int, what: str) -> None:
        line = place if isinstance(place, int) else getattr(place, "lineno", 0)
        super().__init__(f"line {line}: {what}")


def _require(holds: bool, node: ast.AST, what: str) -> None:
    if not holds:
        raise _UnplannedError(node, what)


def _check_client(tree: ast.Module, package: str, builtins: str, runtime: Collection[str]) -> None:
    allowed = {*_LIBRARIES, *runtime}
    packages = {package, builtins or package} | ({"kubecore"} & allowed)
    for node in _walk(tree):
        _require(isinstance(node, _CLIENT_NODES), node, f"no client has a {type(node).__name__}")
        for module in _imported(node):
            _require(module in allowed or module.split(".")[0] in packages, node, f"imports {module}")


def _walk(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every node except those of the comparison of the runtime API."""
    yield tree
    for statement in tree.body:
        if not _RUNTIME_CHECK.fullmatch(ast.unparse(statement)):
            yield from ast.walk(statement)


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or "."


_HINTS: Final = "if not TYPE_CHECKING:\n    __getattr__ = module_getattr(__name__)"
"""The statement that lets errors for missing names suggest the right name."""


class _Models:
    """Checks one models module, statement by statement."""

    def __init__(self, module: ModelModule, package: str, builtins: str) -> None:
        self._module = module
        self._imports = {
            f"{package}.models",
            "kubecore.generated.models",
            *_LIBRARIES,
        }
        self._imports |= {f"{builtins}.models"} if builtins else set()
        self._aliases = {
            f"{alias.name} = {alias.target.name if alias.target.module == module.name else alias.target}"
            for alias in module.aliases
        }

    def check(self, tree: ast.Module) -> None:
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        for node in tree.body:
            _require(
                isinstance(node, (ast.ClassDef, ast.Import, ast.ImportFrom))
                or _is_docstring_or_all(node)
                or ast.unparse(node) == _HINTS
                or ast.unparse(node) in self._aliases,
                node,
                "an unplanned statement",
            )
            for module in _imported(node):
                _require(module in self._imports, node, f"imports {module}")
        expected: list[Model | Constants] = []
        for model in self._module.models:
            expected += [model, *model.constants]
        _require(
            [node.name for node in classes] == [part.name for part in expected], tree, "other classes than planned"
        )
        for node, part in zip(classes, expected, strict=True):
            if isinstance(part, Constants):
                _check_constants(node, part)
            else:
                _check_model(node, part, self._module.name)


def _is_docstring_or_all(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "__all__" and isinstance(ast.literal_eval(node.value), list)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _check_model(node: ast.ClassDef, model: Model, module: Identifier) -> None:
    _require(
        not node.decorator_list and [ast.unparse(base) for base in node.bases] == [model.base],
        node,
        "other bases than planned",
    )
    _require(
        [f"{k.arg}={ast.unparse(k.value)}" for k in node.keywords] == ["kw_only=True"], node, "other class options"
    )
    name = model.schema.rpartition(".")[2]
    statements = iter(node.body)
    _check_words(next(statements), model.doc or f"{name} has no description in the API.")
    writer = FieldWriter(model, module)
    for field in model.fields:
        _check_field(next(statements, node), field, writer)
        if text.wrapped(field.doc, 4):
            _check_words(next(statements, node), field.doc)
    _require(next(statements, None) is None, node, "more than the planned fields")


def _check_field(node: ast.AST, field: Field, writer: FieldWriter) -> None:
    planned = ast.parse(writer.line(field)).body[0]
    _require(ast.dump(node) == ast.dump(planned), node, f"not the planned field {field.name}")


def _check_words(node: ast.AST, words: str) -> None:
    value = node.value if isinstance(node, ast.Expr) else None
    docstring = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
    _require(
        docstring is not None and inspect.cleandoc(docstring).split() == text.wrapped(words, 4).split(),
        node,
        "not the planned docstring",
    )


def _check_constants(node: ast.ClassDef, group: Constants) -> None:
    _require(not (node.bases or node.keywords or node.decorator_list), node, "constants have no bases")
    statements = iter(node.body)
    _check_words(next(statements), group.doc)
    for member in group.members:
        planned = ast.parse(f"{member.name}: Final = {text.string(member.value)}").body[0]
        _require(ast.dump(next(statements, node)) == ast.dump(planned), node, f"not the planned constant {member.name}")
        if text.wrapped(member.doc, 4):
            _check_words(next(statements, node), member.doc)
    _require(next(statements, None) is None, node, "more than the planned constants")
