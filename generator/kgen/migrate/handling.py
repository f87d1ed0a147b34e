"""Replacements of code that handles errors: classes in `except` clauses and elsewhere, and attributes of errors."""

from __future__ import annotations

import ast
import re
from http import HTTPStatus
from typing import Final

from kgen.migrate.arguments import shown
from kgen.migrate.error_classes import ATTRIBUTES, CLASSES, CODES, JSON_BODY, PAGE, joined, page_of
from kgen.migrate.python_names import Use
from kgen.migrate.scopes import CAUGHT
from kgen.migrate.table import PACKAGES, Target

__all__ = ["handled", "is_of_error"]

_INSTANCE: Final = re.compile(rf"(?P<owner>[\w.]+)(?:\(\)|{CAUGHT})\.(?P<attribute>[\w.]+)")
"""An attribute of an error: the path of its class, and the attribute."""

_INSIDE: Final = re.compile(rf"[(\[{CAUGHT}]")
"""The beginning of a call, of an item or of an error in a dotted name."""

_OF_PHRASES: Final = {status.phrase.replace(" ", "").lower(): int(status) for status in HTTPStatus}

_CODE: Final = {"status", "status.code", "response.status_code"}
"""Attributes that have the HTTP status code."""


def is_of_error(path: str) -> bool:
    """Whether a dotted name is an attribute or a method of an error."""
    match = _INSTANCE.match(path)
    return match is not None and _class(match["owner"]) is not None


def handled(use: Use) -> tuple[str, Target] | None:
    """Return the code of a use of an error class or of an error, and its replacement; None for other uses."""
    if (target := _class(use.path)) is not None:
        before = "except " if use.is_clause else ""
        is_code = target.status == "replacement" and not target.text.startswith("not needed")
        text = before + target.text if is_code else target.text
        return f"{before}{ast.unparse(use.node)}", Target(text, target.page, target.status)
    if use.is_clause and re.fullmatch(r"[\w.]*\.[A-Z]\w*", use.path):
        return f"except {ast.unparse(use.node)}", Target("", PACKAGES[_package(use.path)], "open")
    match = _INSTANCE.fullmatch(use.path)
    if match is None or _class(match["owner"]) is None:
        return None
    return _of_attribute(use, _package(use.path), match["attribute"])


def _package(path: str) -> str:
    return path.partition(".")[0]


def _class(path: str) -> Target | None:
    owner, _, name = path.rpartition(".")
    is_name = bool(owner) and not _INSIDE.search(path)
    return CLASSES.get(_package(path), {}).get(name) if is_name else None


def _of_attribute(use: Use, package: str, attribute: str) -> tuple[str, Target] | None:
    found = ATTRIBUTES[package].get(attribute)
    if found is None:
        return None
    node: ast.expr = use.node
    for _ in attribute.split("."):
        assert isinstance(node, ast.Attribute)  # noqa: S101 - as the path, which ends with these attributes
        node = node.value
    error = shown(node, "error")
    match use.around:
        case ast.Call() if attribute == "body":
            return ast.unparse(use.around), Target(JSON_BODY.format(error), PAGE)
        case ast.Compare() if classes := _compared(use.around, use.node, is_code=attribute in _CODE):
            return ast.unparse(use.around), _test(use.around, error, joined(classes), is_caught=use.is_caught)
        case _:
            text, status = found
            return ast.unparse(use.node), Target(text.format(error), PAGE, status)


def _test(node: ast.Compare, error: str, classes: str, *, is_caught: bool) -> Target:
    """Return the replacement of a comparison of a status code: a clause in a handler, else a call of `isinstance`."""
    negated = "not " if isinstance(node.ops[0], (ast.NotEq, ast.NotIn)) else ""
    text = f"except {classes}" if is_caught else f"{negated}isinstance({error}, {classes})"
    return Target(text, page_of(text))


def _compared(node: ast.Compare, attribute: ast.expr, *, is_code: bool) -> list[str]:
    """Return the classes of the codes or reasons that an attribute is compared with; none if one has no class."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], (ast.Eq, ast.NotEq, ast.In, ast.NotIn)):
        return []
    other = node.comparators[0] if node.left is attribute else node.left
    values = other.elts if isinstance(other, (ast.Tuple, ast.List, ast.Set)) else [other]
    codes = [_code(value, is_code=is_code) for value in values]
    return [name for code in codes for name in CODES[code]] if all(code in CODES for code in codes) else []


def _code(node: ast.expr, *, is_code: bool) -> int:
    """Return the status code of a literal, of a name such as `HTTPStatus.NOT_FOUND`, or of a reason; else 0."""
    match node:
        case ast.Constant(value=int(code)) if is_code:
            return code
        case ast.Constant(value=str(text)) if is_code:
            return int(text) if re.fullmatch(r"[1-5]\d\d", text) else 0
        case ast.Constant(value=str(text)):
            return _OF_PHRASES.get(text.replace(" ", "").lower(), 0)
        case ast.Attribute(value=inner, attr="value") if is_code:
            return _code(inner, is_code=True)
        case ast.Attribute(attr=name) if is_code:
            return int(HTTPStatus.__members__.get(name.upper(), 0))
        case _:
            return 0
