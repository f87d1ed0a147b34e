"""The names in the previously generated package: existing names are kept.

The tables of `_names.py` hold the name of each group and the field of each class of constants. The modules of
`models/` have the names of classes, fields and constants.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kgen.files import read_regular
from kgen.names import camel_name
from kgen.package_names import NamedClass, NamedConstants, NamedModule, PackageNames
from kgen.plan.headers import MARKER
from kgen.plan.tables import NAMES

__all__ = ["group_versions", "read_package_names"]

_LARGEST: Final = 16 << 20
_MARKERS: Final = frozenset({"Annotated", "OtherFields"})


def read_package_names(output: Path, package: str) -> PackageNames:
    """Return the names in a generated package; nothing if there is none.

    Args:
        output: The output folder.
        package: The package's folder in it.
    """
    folder = output / package
    tables = _tables(folder / NAMES)
    constants = tables.get("CONSTANTS", {})
    groups = {
        version.rpartition("/")[0]: name for version, name in tables.get("GROUP_VERSIONS", {}).items() if "/" in version
    }
    return PackageNames(
        groups,
        lambda module: _module(folder / "models" / f"{module}.py", constants),
        tuple(sorted(file.stem for file in _files(folder / "models") if file.stem != "__init__")),
    )


def group_versions(output: Path, package: str) -> frozenset[str]:
    """Return the group versions that a generated package has clients of.

    Args:
        output: The output folder.
        package: The package's folder in it.
    """
    return frozenset(_tables(output / package / NAMES).get("GROUP_VERSIONS", {}))


def _tables(file: Path) -> dict[str, dict[str, str]]:
    """Return the tables of the package's module of names; none if kgen did not write it."""
    tables: dict[str, dict[str, str]] = {}
    for node in _parsed(file).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Dict):
            tables[node.target.id] = {
                key.value: value.value
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
                if isinstance(key.value, str) and isinstance(value.value, str)
            }
    return tables


def _files(models: Path) -> list[Path]:
    try:
        return [*models.glob("*.py")]
    except OSError:
        return []  # Comparing and publishing report unreadable files.


def _module(file: Path, fields: Mapping[str, str]) -> NamedModule:
    """Return the names in a module of models; nothing if kgen did not write it.

    Args:
        file: The module.
        fields: The field of each class of constants: `Class.field` by `module.Class`.
    """
    tree = _parsed(file)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    constants = {node.name: fields.get(f"{file.stem}.{node.name}", "") for node in classes if not node.bases}
    return NamedModule(
        {node.name: _class(node) for node in classes if node.bases},
        {node.name: _constants(node, constants[node.name]) for node in classes if constants.get(node.name)},
        dict(_aliases(tree)),
    )


def _parsed(file: Path) -> ast.Module:
    """Return the syntax tree of a file that kgen wrote; an empty one of any other."""
    try:
        data = read_regular(file, _LARGEST + 1)
        source = data.decode() if len(data) <= _LARGEST else ""
        return ast.parse(source) if source.startswith(MARKER) else ast.Module([], [])
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return ast.Module([], [])


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
        if isinstance(part, ast.Name) and part.id not in _MARKERS:
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield ast.unparse(part)


def _wire_name(name: str, default: ast.expr | None) -> str:
    named = [each.value for each in default.keywords if each.arg == "name"] if isinstance(default, ast.Call) else []
    value = named[0].value if named and isinstance(named[0], ast.Constant) else None
    return value if isinstance(value, str) else camel_name(name)


def _literal(annotation: ast.expr) -> str:
    inner = annotation.slice if isinstance(annotation, ast.Subscript) else None
    value = inner.value if isinstance(inner, ast.Constant) else None
    return value if isinstance(value, str) else ""


def _constants(node: ast.ClassDef, place: str) -> NamedConstants:
    owner, _, field = place.partition(".")
    values = {name: part.value.value for name, part in _fields(node) if isinstance(part.value, ast.Constant)}
    return NamedConstants(owner, field, {value: name for name, value in values.items() if isinstance(value, str)})


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if isinstance(node.value, ast.Name):
                yield node.targets[0].id, node.value.id
            elif isinstance(node.value, ast.Attribute):
                yield node.targets[0].id, ast.unparse(node.value)
