"""The content of the pages: links between types, and the tables of their fields."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import Final

from kgen import markdown
from kgen.docs.contexts import FieldRow, PageContext, ResourceSection, TypeSection
from kgen.docs.examples import example
from kgen.docs.history import History
from kgen.docs.placing import placed
from kgen.docs.runtime_source import meta_models
from kgen.docs.verbs import verbs
from kgen.ir import (
    Always,
    Api,
    Constants,
    Empty,
    Field,
    GroupVersion,
    ListOf,
    MapOf,
    Merging,
    Model,
    ModelRef,
    ModelType,
    Null,
    Nullable,
    Required,
    Resource,
    Scalar,
    Type,
    Unset,
    Zero,
    leaf,
)
from kgen.names import Identifier
from kgen.text import Code, code

__all__ = ["MOST", "Reference"]

MOST: Final = 120_000
"""Approximate number of characters of the types of a page."""
_MOST_FIELDS: Final = 400
_MOST_USERS: Final = 40
_ROW: Final = 300
"""Approximate number of characters of a row without its description."""


class Reference:
    """Everything that the pages show of an API.

    Args:
        api: The API.
        package: The import name of the package.
        line: The first line of each page.
        history: The releases in which its names appeared.
        outside: Returns the link to a type that another package has, from the page with a path.
    """

    def __init__(
        self,
        api: Api,
        package: Identifier,
        line: Code,
        history: History,
        outside: Callable[[ModelRef, str], Code] | None = None,
    ) -> None:
        self._outside = outside
        self.api: Final[Api] = api
        self.history: Final = history
        self.package: Final[Identifier] = package
        self._line = line
        self._models: dict[ModelRef, Model] = {
            ModelRef(module.name, model.name): model for module in api.modules for model in module.models
        }
        if any(module.shared for module in api.modules):
            self._models = {**meta_models(), **self._models}
        self._aliases = {
            ModelRef(module.name, alias.name): alias.target for module in api.modules for alias in module.aliases
        }
        self._resources: dict[ModelRef, list[tuple[GroupVersion, Resource]]] = {}
        for group in api.groups:
            for resource in group.resources:
                if resource.kind in self._models:
                    self._resources.setdefault(resource.kind, []).append((group, resource))
        self._uses = {ref: self._used(ref, model) for ref, model in self._models.items()}
        self._pages = placed(self._resources, self._uses, self._size, MOST)
        self._paths = self._named()
        self._anchors = self._anchored()

    def heads(self) -> Iterator[tuple[ModelRef, str, bool]]:
        """Yield the type of each page, its path, and whether it is a kind with clients."""
        for ref, path in self._paths.items():
            yield ref, path, ref in self._resources

    def _used(self, ref: ModelRef, model: Model) -> tuple[ModelRef, ...]:
        types = [leaf(field.type) for field in model.fields]
        found = [self._aliases.get(each.ref, each.ref) for each in types if isinstance(each, ModelType)]
        for _, resource in self._resources.get(ref, []):
            found += [resource.list_kind] if resource.list_kind else []
            found += [each for method in resource.methods for each in (method.body, method.response) if each]
        return tuple(dict.fromkeys(each for each in found if each in self._models))

    def _size(self, ref: ModelRef) -> int:
        model = self._models[ref]
        return sum(_ROW + len(row.doc) for row in self._rows(ref, model, None))

    def _named(self) -> dict[ModelRef, str]:
        """Return the path of each page; no two differ in the case of letters alone."""
        found: dict[ModelRef, str] = {}
        taken: set[str] = set()
        for ref in sorted(set(self._pages.values()), key=str):
            path = f"{ref.module}/{ref.name}"
            number = 2
            while path.lower() in taken or path.lower() == f"{ref.module}/index".lower():
                path = f"{ref.module}/{ref.name}_{number}"
                number += 1
            taken.add(path.lower())
            found[ref] = f"{path}.md"
        return found

    def _anchored(self) -> dict[ModelRef, str]:
        """Return the anchor of each type on its page, "" for that of the page."""
        found: dict[ModelRef, str] = {}
        taken: set[tuple[ModelRef, str]] = set()
        for ref in sorted(self._pages, key=str):
            head = self._pages[ref]
            anchor = start = str(ref).replace(".", "").lower()
            number = 0
            while (head, anchor) in taken:
                number += 1
                anchor = f"{start}_{number}"
            if ref != head:
                taken.add((head, anchor))
            found[ref] = "" if ref == head else anchor
        return found

    def link(self, ref: ModelRef, page: str) -> Code:
        """Return a link to a type from the page with a path, or its name if no page describes it."""
        found = self.place(ref)
        if found is None:
            own = self._aliases.get(ref, ref)
            return self._outside(own, page) if self._outside else code(f"`{own}`")
        path, anchor = found
        target = "" if path == page and anchor else posixpath.relpath(path, posixpath.dirname(page) or ".")
        return code(f"[`{ref.name}`]({target}{f'#{anchor}' if anchor else ''})")

    def place(self, ref: ModelRef) -> tuple[str, str] | None:
        """Return the path of the page that describes a type, and its anchor there or ""; None if no page does."""
        own = self._aliases.get(ref, ref)
        return (self._paths[self._pages[own]], self._anchors[own]) if own in self._pages else None

    def page(self, head: ModelRef) -> PageContext:
        """Return the content of a page."""
        path = self._paths[head]
        below = sorted((ref for ref, page in self._pages.items() if page == head and ref != head), key=str)
        resources = self._resources.get(head, [])
        return PageContext(
            line=self._line,
            title=code(head.name),
            api_version=markdown.span(resources[0][0].api_version) if resources else code(""),
            model=code(f"`{self.package}.models.{head}`"),
            resources=tuple(self._resource(group, resource) for group, resource in resources),
            sections=tuple(self._section(ref, path) for ref in (head, *below)),
            used_by=() if resources else self._users(head, path),
        )

    def _users(self, head: ModelRef, page: str) -> tuple[Code, ...]:
        users = [ref for ref in sorted(self._pages, key=str) if head in self._uses[ref]]
        more = [code(f"{len(users) - _MOST_USERS} more")] if len(users) > _MOST_USERS else []
        return (*(self.link(ref, page) for ref in users[:_MOST_USERS]), *more)

    def _resource(self, group: GroupVersion, resource: Resource) -> ResourceSection:
        namespace = '"default"' if resource.namespaced else ""
        return ResourceSection(
            plural=markdown.span(resource.plural),
            since=markdown.inline(self.history.resource(group.api_version, resource.plural)),
            scope=code("namespaced" if resource.namespaced else "of the cluster"),
            path=markdown.span(resource.path),
            clients=code(f"`clientset.{group.accessor}.{resource.accessor}({namespace})`"),
            example=example(resource, group, self.package, asynchronous=False),
            async_example=example(resource, group, self.package, asynchronous=True),
            verbs=verbs(resource, group, self.history),
        )

    def _section(self, ref: ModelRef, page: str) -> TypeSection:
        model = self._models[ref]
        rows = tuple(self._rows(ref, model, page))
        rest = len(model.fields) - len(rows)
        doc = model.doc if len(model.doc) < MOST // 10 else model.doc[: MOST // 10] + " ..."
        since = markdown.inline(self.history.model(ref))
        return TypeSection(code(str(ref)), since, markdown.blocks(doc), rows, code(str(rest) if rest else ""))

    def _rows(self, ref: ModelRef, model: Model, page: str | None) -> Iterator[FieldRow]:
        most = MOST // max(1, len(model.fields))
        values = {group.field: group for group in model.constants}
        for field in model.fields[:_MOST_FIELDS]:
            doc = field.doc if len(field.doc) <= max(most, 200) else field.doc[: max(most, 200)] + " ..."
            known = values.get(field.name)
            since = self.history.field(ref, field.name)
            words: list[str] = [f"Since {markdown.inline(since)}." if since else "", markdown.inline(doc)]
            if known:
                words.append(f"Values: {', '.join(self._values(ref, known))}.")
            words += [f"Rule: {markdown.inline(rule[:300])}" for rule in field.rules[:10]]
            yield FieldRow(
                wire_name=markdown.span(field.wire_name),
                name=code(f"`{field.name}`"),
                type=code(self._type(field.type, page)),
                default=code(_default(field)),
                required=code("yes" if field.required else ""),
                merging=_merging(field.merging),
                doc=code(" ".join(word for word in words if word)),
            )

    def _values(self, ref: ModelRef, known: Constants) -> Iterator[str]:
        for member in known.members[:50]:
            since = self.history.constant(ref, known.name, member.name)
            yield f"{markdown.span(member.value)}{f' (since {markdown.inline(since)})' if since else ''}"

    def _type(self, type_: Type, page: str | None) -> str:
        match type_:
            case Scalar(name):
                return f"`{'int | float' if name == 'number' else name}`".replace(" | ", "` or `")
            case ModelType(ref):
                return self.link(ref, page) if page is not None else f"`{ref}`"
            case ListOf(item):
                return f"list of {self._type(item, page)}"
            case MapOf(value):
                return f"map of {self._type(value, page)}"
            case Nullable(inner):
                return f"{self._type(inner, page)} or `None`"


def _default(field: Field) -> str:
    match field.default:
        case Required():
            return ""
        case Null():
            return "`None`"
        case Empty():
            return "`[]`" if isinstance(field.type, ListOf) else "`{}`"
        case Zero():
            return "empty object"
        case Always(value):
            return markdown.span(f'"{value}"')
        case Unset():
            return "not sent"


def _merging(merging: Merging | None) -> Code:
    """Return how the server merges a field, in words."""
    if merging is None:
        return code("")
    words: list[str] = []
    if merging.list_type == "map":
        keys = ", ".join(markdown.span(key) for key in merging.list_map_keys)
        words.append(f"items by {keys}" if keys else "items")
    elif merging.list_type or merging.map_type:
        words.append(markdown.inline(merging.list_type or merging.map_type))
    if merging.patch_strategy:
        by = f" by {markdown.span(merging.patch_merge_key)}" if merging.patch_merge_key else ""
        words.append(f"strategic patch: {markdown.inline(merging.patch_strategy)}{by}")
    return code("; ".join(words))
