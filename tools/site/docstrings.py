"""Docstrings of kubecore for mkdocstrings: text stays text in Markdown, and errors link to their page."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from typing import Any, Final

import griffe

__all__ = ["Prepare", "escaped"]

_KEPT: Final = re.compile(
    r"^( *)(```+).*?^\1\2 *$|``.+?``|`[^`]*`|^ *\|[^\n]*|^ {4}\*{0,2}\w+(?=:)", re.MULTILINE | re.DOTALL
)
"""Fenced code, code spans, rows of tables, and the names of arguments, such as `**options`, in `Args:`."""
_SPECIAL: Final = re.compile(r"[<>&\[\]*]|(?<![^\W_])_|_(?![^\W_])")

_BUILTINS: Final = frozenset(vars(builtins))


def escaped(text: str) -> str:
    """Return a docstring in which only code, tables and blank lines have a meaning in Markdown."""
    parts: list[str] = []
    end = 0
    for match in _KEPT.finditer(text):
        parts += (_entities(text[end : match.start()]), match[0])
        end = match.end()
    return "".join([*parts, _entities(text[end:])])


def _entities(text: str) -> str:
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", text)


class Prepare(griffe.Extension):
    """Changes kubecore when griffe has read it.

    `Raises:` names errors of called functions, too, which the module does not import. They get a name in the module, so
    that they become links. Builtins such as `list` get their module: otherwise they link to a heading "List".
    """

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Change the docstrings of all objects of a package, its annotations, and the names of its modules."""
        errors = sorted(name for name in map(str, pkg["errors"].exports or ()) if not hasattr(builtins, name))
        _prepare(pkg, errors)


def _prepare(holder: griffe.Object, errors: list[str]) -> None:
    if holder.docstring:
        holder.docstring.value = escaped(holder.docstring.value)
    for expression in _expressions(holder):
        for name in expression.iterate(flat=True):
            if isinstance(name, griffe.ExprName) and name.name in _BUILTINS and name.name not in holder.module.members:
                name.parent = "builtins"
    for member in list(holder.members.values()):
        if isinstance(member, griffe.Object):
            _prepare(member, errors)
    if isinstance(holder, griffe.Module):
        for name in errors:
            if name not in holder.members:
                holder.set_member(name, griffe.Alias(name, f"kubecore.errors.{name}", parent=holder))


def _expressions(holder: griffe.Object) -> Iterator[griffe.Expr]:
    """Yield the expressions of an object that its page shows."""
    found: list[str | griffe.Expr | None] = []
    if isinstance(holder, griffe.Function):
        found = [holder.returns, *(each for one in holder.parameters for each in (one.annotation, one.default))]
    elif isinstance(holder, griffe.Attribute):
        found = [holder.annotation, holder.value]
    elif isinstance(holder, griffe.Class):
        found = [*holder.bases]
    yield from (each for each in found if isinstance(each, griffe.Expr))
