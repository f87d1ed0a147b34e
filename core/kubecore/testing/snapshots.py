"""Snapshots of the objects of a cluster: normalised ones to compare, and whole ones to return to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.testing._server import store

__all__ = ["Checkpoint", "normalised"]

_UID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


class Checkpoint:
    """The state of all objects at one moment; `FakeCluster.restore` returns to it.

    Attributes:
        revision: The revision of the server at that moment.

    Args:
        state: The objects.
    """

    def __init__(self, state: store.Snapshot) -> None:
        self.revision: Final[int] = state.revision
        self.state: Final[store.Snapshot] = state


def normalised(documents: Iterable[dict[str, Any]], *, managed_fields: bool = False) -> dict[str, dict[str, Any]]:
    """Return objects by apiVersion, kind, namespace and name, without values that differ between runs.

    Uids, versions and times are replaced by their position: `uid-1`, `version-1`, `time-1`. The order of versions and
    times is that of their values.

    Args:
        documents: The objects.
        managed_fields: Whether `metadata.managedFields` are kept.
    """
    found: dict[str, dict[str, Any]] = {}
    for document in documents:
        metadata = document["metadata"]
        if not managed_fields:
            metadata.pop("managedFields", None)
        name = "/".join(each for each in (metadata.get("namespace"), metadata["name"]) if each)
        found[f"{document['apiVersion']} {document['kind']} {name}"] = document
    ordered = {key: found[key] for key in sorted(found)}
    replace = _replacements(ordered)
    return {key: _replaced(document, replace) for key, document in ordered.items()}


def _replacements(documents: dict[str, dict[str, Any]]) -> dict[str, str]:
    versions = {str(document["metadata"].get("resourceVersion", "")) for document in documents.values()} - {""}
    texts = list(dict.fromkeys(_texts(list(documents.values()))))
    times = sorted(each for each in texts if _TIME.fullmatch(each))
    own = (str(document["metadata"].get("uid", "")) for document in documents.values())
    uids = list(dict.fromkeys(each for each in (*own, *texts) if _UID.fullmatch(each)))
    return {
        **{each: f"version-{number}" for number, each in enumerate(sorted(versions, key=_number), 1)},
        **{each: f"time-{number}" for number, each in enumerate(times, 1)},
        **{each: f"uid-{number}" for number, each in enumerate(uids, 1)},
    }


def _number(version: str) -> tuple[int, str]:
    return len(version), version


def _texts(root: object) -> Iterator[str]:
    """Yield all texts in a value, in order."""
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif is_json_object(each):
            waiting += reversed(list(each.values()))
        elif is_json_array(each):
            waiting += reversed(each)


def _replaced(document: dict[str, Any], replace: dict[str, str]) -> dict[str, Any]:
    """Replace texts, and the version of the object, in place."""
    metadata = document["metadata"]
    if "resourceVersion" in metadata:
        metadata["resourceVersion"] = replace[metadata["resourceVersion"]]
    waiting: list[Any] = [document]
    while waiting:
        parent = each = waiting.pop()
        keys: list[Any] = list(each) if is_json_object(each) else list(range(len(each)))
        for key in keys:
            value = parent[key]
            if isinstance(value, str):
                if _TIME.fullmatch(value) or _UID.fullmatch(value):
                    parent[key] = replace[value]
            elif is_json_object(value) or is_json_array(value):
                waiting.append(value)
    return document
