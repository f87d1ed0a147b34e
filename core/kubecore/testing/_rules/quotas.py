"""Rules of LimitRanges and ResourceQuotas. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore import quantity
from kubecore.testing._rules import checks
from kubecore.testing._rules.resource_names import COUNTED, is_standard
from kubecore.testing._rules.validation import Document, Rules, always
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_AMOUNTS: Final = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_TYPES: Final = ("Container", "PersistentVolumeClaim", "Pod")
_PAGES: Final = ("hugepages-", "requests.hugepages-")
_OF_PODS: Final = frozenset({"cpu", "limits.cpu", "limits.memory", "memory", "pods", "requests.cpu", "requests.memory"})
_SCOPES: Final[Mapping[str, frozenset[str]]] = {
    "BestEffort": frozenset({"pods"}),
    "CrossNamespacePodAffinity": _OF_PODS,
    "NotBestEffort": _OF_PODS,
    "NotTerminating": _OF_PODS,
    "PriorityClass": _OF_PODS,
    "Terminating": _OF_PODS,
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
"""The resources to which each scope applies."""

_OPPOSITES: Final = ({"BestEffort", "NotBestEffort"}, {"NotTerminating", "Terminating"})
_VALUES: Final = "must be {} value when `operator` is '{}' or '{}' for scope selector"
_ONLY_EXISTS: Final = ("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity")


def _limit_range(new: Document) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, item in enumerate(items_at(map_at(new, "spec"), "limits")):
        field, kind = f"spec.limits[{index}]", item.get("type", "")
        faults = list(checks.key(f"{field}.type", kind))
        if not faults and kind not in _TYPES and "/" not in kind:
            faults = [checks.invalid(f"{field}.type", kind, "must be a standard limit type or fully qualified")]
        yield from faults
        if kind in seen:
            yield checks.duplicate(f"{field}.type", kind)
        seen.add(kind)
        yield from _limits(field, kind, item)


def _limits(field: str, kind: str, item: Document) -> Iterator[Cause]:
    names = _AMOUNTS[:2] if kind == "Pod" else _AMOUNTS[:4]
    for part in names if kind in ("Container", "Pod") else ():
        for name in sorted(map_at(item, part)):
            yield from checks.resource_name(f"{field}.{part}[{name}]", name)
    if kind == "Pod":
        for part in ("default", "defaultRequest"):
            if map_at(item, part):
                yield checks.forbidden(f"{field}.{part}", "may not be specified when `type` is 'Pod'")
    if kind == "PersistentVolumeClaim" and not any("storage" in map_at(item, part) for part in ("max", "min")):
        text = "either minimum or maximum storage value is required, but neither was provided"
        yield checks.required(f"{field}.limits", text)
    for name in sorted({name for part in _AMOUNTS for name in map_at(item, part)}):
        yield from _amounts(field, name, *(map_at(item, part).get(name) for part in _AMOUNTS))


def _amounts(field: str, name: str, most: Any, least: Any, limit: Any, request: Any, ratio: Any) -> Iterator[Cause]:
    """Yield the contradictions between the amounts of one resource."""
    for part, one, other, value, text in (
        ("min", least, most, least, "min value {} is greater than max value {}"),
        ("defaultRequest", least, request, request, "min value {} is greater than default request value {}"),
        ("defaultRequest", request, most, request, "default request value {} is greater than max value {}"),
        ("defaultRequest", request, limit, request, "default request value {} is greater than default limit value {}"),
        ("default", least, limit, least, "min value {} is greater than default value {}"),
        ("default", limit, most, most, "default value {} is greater than max value {}"),
    ):
        if one is not None and other is not None and quantity.compare(one, other) > 0:
            yield checks.invalid(f"{field}.{part}[{name}]", value, text.format(one, other))
    if ratio is not None:
        yield from _ratio(f"{field}.maxLimitRequestRatio[{name}]", ratio, most, least)
    if "/" in name and None not in (limit, request) and quantity.compare(limit, request):
        text = f"default value {limit} must equal to defaultRequest value {request} in {name}"
        yield checks.invalid(f"{field}.defaultRequest[{name}]", request, text)


def _ratio(field: str, ratio: Any, most: Any, least: Any) -> Iterator[Cause]:
    if quantity.compare(ratio, 1) < 0:
        yield checks.invalid(field, ratio, f"ratio {ratio} is less than 1")
    if most is not None and least is not None and quantity.parse(least):
        largest = quantity.parse(most) / quantity.parse(least)
        if quantity.parse(ratio) > largest:
            yield checks.invalid(field, ratio, f"ratio {ratio} is greater than max/min = {largest:.6f}")


def _quota(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    hard = map_at(spec, "hard")
    yield from _hard("spec.hard", hard)
    scopes = items_at(spec, "scopes")
    for scope in scopes:
        if scope not in _SCOPES:
            yield checks.invalid("spec.scopes", scopes, "unsupported scope")
        elif any(_is_of_quotas(name) and name not in _SCOPES[scope] for name in hard):
            yield checks.invalid("spec.scopes", scopes, "unsupported scope applied to resource")
    if any(pair <= set(scopes) for pair in _OPPOSITES):
        yield checks.invalid("spec.scopes", scopes, "conflicting scopes")
    for each in items_at(map_at(spec, "scopeSelector"), "matchExpressions"):
        yield from _expression("spec.scopeSelector.matchExpressions", each)


def _expression(field: str, each: Document) -> Iterator[Cause]:
    scope, operator, values = each.get("scopeName", ""), each.get("operator", ""), items_at(each, "values")
    if scope not in _SCOPES:
        yield checks.invalid(f"{field}.scopeName", scope, "unsupported scope")
    elif scope in _ONLY_EXISTS and operator != "Exists":
        known = [f"ResourceQuotaScope{name}" for name in _ONLY_EXISTS]
        text = f"must be 'Exists' when scope is any of {', '.join(known[:-1])} or {known[-1]}"
        yield checks.invalid(f"{field}.operator", operator, text)
    if operator in ("In", "NotIn"):
        if not values:
            yield checks.required(f"{field}.values", _VALUES.format("at least one", "In", "NotIn"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield checks.invalid(f"{field}.values", values, _VALUES.format("no", "Exist", "DoesNotExist"))
    else:
        yield checks.invalid(f"{field}.operator", operator, "not a valid selector operator")


def _hard(field: str, amounts: Mapping[str, Any]) -> Iterator[Cause]:
    for name, value in sorted(amounts.items()):
        place = f"{field}[{name}]"
        faults = list(checks.key(place, name))
        yield from faults
        if "/" not in name and not _is_of_quotas(name):
            if not faults and not is_standard(name):
                yield checks.invalid(place, name, "must be a standard resource type or fully qualified")
            yield checks.invalid(place, name, "must be a standard resource for quota")
        yield from checks.amount(place, value)
        is_counted = name in COUNTED or name.startswith("count/")
        number = quantity.parse(value)
        if is_counted and number != number.to_integral_value():
            yield checks.invalid(place, value, "must be an integer")


def _is_of_quotas(name: str) -> bool:
    return (is_standard(name) and name != "storage") or name.startswith(_PAGES)


def _changed_quota(old: Document, new: Document) -> Iterator[Cause]:
    yield from _quota(new)
    before, after = ({*items_at(map_at(each, "spec"), "scopes")} for each in (old, new))
    if before != after:
        yield checks.invalid("spec.scopes", items_at(map_at(new, "spec"), "scopes"), "field is immutable")


def _quota_status(_old: Document, new: Document) -> Iterator[Cause]:
    for name in ("hard", "used"):
        yield from _hard(f"status.{name}", map_at(map_at(new, "status"), name))


RULES: Final[Mapping[str, Rules]] = {
    "LimitRange": always(_limit_range, is_complete=False),
    "ResourceQuota": Rules(_quota, _changed_quota, _quota_status, is_complete=False),
}
