"""Parts of replacements: arguments of the call, and the entry of a table."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from kgen.migrate.table import Target

__all__ = ["argument", "of_table", "patch_type", "quoted", "shown"]

_LONGEST_ARGUMENT: Final = 40

_PATCH_TYPES: Final[dict[object, str]] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}


def of_table(path: str, table: Mapping[str, Target]) -> Target | None:
    """Return the entry with the longest matching end of the path."""
    parts = path.split(".")
    return next((table[key] for start in range(len(parts)) if (key := ".".join(parts[start:])) in table), None)


def argument(node: ast.Call, place: int | None, *names: str) -> ast.expr | None:
    """Return an argument of a call: unpacked arguments if it may be one of them, and None if it is missing.

    Args:
        node: The call.
        place: The position of the argument, or None if the call has to name it.
        names: Its names.
    """
    named = next((keyword.value for keyword in node.keywords if keyword.arg in names), None)
    if named is not None or place is None:
        return named
    before = node.args[: place + 1]
    unpacked = next((value for value in before if isinstance(value, ast.Starred)), None)
    return unpacked or (before[place] if len(before) > place else None)


def shown(node: ast.expr | None, otherwise: str) -> str:
    """Return the code of an argument if it is short and simple; otherwise the given placeholder."""
    text = ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute, ast.Constant)) else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = quoted(node.value)
    return text if 0 < len(text) <= _LONGEST_ARGUMENT and text.isprintable() else otherwise


def quoted(text: str) -> str:
    """Return the literal of a text, in double quotes if it has none itself."""
    literal = repr(text)
    return literal if '"' in text else f'"{literal[1:-1]}"'


def patch_type(node: ast.Call, otherwise: str) -> str:
    """Return the type of a patch, if the call names its media type or its body is written as a list."""
    media = argument(node, None, "_content_type", "content_type")
    if isinstance(media, ast.Constant) and media.value in _PATCH_TYPES:
        return _PATCH_TYPES[media.value]
    bodies = [*node.args, argument(node, None, "body")]
    return "json" if any(isinstance(body, ast.List) for body in bodies) else otherwise
