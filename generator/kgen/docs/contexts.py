"""Contexts of the templates of pages. Only `Code` can be printed: here it is Markdown that is known to be inert."""

from __future__ import annotations

from dataclasses import dataclass

from kgen.text import Code

__all__ = [
    "EntryContext",
    "FieldRow",
    "IndexContext",
    "PageContext",
    "RemovedContext",
    "ResourceSection",
    "TypeSection",
    "VerbContext",
]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field: a row of the table of its type."""

    wire_name: Code
    name: Code
    type: Code
    default: Code
    required: Code
    merging: Code
    doc: Code


@dataclass(frozen=True, slots=True)
class TypeSection:
    """A type and its fields."""

    name: Code
    since: Code
    doc: Code
    fields: tuple[FieldRow, ...]
    left_out: Code


@dataclass(frozen=True, slots=True)
class VerbContext:
    """A method of the clients of a resource."""

    name: Code
    request: Code
    since: Code
    doc: Code
    sync: Code
    async_: Code


@dataclass(frozen=True, slots=True)
class ResourceSection:
    """The clients of a resource, with an example."""

    plural: Code
    since: Code
    scope: Code
    path: Code
    clients: Code
    example: Code
    async_example: Code
    verbs: tuple[VerbContext, ...]


@dataclass(frozen=True, slots=True)
class PageContext:
    """The page of a kind, or of a type that several kinds share; context of `docs/kind.md.jinja`."""

    line: Code
    title: Code
    api_version: Code
    model: Code
    resources: tuple[ResourceSection, ...]
    sections: tuple[TypeSection, ...]
    used_by: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class EntryContext:
    """A row of an index."""

    link: Code
    cells: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class RemovedContext:
    """The names that a release removed, as a list on the first page."""

    release: Code
    lines: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class IndexContext:
    """A list of pages; context of `docs/index.md.jinja`."""

    line: Code
    title: Code
    doc: Code
    headings: tuple[Code, ...]
    entries: tuple[EntryContext, ...]
    types: tuple[Code, ...]
    removed: tuple[RemovedContext, ...] = ()
