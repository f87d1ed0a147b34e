"""The rules of the volumes of pods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["SOURCES", "host_path", "local_path", "nfs", "no_backsteps", "volumes"]

_MODE_TEXT: Final = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES: Final = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_SPELLINGS: Final = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
"""Names in the fault of a second source that differ from the fields: the real server has them."""


def volumes(field: str, found: list[Any]) -> tuple[list[Cause], set[str]]:
    """Return the faults of volumes, and the names of the valid ones."""
    causes: list[Cause] = []
    names: set[str] = set()
    for index, volume in enumerate(found):
        place = f"{field}[{index}]"
        faults = list(_source(place, volume))
        name = volume.get("name", "")
        if not name:
            faults.append(checks.required(f"{place}.name"))
        else:
            faults += checks.name(f"{place}.name", name, "label")
        if name in names:
            faults.append(checks.duplicate(f"{place}.name", name))
        if not faults:
            names.add(name)
        causes += faults
    return causes, names


def _source(field: str, volume: Document) -> Iterator[Cause]:
    present = [name for name in SOURCES if volume.get(name) is not None]
    if not present:
        yield checks.required(field, "must specify a volume type")
        return
    check = SOURCES[present[0]]
    if check is not None:
        yield from check(f"{field}.{_FIELDS.get(present[0], present[0])}", volume[present[0]])
    for name in present[1:]:
        yield checks.forbidden(f"{field}.{_SPELLINGS.get(name, name)}", "may not specify more than 1 volume type")


def _needs(*names: str) -> Callable[[str, Document], Iterator[Cause]]:
    """Return a rule for fields that must be set."""

    def check(field: str, source: Document) -> Iterator[Cause]:
        yield from checks.set_fields(field, source, *names)

    return check


def _mode(field: str, value: Any) -> Iterator[Cause]:
    if value is not None and not 0 <= value <= 0o777:
        yield checks.invalid(field, value, _MODE_TEXT)


def local_path(field: str, path: str) -> Iterator[Cause]:
    """Yield the faults of a path below a volume."""
    if path.startswith("/"):
        yield checks.invalid(field, path, "must be a relative path")
    yield from no_backsteps(field, path)


def no_backsteps(field: str, path: str) -> Iterator[Cause]:
    """Yield the fault of a path that leaves its folder."""
    if ".." in path.split("/"):
        yield checks.invalid(field, path, "must not contain '..'")


def _key_path(field: str, item: Document) -> Iterator[Cause]:
    yield from checks.set_fields(field, item, "key", "path")
    path = item.get("path", "")
    yield from local_path(f"{field}.path", path)
    if path.startswith("..") and not path.startswith("../") and path != "..":
        yield checks.invalid(f"{field}.path", path, "must not start with '..'")
    yield from _mode(f"{field}.mode", item.get("mode"))


def _items(field: str, source: Document) -> Iterator[Cause]:
    for index, item in enumerate(items_at(source, "items")):
        yield from _key_path(f"{field}.items[{index}]", item)


def _empty_dir(field: str, source: Document) -> Iterator[Cause]:
    if source.get("sizeLimit") is not None:
        number = checks.amount(f"{field}.sizeLimit", source["sizeLimit"])
        if list(number):
            yield checks.forbidden(f"{field}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def host_path(field: str, source: Document) -> Iterator[Cause]:
    """Yield the faults of a folder or a file of a node."""
    path = source.get("path", "")
    if not path:
        yield checks.required(f"{field}.path")
        return
    yield from no_backsteps(f"{field}.path", path)
    yield from checks.chosen(f"{field}.type", source.get("type"), _HOST_PATH_TYPES)


def _secret(field: str, source: Document) -> Iterator[Cause]:
    yield from checks.set_fields(field, source, "secretName")
    yield from _mode(f"{field}.defaultMode", source.get("defaultMode"))
    yield from _items(field, source)


def _config_map(field: str, source: Document) -> Iterator[Cause]:
    yield from checks.set_fields(field, source, "name")
    yield from _mode(f"{field}.defaultMode", source.get("defaultMode"))
    yield from _items(field, source)


def nfs(field: str, source: Document) -> Iterator[Cause]:
    """Yield the faults of a folder of an NFS server."""
    yield from checks.set_fields(field, source, "server", "path")
    if not source.get("path", "").startswith("/"):
        yield checks.invalid(f"{field}.path", source.get("path", ""), "must be an absolute path")


def _flocker(field: str, source: Document) -> Iterator[Cause]:
    if not source.get("datasetName") and not source.get("datasetUUID"):
        yield checks.required(field, "one of datasetName and datasetUUID is required")


def _fc(field: str, source: Document) -> Iterator[Cause]:
    if not source.get("targetWWNs") and not source.get("wwids"):
        yield checks.required(f"{field}.targetWWNs", "must specify either targetWWNs or wwids, but not both")
    elif source.get("targetWWNs") and source.get("lun") is None:
        yield checks.required(f"{field}.lun", "lun is required if targetWWNs is specified")


def _quobyte(field: str, source: Document) -> Iterator[Cause]:
    if not source.get("registry"):
        yield checks.required(f"{field}.registry", "must be a host:port pair or multiple pairs separated by commas")
    if not source.get("volume"):
        yield checks.required(f"{field}.volume")


def _downward(field: str, source: Document) -> Iterator[Cause]:
    yield from _mode(f"{field}.defaultMode", source.get("defaultMode"))
    for index, item in enumerate(items_at(source, "items")):
        place = f"{field}[{index}]"
        if not item.get("path"):
            yield checks.required(f"{place}.path")
        yield from local_path(f"{place}.path", item.get("path", ""))
        if not item.get("fieldRef") and not item.get("resourceFieldRef"):
            yield checks.required(place, "one of fieldRef and resourceFieldRef is required")


def _projected(field: str, source: Document) -> Iterator[Cause]:
    yield from _mode(f"{field}.defaultMode", source.get("defaultMode"))
    for index, item in enumerate(items_at(source, "sources")):
        place = f"{field}.sources[{index}]"
        if not item:
            yield checks.required(place, "must specify a projection type")
        for name in ("secret", "configMap"):
            if item.get(name) is not None and not item[name].get("name"):
                yield checks.required(f"{place}.{name}.name")
        token = map_at(item, "serviceAccountToken")
        if token and not token.get("path"):
            yield checks.required(f"{place}.serviceAccountToken.path")


SOURCES: Final[Mapping[str, Callable[[str, Document], Iterator[Cause]] | None]] = {
    "emptyDir": _empty_dir,
    "hostPath": host_path,
    "gitRepo": _needs("repository"),
    "gcePersistentDisk": _needs("pdName"),
    "awsElasticBlockStore": _needs("volumeID"),
    "secret": _secret,
    "nfs": nfs,
    "iscsi": _needs("targetPortal", "iqn"),
    "glusterfs": _needs("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": _needs("claimName"),
    "rbd": _needs("monitors", "image"),
    "cinder": _needs("volumeID"),
    "cephfs": _needs("monitors"),
    "quobyte": _quobyte,
    "downwardAPI": _downward,
    "fc": _fc,
    "flexVolume": _needs("driver"),
    "configMap": _config_map,
    "azureFile": _needs("secretName", "shareName"),
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _needs("diskName", "diskURI"),
    "storageos": None,
    "projected": _projected,
    "scaleIO": _needs("gateway", "system", "secretRef", "volumeName"),
    "csi": _needs("driver"),
    "ephemeral": _needs("volumeClaimTemplate"),
    "image": None,
}
"""The sources of volumes in the order in which the server looks for them, each with its rule."""

_FIELDS: Final = {"gcePersistentDisk": "persistentDisk"}
"""Names in faults of a source that differ from its field: the real server has them."""
