"""Docs: the pages of the reference, in Markdown: one per kind, one per type that several kinds share, and indexes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kgen import markdown
from kgen.difference import Change, in_order
from kgen.docs.contexts import EntryContext, IndexContext, RemovedContext
from kgen.docs.history import History
from kgen.docs.pages import Reference
from kgen.ir import Api, GroupVersion, ModelRef, Resource
from kgen.names import Identifier
from kgen.plan.headers import PAGE_MARKER
from kgen.plan.planned_file import PlannedFile
from kgen.text import Code, code

__all__ = ["plan_pages"]

_KIND: Final = "docs/kind.md.jinja"
_INDEX: Final = "docs/index.md.jinja"
_MOST_REMOVED: Final = 500
"""Number of names on the list of names that a release removed."""


def plan_pages(
    api: Api,
    package: str,
    source: str,
    history: History | None = None,
    outside: Callable[[ModelRef, str], Code] | None = None,
) -> tuple[PlannedFile, ...]:
    """Return every page, sorted by path.

    Args:
        api: Everything with its final names.
        package: The import name of the package that the pages describe.
        source: The common name of the documents, such as `specs/1.37`.
        history: The releases in which names appeared; None if there are no earlier releases.
        outside: Returns the link to a type that another package has, from the page with a path.
    """
    history = history or History((), api)
    line = code(f"{PAGE_MARKER} docs from {markdown.inline(source).replace('-', '&#45;')}. -->")
    reference = Reference(api, Identifier(package), line, history, outside)
    heads = list(reference.heads())
    files = [PlannedFile(path, _KIND, reference.page(ref)) for ref, path, _ in heads]
    groups = {str(group.accessor): group for group in api.groups}
    modules = sorted(groups.keys() | {str(ref.module) for ref, _, _ in heads})
    for name in modules:
        here = [(ref, is_kind) for ref, _, is_kind in heads if ref.module == name]
        index = _group_index(reference, name, groups.get(name), [ref for ref, is_kind in here if not is_kind], line)
        files.append(PlannedFile(f"{name}/index.md", _INDEX, index))
    entries = [_module_entry(name, groups.get(name), history) for name in modules]
    top = IndexContext(
        line,
        code(f"Reference of {package}"),
        code(f"The group versions of `{package}`, with a page for each kind."),
        (code("module"), code("group version"), *_since_heading(history), code("kinds")),
        tuple(entries),
        (),
        tuple(_removed(name, changes) for name, changes in history.removed),
    )
    return tuple(sorted([*files, PlannedFile("index.md", _INDEX, top)], key=lambda file: file.path))


def _module_entry(name: str, group: GroupVersion | None, history: History) -> EntryContext:
    since = [markdown.inline(history.group(group.api_version) if group else "")] if history else []
    return EntryContext(code(f"[`{name}`]({name}/index.md)"), (_title(group), *since, _kinds(group)))


def _since_heading(history: History) -> tuple[Code, ...]:
    return (code("since"),) if history else ()


def _removed(release: str, changes: tuple[Change, ...]) -> RemovedContext:
    """Return the list of names that a release removed, in the order of `kgen diff`."""
    listed = in_order(changes)
    lines = [_line(change) for change in listed[:_MOST_REMOVED]]
    if len(listed) > _MOST_REMOVED:
        lines.append(code(f"{len(listed) - _MOST_REMOVED} more"))
    return RemovedContext(markdown.inline(release), tuple(lines))


def _line(change: Change) -> Code:
    detail = f": {markdown.inline(change.detail[:300])}" if change.detail else ""
    return code(f"{change.what} {markdown.span(change.name[:300])}{detail}")


def _title(group: GroupVersion | None) -> Code:
    return markdown.span(group.api_version) if group else code("")


def _kinds(group: GroupVersion | None) -> Code:
    names = [markdown.inline(resource.kind_name) for resource in group.resources[:100]] if group else []
    return code(", ".join(names))


def _group_index(
    reference: Reference, name: str, group: GroupVersion | None, types: list[ModelRef], line: Code
) -> IndexContext:
    page = f"{name}/index.md"
    entries = [_entry(reference, group, resource, page) for resource in group.resources] if group else []
    return IndexContext(
        line,
        code(name),
        code(f"{f'Group version {_title(group)}. ' if group else ''}Models: `{reference.package}.models.{name}`."),
        (code("kind"), *_since_heading(reference.history), code("clients"), code("scope"), code("verbs")),
        tuple(entries),
        tuple(reference.link(ref, page) for ref in types),
    )


def _entry(reference: Reference, group: GroupVersion, resource: Resource, page: str) -> EntryContext:
    history = reference.history
    since = [markdown.inline(history.resource(group.api_version, resource.plural))] if history else []
    return EntryContext(
        reference.link(resource.kind, page),
        (
            *since,
            code(f"`clientset.{group.accessor}.{resource.accessor}`"),
            code("namespaced" if resource.namespaced else "cluster"),
            code(", ".join(f"`{verb}`" for verb in sorted(resource.verbs))),
        ),
    )
