"""The names in the previously generated package: existing names are kept.

The first lines of `typed/example/v1/_group.py` map the group `example.com` to its name `example`. The modules of
`models/` have the names of classes, fields and constants.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kgen.files import read_regular
from kgen.names import camel_name
from kgen.package_names import NamedClass, NamedConstants, NamedModule, PackageNames
from kgen.plan import GROUP_TITLE, MARKER

__all__ = ["group_versions", "read_package_names"]

_VALUES: Final = re.compile(r"Known values of (\w+)\.(\w+)\.")
_LARGEST: Final = 16 << 20

_HEAD: Final = re.compile(rf'{re.escape(MARKER)}[^\n]*\n"""{re.escape(GROUP_TITLE)}\s(?:([^\s/]+)/)?([^\s/]+)\.\n?"""')
_LENGTH: Final = 4000


def read_package_names(output: Path, package: str) -> PackageNames:
    """Return the names in a generated package; nothing if there is none.

    Args:
        output: The output folder.
        package: The package's folder in it.
    """
    models = output / package / "models"
    return PackageNames(
        _group_folders(output, package),
        lambda module: _module(models / f"{module}.py"),
        tuple(sorted(file.stem for file in _files(models) if file.stem != "__init__")),
    )


def _files(models: Path) -> list[Path]:
    try:
        return [*models.glob("*.py")]
    except OSError:
        return []  # Comparing and publishing report unreadable files.


def _group_folders(output: Path, package: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for file, group, _ in _heads(output, package):
        if group:
            found.setdefault(group, file.parents[1].name)
    return found


def _module(file: Path) -> NamedModule:
    """Return the names in a module of models; nothing if kgen did not write it."""
    try:
        data = read_regular(file, _LARGEST + 1)
        if len(data) > _LARGEST:
            return NamedModule()
        source = data.decode()
        tree = ast.parse(source) if source.startswith(MARKER) else ast.Module([], [])
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return NamedModule()
    found = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return NamedModule(
        {node.name: _class(node) for node in found if node.bases},
        {node.name: made for node in found if not node.bases and (made := _constants(node)) is not None},
        dict(_aliases(tree)),
    )


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement


def _class(node: ast.ClassDef) -> NamedClass:
    fields: dict[str, str] = {}
    uses: dict[str, tuple[str, ...]] = {}
    kind = ""
    for name, statement in _fields(node):
        wire_name = _wire_name(name, statement.value)
        fields[wire_name] = name
        uses[wire_name] = tuple(_uses(statement.annotation))
        if wire_name == "kind":
            kind = _literal(statement.annotation)
    return NamedClass(fields, uses, kind)


def _uses(annotation: ast.expr) -> Iterator[str]:
    for part in ast.walk(annotation):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield ast.unparse(part)


def _wire_name(name: str, default: ast.expr | None) -> str:
    said = [each.value for each in default.keywords if each.arg == "name"] if isinstance(default, ast.Call) else []
    value = said[0].value if said and isinstance(said[0], ast.Constant) else None
    return value if isinstance(value, str) else camel_name(name)


def _literal(annotation: ast.expr) -> str:
    inner = annotation.slice if isinstance(annotation, ast.Subscript) else None
    value = inner.value if isinstance(inner, ast.Constant) else None
    return value if isinstance(value, str) else ""


def _constants(node: ast.ClassDef) -> NamedConstants | None:
    said = _VALUES.fullmatch(ast.get_docstring(node) or "")
    if said is None:
        return None
    values = {name: part.value.value for name, part in _fields(node) if isinstance(part.value, ast.Constant)}
    return NamedConstants(said[1], said[2], {value: name for name, value in values.items() if isinstance(value, str)})


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if isinstance(node.value, ast.Name):
                yield node.targets[0].id, node.value.id
            elif isinstance(node.value, ast.Attribute):
                yield node.targets[0].id, ast.unparse(node.value)


def group_versions(output: Path, package: str) -> frozenset[str]:
    """Return the group versions that a generated package has clients of.

    Args:
        output: The output folder.
        package: The package's folder in it.
    """
    return frozenset(f"{group}/{version}" if group else version for _, group, version in _heads(output, package))


def _heads(output: Path, package: str) -> Iterator[tuple[Path, str, str]]:
    try:
        files = sorted((output / package / "typed").glob("*/*/_group.py"))
    except OSError:
        return  # Comparing and publishing report unreadable files.
    for file in files:
        try:
            data = read_regular(file, _LENGTH)
        except OSError:
            continue
        head = _HEAD.match(data.decode("utf-8", "replace").replace("\r\n", "\n"))
        if head is not None:
            yield file, head[1] or "", head[2]
