"""Files with the objects that a test expects: a readable difference, and the file written again."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from kubecore._support.json_types import is_json_array, is_json_object
from kubecore.manifests import dump_manifests, load_manifests
from kubecore.model import Model

__all__ = ["Find", "check_objects", "selected", "without_server_fields"]

Find: TypeAlias = Callable[[str, str, str, str], "dict[str, Any] | None"]
"""Returns an object by apiVersion, kind, namespace and name; None if it is missing."""

_SET_BY_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink")


def check_objects(
    file: str | Path,
    find: Find,
    *,
    is_update: bool,
    present: Callable[[], Iterable[dict[str, Any]]] = tuple,
    namespace: str = "default",
) -> None:
    """Compare objects with a file: every field in the file must have the same value in the cluster.

    Args:
        file: The path of the file.
        find: Returns an object of the cluster.
        is_update: Whether the file is written instead.
        present: Returns the objects for a new file.
        namespace: The namespace of objects without one.

    Raises:
        AssertionError: The objects differ, or the file has no objects.
        FileNotFoundError: The file is missing, and is not written.
        DecodeError: It is not YAML with objects.
        TypeError: The argument is not a path.
    """
    file = _path(file)
    if not file.exists():
        if not is_update:
            raise FileNotFoundError(f"{file} is missing; pytest --kube-update writes it")
        file.write_text(dump_manifests(without_server_fields(each) for each in present()), "utf-8")
        return
    expected = [_plain(each) for each in load_manifests(file.read_text("utf-8"), models={}, source=str(file))]
    if not expected:
        raise AssertionError(
            f"{file} has no objects, so nothing can differ; remove it, and pytest --kube-update writes it"
        )
    found: list[dict[str, Any]] = []
    for each in expected:
        metadata: dict[str, Any] = each.get("metadata") or {}
        place = metadata.get("namespace") or namespace, metadata.get("name", "")
        document = find(each.get("apiVersion", ""), each.get("kind", ""), *place)
        if document is not None:
            found.append(selected(document, each))
    if found == expected:
        return
    if is_update:
        file.write_text(dump_manifests(found), "utf-8")
        return
    raise AssertionError(_difference(file, expected, found))


def selected(document: Mapping[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an object that another one has, in the order of the other one.

    The items of lists are compared by position. A list of another length is returned completely.

    Args:
        document: The object.
        shape: The other one.
    """
    root: dict[str, Any] = {}
    waiting: list[tuple[Any, Any, Any]] = [(root, document, shape)]
    while waiting:
        target, found, wanted = waiting.pop()
        keys: list[Any] = list(wanted) if is_json_object(wanted) else list(range(len(wanted)))
        for key in keys:
            if is_json_object(found) and key not in found:
                continue
            value, part = found[key], wanted[key]
            if is_json_object(value) and is_json_object(part):
                made: Any = {}
            elif is_json_array(value) and is_json_array(part) and len(value) == len(part):
                made = [None] * len(part)
            else:
                target[key] = copy.deepcopy(value)
                continue
            target[key] = made
            waiting.append((made, value, part))
    return root


def without_server_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without the metadata that the server sets."""
    metadata = {key: value for key, value in document["metadata"].items() if key not in _SET_BY_SERVER}
    return {"apiVersion": document["apiVersion"], "kind": document["kind"], **document, "metadata": metadata}


def _path(file: object) -> Path:
    if isinstance(file, str | Path) and "\n" not in str(file):
        return Path(file)
    found = "a text with line breaks" if isinstance(file, str) else f"a {type(file).__name__}"
    raise TypeError(f"assert_objects compares with a file: expected its path, not {found}")


def _plain(document: Model | dict[str, Any]) -> dict[str, Any]:
    return document.to_dict() if isinstance(document, Model) else document


def _difference(file: Path, expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> str:
    """Return the lines that differ, in the notation of `diff -u`."""
    before, after = (dump_manifests(each).splitlines() for each in (expected, found))
    lines = difflib.unified_diff(before, after, str(file), "the cluster", lineterm="", n=5)
    return "\n".join(["the objects differ; pytest --kube-update writes the file again", *lines])
