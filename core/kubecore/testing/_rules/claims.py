"""Rules of PersistentVolumeClaims. No I/O."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore import quantity
from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document, Rules
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES", "access_modes"]

_ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES: Final = ("Block", "Filesystem")
_ALONE: Final = "may not use ReadWriteOncePod with other access modes"
_CLASS: Final = "volumeAttributesClassName"
_FIXED: Final = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)


def _claim(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    modes = items_at(spec, "accessModes")
    if not modes:
        yield checks.required("spec.accessModes", "at least 1 access mode is required")
    if is_map(spec.get("selector")):
        yield from checks.label_selector("spec.selector", spec["selector"])
    yield from access_modes("spec.accessModes", modes)
    yield from _size(spec)
    for name in ("storageClassName", _CLASS):
        if spec.get(name):
            yield from checks.name(f"spec.{name}", spec[name], "subdomain")
    yield from checks.chosen("spec.volumeMode", spec.get("volumeMode", "Filesystem"), _VOLUME_MODES)
    yield from _sources(spec)


def access_modes(field: str, modes: list[str]) -> Iterator[Cause]:
    """Yield the faults of the access modes of a claim or of a volume."""
    for mode in modes:
        yield from checks.chosen(field, mode, _ACCESS_MODES)
    if "ReadWriteOncePod" in modes and len(set(modes)) > 1:
        yield checks.forbidden(field, _ALONE)


def _size(spec: Document) -> Iterator[Cause]:
    size = map_at(map_at(spec, "resources"), "requests").get("storage")
    if size is None:
        yield checks.required("spec.resources[storage]")
    else:
        yield from checks.amount("spec.resources[storage]", size, is_positive=True)


def _sources(spec: Document) -> Iterator[Cause]:
    for name in ("dataSource", "dataSourceRef"):
        source = spec.get(name)
        if not is_map(source):
            continue
        field = f"spec.{name}"
        yield from checks.set_fields(field, source, "name", "kind")
        if not source.get("apiGroup") and source.get("kind") != "PersistentVolumeClaim":
            text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
            yield checks.invalid(field, source.get("kind", ""), text)
        if source.get("apiGroup"):
            yield from checks.name(f"{field}.apiGroup", source["apiGroup"], "subdomain")
    yield from _both_sources(spec.get("dataSource"), spec.get("dataSourceRef"))


def _both_sources(source: Any, ref: Any) -> Iterator[Cause]:
    if not is_map(ref):
        return
    if ref.get("namespace"):
        yield from checks.name("spec.dataSourceRef.namespace", ref["namespace"], "label")
        if is_map(source):
            yield checks.invalid("spec", {}, "may not be specified when dataSourceRef.namespace is specified")
    elif is_map(source) and any(source.get(name) != ref.get(name) for name in ("apiGroup", "kind", "name")):
        yield checks.invalid("spec", {}, "must match dataSourceRef")


def _changed(old: Document, new: Document) -> Iterator[Cause]:
    yield from _claim(new)
    before, after = dict(map_at(old, "spec")), dict(map_at(new, "spec"))
    is_bound = map_at(old, "status").get("phase") == "Bound"
    if not before.get("volumeName"):
        before["volumeName"] = after.get("volumeName", "")
    resized = list(_resized(before, after, map_at(map_at(old, "status"), "capacity").get("storage")))
    if not before.get("storageClassName"):
        before["storageClassName"] = after.get("storageClassName")
    if is_bound and "storage" in map_at(map_at(after, "resources"), "requests"):
        before["resources"], before["volumeAttributesClassName"] = _requesting(before, after), after.get(_CLASS)
    left, right = _internal(before), _internal(after)
    if left != right:
        yield checks.forbidden("spec", f"{_FIXED}\n{_difference(left, right)}")
    yield from resized
    if before.get("volumeMode") != after.get("volumeMode"):
        yield checks.changed("volumeMode", after.get("volumeMode"))


def _requesting(before: Document, after: Document) -> Document:
    """Return the stored resources with the requests of the new spec, which a bound claim can change."""
    return {**map_at(before, "resources"), "requests": map_at(map_at(after, "resources"), "requests")}


def _internal(spec: Document) -> Document:
    """Return a spec as the server writes it in the fault of a change."""
    resources = map_at(spec, "resources")
    return {
        "AccessModes": spec.get("accessModes") or None,
        "Selector": spec.get("selector"),
        "Resources": {"Limits": resources.get("limits"), "Requests": resources.get("requests") or None},
        "VolumeName": spec.get("volumeName", ""),
        "StorageClassName": spec.get("storageClassName"),
        "VolumeMode": spec.get("volumeMode"),
        "DataSource": _internal_source(spec.get("dataSource"), ("apiGroup", "kind", "name")),
        "DataSourceRef": _internal_source(spec.get("dataSourceRef"), ("apiGroup", "kind", "name", "namespace")),
        "VolumeAttributesClassName": spec.get("volumeAttributesClassName"),
    }


def _internal_source(source: Any, names: tuple[str, ...]) -> Document | None:
    if not is_map(source):
        return None
    return {"APIGroup" if name == "apiGroup" else name.capitalize(): source.get(name) for name in names}


def _difference(old: Document, new: Document) -> str:
    left, right = (json.dumps(spec, indent=1).splitlines(keepends=True) for spec in (old, new))
    lines = [f"{line.rstrip()}\n" for line in difflib.unified_diff(left, right)]
    return "".join(lines[2:])


def _resized(before: Document, after: Document, actual: Any) -> Iterator[Cause]:
    old, new = (map_at(map_at(spec, "resources"), "requests").get("storage") for spec in (before, after))
    if old is None or (new is not None and quantity.compare(new, old) >= 0):
        return
    if new is None or actual is None or quantity.compare(new, actual) <= 0:
        yield checks.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")


RULES: Final[Mapping[str, Rules]] = {"PersistentVolumeClaim": Rules(create=_claim, update=_changed)}
