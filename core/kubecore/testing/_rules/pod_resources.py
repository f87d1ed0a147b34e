"""The resources of a whole pod: their defaults, their rules, and the class of the pod. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from kubecore import quantity
from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["counted_containers", "pod_resources", "with_pod_resources"]

_SUPPORTED: Final = ("cpu", "memory")
_PREFIX: Final = "hugepages-"
_KINDS: Final = ("limits", "requests")
Amounts = dict[str, str]


def counted_containers(spec: Document) -> list[Any]:
    """Return the containers whose resources decide on the class of a pod: the pod itself, if it has resources."""
    if _is_set(spec):
        return [spec]
    return [*items_at(spec, "containers"), *items_at(spec, "initContainers")]


def with_pod_resources(spec: Document) -> Document:
    """Return a spec with the defaults of the resources of the pod: those of its containers, else requests from limits.

    Args:
        spec: The spec with the defaults of its containers. Without resources of the pod there are no defaults.
    """
    if not _is_set(spec):
        return spec
    limits, requested = (dict(map_at(spec["resources"], kind)) for kind in _KINDS)
    of_limits = {name: amount for name, amount in limits.items() if _is_supported(name)}
    requested = {**of_limits, **_total(spec, "requests"), **requested}
    for name, amount in _total(spec, "limits").items():
        if name not in limits and all(name in _amounts(each, "limits") for each in items_at(spec, "containers")):
            limits[name] = _larger(amount, requested.get(name, "0"))
    found = {"limits": limits, "requests": requested}
    made = {kind: dict(sorted(amounts.items())) for kind, amounts in found.items() if amounts}
    return {**spec, "resources": {**spec["resources"], **made}}


def pod_resources(field: str, spec: Document) -> Iterator[Cause]:
    """Yield the faults of the resources of a pod.

    Args:
        field: The path of the resources.
        spec: The pod's spec.
    """
    resources = map_at(spec, "resources")
    for index, claim in enumerate(items_at(resources, "claims")):
        if not index:
            yield checks.forbidden(f"{field}.claims", "claims may not be set for Resources at pod-level")
        if not items_at(spec, "resourceClaims"):
            name = checks.shown(claim.get("name", ""))
            text = f"Not found: {name}: must be one of the names in pod.spec.resourceClaims which is empty"
            yield Cause("FieldValueNotFound", text, f"{field}.claims[{index}]")
    limits, requested = (map_at(resources, kind) for kind in _KINDS)
    for kind, amounts in (("limits", limits), ("requests", requested)):
        for name, value in sorted(amounts.items()):
            if not _is_supported(name):
                yield checks.unsupported(f"{field}.{kind}[{name}]", name, ("cpu", _PREFIX, "memory"))
            else:
                yield from checks.amount(f"{field}.{kind}[{name}]", value)
    yield from _fitting(field, spec, limits, requested)


def _fitting(field: str, spec: Document, limits: Amounts, requested: Amounts) -> Iterator[Cause]:
    for name, value in sorted(requested.items()):
        if name in limits and quantity.compare(value, limits[name]) > 0:
            yield checks.invalid(
                f"{field}.requests", value, f"must be less than or equal to {name} limit of {limits[name]}"
            )
        elif "/" in name and name not in limits:
            yield checks.required(f"{field}.limits", "Limit must be set for non overcommitable resources")
    for name, total in sorted(_total(spec, "requests").items()):
        if name in requested and quantity.compare(requested[name], total) < 0:
            text = f"must be greater than or equal to aggregate container requests of {total}"
            yield checks.invalid(f"{field}.requests[{name}]", requested[name], text)
    for index, each in enumerate(items_at(spec, "containers")):
        for name, value in sorted(_amounts(each, "limits").items()):
            if name in limits and quantity.compare(value, limits[name]) > 0:
                text = f"must be less than or equal to pod limits of {limits[name]}"
                yield checks.invalid(f"{field}.containers[{index}][{name}].limits", value, text)


def _is_set(spec: Document) -> bool:
    resources = map_at(spec, "resources")
    return any(map_at(resources, kind) for kind in _KINDS)


def _is_supported(name: str) -> bool:
    return name in _SUPPORTED or name.startswith(_PREFIX)


def _amounts(container: Any, kind: str) -> Amounts:
    found = map_at(map_at(container, "resources"), kind)
    return {name: amount for name, amount in found.items() if _is_supported(name)}


def _total(spec: Document, kind: str) -> Amounts:
    """Return the amounts that all containers need at once; init containers run before the others."""
    total: Amounts = {}
    for each in items_at(spec, "containers"):
        _join(total, _amounts(each, kind), _sum)
    running: Amounts = {}
    first: Amounts = {}
    for each in items_at(spec, "initContainers"):
        amounts = _amounts(each, kind)
        if each.get("restartPolicy") == "Always":
            _join(total, amounts, _sum)
            _join(running, amounts, _sum)
            amounts = {}
        needed = dict(running)
        _join(needed, amounts, _sum)
        _join(first, needed, _larger)
    _join(total, first, _larger)
    return total


def _join(total: Amounts, amounts: Amounts, function: Callable[[str, str], str]) -> None:
    for name, amount in amounts.items():
        total[name] = function(total[name], amount) if name in total else amount


def _sum(one: str, other: str) -> str:
    style: quantity.Style = "binary" if one.endswith("i") else "decimal"
    return quantity.format(quantity.parse(one) + quantity.parse(other), style=style)


def _larger(one: str, other: str) -> str:
    return other if quantity.compare(other, one) > 0 else one
