"""Rules of PersistentVolumes and of StorageClasses. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.claims import access_modes
from kubecore.testing._rules.pod_volumes import host_path, nfs, no_backsteps
from kubecore.testing._rules.scheduling import node_selector
from kubecore.testing._rules.validation import Document, Rules
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_NOT_SOURCES: Final = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    }
)
_RECLAIM: Final = ("Delete", "Recycle", "Retain")


def _volume(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    modes = items_at(spec, "accessModes")
    if not modes:
        yield checks.required("spec.accessModes")
    yield from access_modes("spec.accessModes", modes)
    yield from _capacity(spec)
    affinity = spec.get("nodeAffinity")
    if is_map(affinity):
        yield from _affinity("spec.nodeAffinity", affinity)
    sources = [name for name in spec if name not in _NOT_SOURCES and is_map(spec[name])]
    for name in sources:
        yield from _source(name, spec[name])
    if "local" in sources and affinity is None:
        yield checks.required("spec.nodeAffinity", "Local volume requires node affinity")
    if not sources:
        yield checks.required("spec", "must specify a volume type")
    policy = spec.get("persistentVolumeReclaimPolicy")
    yield from checks.chosen("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM)
    for name in ("storageClassName", "volumeAttributesClassName"):
        if spec.get(name):
            yield from checks.name(f"spec.{name}", spec[name], "subdomain")
    yield from checks.chosen("spec.volumeMode", spec.get("volumeMode", "Filesystem"), ("Block", "Filesystem"))


def _capacity(spec: Document) -> Iterator[Cause]:
    found = spec.get("capacity")
    if not found:
        yield checks.required("spec.capacity")
    if not is_map(found) or set(found) != {"storage"}:
        shown = dict(sorted(found.items())) if is_map(found) else found
        yield checks.unsupported("spec.capacity", shown, ("storage",))
    for name, value in sorted(found.items()) if is_map(found) else ():
        field = f"spec.capacity[{name}]"
        if str(value).startswith("-"):
            text = f"Invalid value: {value}: must be a valid resource quantity"
            yield Cause("FieldValueInvalid", text, field)
        yield from checks.amount(field, value, is_positive=True)


def _affinity(field: str, affinity: Document) -> Iterator[Cause]:
    required = affinity.get("required")
    if not is_map(required):
        yield checks.required(f"{field}.required", "must specify required node constraints")
        return
    yield from node_selector(f"{field}.required", required)


def _source(name: str, source: Document) -> Iterator[Cause]:
    field = f"spec.{name}"
    if name == "local":
        yield from checks.set_fields(field, source, "path")
        yield from no_backsteps(f"{field}.path", source.get("path", ""))
    elif name == "hostPath":
        yield from host_path(field, source)
    elif name == "nfs":
        yield from nfs(field, source)
    elif name == "csi":
        yield from _driver(field, source)


def _driver(field: str, source: Document) -> Iterator[Cause]:
    driver = source.get("driver", "")
    if not driver:
        yield checks.required(f"{field}.driver")
    else:
        if len(driver) > 63:
            yield checks.too_long(f"{field}.driver", 63)
        for cause in checks.name(f"{field}.driver", driver.lower(), "subdomain"):
            yield cause._replace(message=cause.message.replace(driver.lower(), driver, 1))
    if not source.get("volumeHandle"):
        yield checks.required(f"{field}.volumeHandle")
    for name, value in source.items():
        if name.endswith("SecretRef") and is_map(value):
            for part, rule in (("name", "subdomain"), ("namespace", "label")):
                yield from checks.required_name(f"{field}.{name}.{part}", value.get(part, ""), rule)


def _changed_volume(old: Document, new: Document) -> Iterator[Cause]:
    yield from _volume(new)
    before, after = map_at(old, "spec"), map_at(new, "spec")
    sources = [{name: spec[name] for name in spec if name not in _NOT_SOURCES} for spec in (before, after)]
    if sources[0] != sources[1]:
        yield checks.forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation")
    yield from checks.immutable("spec.volumeMode", before.get("volumeMode"), after.get("volumeMode"))


def _class(new: Document) -> Iterator[Cause]:
    provisioner = new.get("provisioner", "")
    if not provisioner:
        yield checks.required("provisioner")
    else:
        yield from checks.key("provisioner", provisioner.lower())
    if "" in map_at(new, "parameters"):
        yield checks.invalid("parameters", "", "field can not be empty.")
    yield from checks.chosen("reclaimPolicy", new.get("reclaimPolicy") or "Delete", ("Delete", "Retain"))
    modes = ("Immediate", "WaitForFirstConsumer")
    yield from checks.chosen("volumeBindingMode", new.get("volumeBindingMode"), modes)
    yield from _topologies(items_at(new, "allowedTopologies"))


def _topologies(terms: list[Document]) -> Iterator[Cause]:
    seen: list[str] = []
    for index, term in enumerate(terms):
        field, keys = f"allowedTopologies[{index}].matchLabelExpressions", set[str]()
        expressions = items_at(term, "matchLabelExpressions")
        for at, each in enumerate(expressions):
            place, values = f"{field}[{at}]", items_at(each, "values")
            if not values:
                yield checks.required(f"{place}.values")
            for position, value in enumerate(values):
                if value in values[:position]:
                    yield checks.duplicate(f"{place}.values[{position}]", value)
            yield from checks.key(f"{place}.key", each.get("key", ""))
            if each.get("key", "") in keys:
                yield checks.duplicate(f"{place}.key", each.get("key", ""))
            keys.add(each.get("key", ""))
        shape = json.dumps({each.get("key", ""): sorted(items_at(each, "values")) for each in expressions})
        if shape in seen or not expressions:
            yield checks.duplicate(field, "")
        seen.append(shape)


def _changed_class(old: Document, new: Document) -> Iterator[Cause]:
    yield from _class(new)
    if map_at(old, "parameters") != map_at(new, "parameters"):
        yield checks.forbidden("parameters", "updates to parameters are forbidden.")
    if old.get("provisioner") != new.get("provisioner"):
        yield checks.forbidden("provisioner", "updates to provisioner are forbidden.")
    if old.get("reclaimPolicy") != new.get("reclaimPolicy"):
        yield checks.forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden.")
    yield from checks.immutable("volumeBindingMode", old.get("volumeBindingMode"), new.get("volumeBindingMode"))


RULES: Final[Mapping[str, Rules]] = {
    "PersistentVolume": Rules(create=_volume, update=_changed_volume, is_complete=False),
    "StorageClass": Rules(create=_class, update=_changed_class, is_complete=False),
}
