"""Names of groups with the same first label, such as `example.com` and `example.net`.

Existing names are kept: a group has the same name as in the existing package. If a group is added after another one
with the same first label, it gets its full name. If several are added at once, each gets its full name. So neither the
order of documents nor the alphabet decides anything, and no group renames another.
"""

from __future__ import annotations

from collections.abc import Mapping

from kgen.errors import Problems
from kgen.names import group_folder, group_names, group_version_name
from kgen.spec import ApiSpec, Document

__all__ = ["group_names_of"]


def group_names_of(
    spec: ApiSpec, hand: Mapping[str, str], kept: Mapping[str, str], problems: Problems
) -> Mapping[str, str]:
    """Return the name of each group.

    Args:
        spec: The content of the documents.
        hand: Custom names; a group that has them for all its versions does not affect the names of others.
        kept: The folders of groups in the package as it was generated before; a name that no rule allows is ignored.
        problems: Receives a problem for groups that are added at once: without the package a later group would have
            changed their names.
    """
    groups = {
        document.group
        for document in spec.documents
        if document.version and document.api_version not in hand and document.operations
    }
    called = {
        group: name for group in sorted(groups) for name in group_names(group) if kept.get(group) == group_folder(name)
    }
    rivals: dict[str, list[str]] = {}
    for group in sorted(groups):
        rivals.setdefault(group_names(group)[0], []).append(group)
    for name, alike in rivals.items():
        fresh = [group for group in alike if group not in called]
        is_free = len(alike) == 1 and group_folder(name) not in kept.values()
        called.update({group: group_names(group)[0 if is_free else -1] for group in fresh})
        if len(fresh) > 1 and len(fresh) == len(alike):
            _tell(fresh, spec, problems)
    return called


def _tell(groups: list[str], spec: ApiSpec, problems: Problems) -> None:
    documents = [document for document in spec.documents if document.group in groups and document.version]
    lines = [f'"{it.api_version}" = "{_whole(it)}"' for it in documents]
    problems.warn(
        f"{' and '.join(groups)} begin alike: each is called by its whole name",
        where=documents[0].source,
        hint=f"keep the generated package, which records it, or set it in [tool.kgen.names]: {', '.join(lines)}",
    )


def _whole(document: Document) -> str:
    return group_version_name(document.group, document.version, group_names(document.group)[-1])
