"""The tables of a package: its kinds, and the names that the next build keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kgen import text
from kgen.ir import Api
from kgen.names import Identifier
from kgen.plan.contexts import KindEntry, KindsContext, NameEntry, NamesContext
from kgen.plan.headers import header

__all__ = ["NAMES", "kinds_context", "names_context"]


NAMES: Final = "_names.py"
"""The module of a package with the names that the next build keeps, as tables."""


def kinds_context(api: Api, root: Identifier, sources: str) -> KindsContext:
    """Return the context of the table of kinds."""
    entries = tuple(
        KindEntry(
            api_version=text.string(group.api_version),
            kind=text.string(resource.kind_name),
            plural=text.string(resource.plural),
            namespaced=text.code(str(resource.namespaced)),
        )
        for group in api.groups
        for resource in group.resources
    )
    return KindsContext(header(sources, "API paths of each kind.", root), entries)


def names_context(api: Api, root: Identifier, sources: str) -> NamesContext:
    """Return the context of the tables of names."""
    groups = {group.api_version: str(group.package[0]) for group in api.groups}
    constants = {
        f"{module.name}.{group.name}": f"{model.name}.{group.field}"
        for module in api.modules
        for model in module.models
        for group in model.constants
    }
    words = "The names that the next `kgen build` keeps. Nothing imports this module."
    return NamesContext(header(sources, words, root), _entries(groups), _entries(constants))


def _entries(table: Mapping[str, str]) -> tuple[NameEntry, ...]:
    return tuple(NameEntry(text.string(key), text.string(value)) for key, value in sorted(table.items()))
