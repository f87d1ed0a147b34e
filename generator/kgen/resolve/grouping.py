"""What groups are called that begin alike, such as `example.com` and `example.net`.

What has a name keeps it: a group is called as in the package that was generated before. A group that comes later than
one with the same first label gets its whole name; where several come at once, each does. So neither the order of
documents nor the alphabet decides anything, and no group renames another.
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
    """Return what each group is called.

    Args:
        spec: What the documents say.
        hand: Names set by hand; a group that has them for all its versions takes no name from another.
        kept: The folders of groups in the package as it was generated before; one that no rule gives is passed over.
        problems: Told of groups that come at once: without the package a later group would have changed their names.
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
        hint=f"keep the generated package, which remembers it, or say it in [tool.kgen.names]: {', '.join(lines)}",
    )


def _whole(document: Document) -> str:
    return group_version_name(document.group, document.version, group_names(document.group)[-1])
