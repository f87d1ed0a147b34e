"""The rules of volumes that containers mount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.pod_volumes import local_path
from kubecore.testing._rules.validation import Document
from kubecore.testing._schemas.json_values import items_at
from kubecore.testing._server.failures import Cause

__all__ = ["mounts"]

_PROPAGATIONS: Final = ("Bidirectional", "HostToContainer", "None")


def mounts(field: str, container: Document, names: set[str]) -> Iterator[Cause]:
    """Yield the faults of the mounted volumes and devices of a container.

    Args:
        field: The path of the container.
        container: The container.
        names: The names of the valid volumes of the pod.
    """
    yield from _mounts(f"{field}.volumeMounts", items_at(container, "volumeMounts"), names)
    for index, device in enumerate(items_at(container, "volumeDevices")):
        yield from _volume(f"{field}.volumeDevices[{index}]", device, names)
        yield from checks.set_fields(f"{field}.volumeDevices[{index}]", device, "devicePath")


def _mounts(field: str, found: list[Any], names: set[str]) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, mount in enumerate(found):
        place, path = f"{field}[{index}]", mount.get("mountPath", "")
        yield from _volume(place, mount, names)
        if not path:
            yield checks.required(f"{place}.mountPath")
        if path in seen:
            yield checks.invalid(f"{place}.mountPath", path, "must be unique")
        seen.add(path)
        for one in ("subPath", "subPathExpr"):
            if mount.get(one):
                yield from local_path(f"{place}.{one}", mount[one])
        if mount.get("subPath") and mount.get("subPathExpr"):
            text = "subPathExpr and subPath are mutually exclusive"
            yield checks.invalid(f"{place}.subPathExpr", mount["subPathExpr"], text)
        yield from checks.optional(f"{field}.mountPropagation", mount.get("mountPropagation"), _PROPAGATIONS)
        yield from _recursive(f"{field}.recursiveReadOnly", mount)


def _recursive(field: str, mount: Document) -> Iterator[Cause]:
    value = mount.get("recursiveReadOnly")
    yield from checks.optional(field, value, ("Disabled", "Enabled", "IfPossible"))
    if value in ("Enabled", "IfPossible") and not mount.get("readOnly"):
        yield checks.forbidden(field, "may only be specified when readOnly is true")


def _volume(field: str, found: Document, names: set[str]) -> Iterator[Cause]:
    """Yield the faults of the name of a volume."""
    name = found.get("name", "")
    if not name:
        yield checks.required(f"{field}.name")
    if name not in names:
        yield Cause("FieldValueNotFound", f"Not found: {checks.shown(name)}", f"{field}.name")
