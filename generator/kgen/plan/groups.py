"""The files of each group version, and the clientset that has all group versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kgen import text
from kgen.ir import Api, GroupVersion, Resource
from kgen.names import Identifier
from kgen.plan.contexts import ClientsetContext, GroupContext, GroupEntry, ResourceEntry
from kgen.plan.headers import codes, header, package_file, title
from kgen.plan.planned_file import PlannedFile
from kgen.plan.resources import resource_context

__all__ = ["clientset_context", "group_files"]


_BASES: Final = ("AsyncBaseClientset", "BaseClientset")


def group_files(group: GroupVersion, root: Identifier, api: Api) -> Iterable[PlannedFile]:
    """Yield the files of a group version: its package, its group client and one module per resource."""
    inner = f"typed/{group.package[0]}/{group.package[1]}"
    folder = f"{root}/{inner}"
    words = f"Clients of {title(group.api_version)}."
    yield package_file(root, inner, group.source, words)
    yield PlannedFile(f"{folder}/_group.py", "group.py.jinja", _group(group, root))
    for resource in group.resources:
        yield PlannedFile(
            f"{folder}/{resource.module}.py", "resource.py.jinja", resource_context(resource, group, root, api)
        )


def _group(group: GroupVersion, root: Identifier) -> GroupContext:
    return GroupContext(
        header=header(group.source, f"The clients of {group.api_version}.", root),
        folder=text.code(f"{root}.typed.{group.package[0]}.{group.package[1]}"),
        class_name=group.class_name,
        docstring=text.docstring(_group_words(group), indent=4),
        resources=tuple(_entry(resource) for resource in group.resources),
    )


def _group_words(group: GroupVersion) -> str:
    return f"The resources of {title(group.api_version)}."


def _entry(resource: Resource) -> ResourceEntry:
    words = (
        f'{resource.class_name} of one namespace, or of all with the namespace "".'
        if resource.namespaced
        else f"{resource.class_name} of the cluster."
    )
    return ResourceEntry(
        accessor=resource.accessor,
        class_name=resource.class_name,
        module=resource.module,
        namespaced=resource.namespaced,
        docstring=text.docstring(words, indent=8),
    )


def clientset_context(api: Api, root: Identifier, sources: str, base: str) -> ClientsetContext:
    """Return the context of the module of the clientset."""
    entries = tuple(
        GroupEntry(
            accessor=group.accessor,
            class_name=group.class_name,
            module=text.code(f"{root}.typed.{group.package[0]}.{group.package[1]}._group"),
            docstring=text.docstring(_group_words(group), indent=8),
        )
        for group in api.groups
    )
    names = ("AsyncClientset as AsyncBaseClientset", "Clientset as BaseClientset") if base else _BASES
    return ClientsetContext(
        header=header(sources, "The clientset: every group version that the documents declare.", root),
        base=text.code(f"{base}.clientset" if base else "kubecore.generated.clients"),
        names_from_base=codes(names),
        groups=entries,
    )
