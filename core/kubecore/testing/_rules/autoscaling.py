"""Rules of HorizontalPodAutoscalers and of PodDisruptionBudgets. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from kubecore import quantity
from kubecore.testing._rules import checks
from kubecore.testing._rules.validation import Document, Rules, always
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES"]

_SOURCES: Final = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_OF_RESOURCES: Final = ("ContainerResource", "Resource")
"""The sources that are not checked if the metric has another type."""

_CORE: Final = ("v1", "ReplicationController")
"""The only target of the group without a name."""

_TARGETS: Final = ("Utilization", "Value", "AverageValue")
_LONGEST_WINDOW: Final = 3600
_LONGEST_PERIOD: Final = 1800


def _autoscaler(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    least, most, metrics = spec.get("minReplicas"), spec.get("maxReplicas", 0), items_at(spec, "metrics")
    yield from checks.at_least("spec.minReplicas", least, 0)
    if least is not None and most < least:
        yield checks.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    yield from _target_reference("spec.scaleTargetRef", map_at(spec, "scaleTargetRef"), has_version=True)
    for index, metric in enumerate(metrics):
        yield from _metric(f"spec.metrics[{index}]", metric)
    target = spec.get("targetCPUUtilizationPercentage")  # Of v1; the server reads it as a metric.
    if target is not None:
        field = "spec.metrics[0].resource.target.averageUtilization"
        yield from checks.at_least(field, target, 1, "must be greater than 0")
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        text = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield checks.forbidden("spec.metrics", text)
    behavior = map_at(spec, "behavior")
    for name in ("scaleUp", "scaleDown"):
        if is_map(behavior.get(name)):
            yield from _scaling(f"spec.behavior.{name}", behavior[name])
    if most == 0:
        yield checks.required("spec.maxReplicas")
    elif most < 1:
        yield checks.invalid("spec.maxReplicas", most, "must be greater than or equal to 1")


def _autoscaler_status(_old: Document, new: Document) -> Iterator[Cause]:
    status = map_at(new, "status")
    for name in ("currentReplicas", "desiredReplicas"):
        yield from checks.at_least(f"status.{name}", status.get(name), 0)


def _target_reference(field: str, ref: Document, *, has_version: bool = False) -> Iterator[Cause]:
    for name in ("kind", "name"):
        yield from checks.required_name(f"{field}.{name}", ref.get(name, ""), "path")
    version = ref.get("apiVersion", "")
    if has_version and version.count("/") > 1:
        yield checks.invalid(f"{field}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    elif has_version and not version.rpartition("/")[0] and (version, ref.get("kind")) != _CORE:
        yield checks.invalid(f"{field}.apiVersion", version, "apiVersion must specify API group")


def _metric(field: str, metric: Document) -> Iterator[Cause]:
    kind = metric.get("type", "")
    if not kind:
        yield checks.required(f"{field}.type", "must specify a metric source type")
    yield from checks.chosen(f"{field}.type", kind, tuple(_SOURCES))
    for each, name in _SOURCES.items():
        source = metric.get(name)
        if is_map(source) and (each == kind or each not in _OF_RESOURCES):
            yield from _CHECKS[each](f"{field}.{name}", source)
    for each, name in _SOURCES.items():
        if is_map(metric.get(name)) and each != kind and kind in _SOURCES:
            yield checks.forbidden(f"{field}.{name}", "must populate the given metric source only")
    if kind in _SOURCES and not is_map(metric.get(_SOURCES[kind])):
        yield checks.required(f"{field}.{_SOURCES[kind]}", "must populate information for the given metric source")


def _resource(field: str, source: Document) -> Iterator[Cause]:
    if not source.get("name"):
        yield checks.required(f"{field}.name", "must specify a resource name")
    yield from _utilization(f"{field}.target", map_at(source, "target"))


def _container_resource(field: str, source: Document) -> Iterator[Cause]:
    name, container = source.get("name", ""), source.get("container", "")
    if not name:
        yield checks.required(f"{field}.name", "must specify a resource name")
    else:
        yield from checks.resource_name(f"{field}.name", name)
    yield from checks.required_name(f"{field}.container", container, "label", "must specify a container")
    yield from _utilization(f"{field}.target", map_at(source, "target"))


def _pods(field: str, source: Document) -> Iterator[Cause]:
    yield from _identifier(f"{field}.metric", map_at(source, "metric"))
    target = map_at(source, "target")
    yield from _target(f"{field}.target", target)
    if not _is_positive(target.get("averageValue")):
        text = "must specify a positive target averageValue"
        yield (
            checks.required(f"{field}.target.averageValue", text)
            if target.get("averageValue") is None
            else _not(f"{field}.target.averageValue", target["averageValue"])
        )


def _not(field: str, value: Any) -> Cause:
    return checks.invalid(field, value, "must be positive")


def _object(field: str, source: Document) -> Iterator[Cause]:
    yield from _target_reference(f"{field}.describedObject", map_at(source, "describedObject"))
    yield from _identifier(f"{field}.metric", map_at(source, "metric"))
    target = map_at(source, "target")
    yield from _target(f"{field}.target", target)
    if target.get("value") is None and target.get("averageValue") is None:
        text = "must set either a target value or averageValue"
        yield checks.required(f"{field}.target.averageValue", text)


def _external(field: str, source: Document) -> Iterator[Cause]:
    yield from _identifier(f"{field}.metric", map_at(source, "metric"))
    target = map_at(source, "target")
    yield from _target(f"{field}.target", target)
    given = [name for name in ("value", "averageValue") if target.get(name) is not None]
    if not given:
        text = "must set either a target value for metric or a per-pod target"
        yield checks.required(f"{field}.target.averageValue", text)
    elif len(given) > 1:
        text = "may not set both a target value for metric and a per-pod target"
        yield checks.forbidden(f"{field}.target.value", text)


_CHECKS: Final[Mapping[str, Callable[[str, Document], Iterator[Cause]]]] = {
    "ContainerResource": _container_resource,
    "External": _external,
    "Object": _object,
    "Pods": _pods,
    "Resource": _resource,
}


def _identifier(field: str, metric: Document) -> Iterator[Cause]:
    yield from checks.required_name(f"{field}.name", metric.get("name", ""), "path", "must specify a metric name")


def _utilization(field: str, target: Document) -> Iterator[Cause]:
    yield from _target(field, target)
    if target.get("averageUtilization") is None and target.get("averageValue") is None:
        text = "must set either a target raw value or a target utilization"
        yield checks.required(f"{field}.averageUtilization", text)
    elif target.get("averageUtilization") is not None and target.get("averageValue") is not None:
        yield checks.forbidden(f"{field}.averageValue", "may not set both a target raw value and a target utilization")


def _target(field: str, target: Document) -> Iterator[Cause]:
    kind = target.get("type", "")
    if not kind:
        yield checks.required(f"{field}.type", "must specify a metric target type")
    if kind not in _TARGETS:
        yield checks.invalid(f"{field}.type", kind, "must be either Utilization, Value, or AverageValue")
    for name in ("value", "averageValue"):
        if name in target and not _is_positive(target[name]) and not (name == "averageValue" and "pods" in field):
            yield _not(f"{field}.{name}", target[name])
    utilization = target.get("averageUtilization")
    yield from checks.at_least(f"{field}.averageUtilization", utilization, 1, "must be greater than 0")


def _is_positive(value: Any) -> bool:
    return value is not None and quantity.parse(value) > 0


def _scaling(field: str, rules: Document) -> Iterator[Cause]:
    window, place = rules.get("stabilizationWindowSeconds"), f"{field}.stabilizationWindowSeconds"
    yield from checks.at_least(place, window, 0, "must be greater than or equal to zero")
    if window is not None and window > _LONGEST_WINDOW:
        yield checks.invalid(place, window, f"must be less than or equal to {_LONGEST_WINDOW}")
    yield from checks.optional(f"{field}.selectPolicy", rules.get("selectPolicy"), ("Disabled", "Max", "Min"))
    policies = items_at(rules, "policies")
    if not policies:
        yield checks.required(f"{field}.policies", "must specify at least one Policy")
    for index, policy in enumerate(policies):
        yield from _scaling_policy(f"{field}.policies[{index}]", policy)


def _scaling_policy(field: str, policy: Document) -> Iterator[Cause]:
    yield from checks.chosen(f"{field}.type", policy.get("type"), ("Percent", "Pods"))
    for name in ("value", "periodSeconds"):
        yield from checks.at_least(f"{field}.{name}", policy.get(name, 0), 1, "must be greater than zero")
    period = policy.get("periodSeconds", 0)
    if period > _LONGEST_PERIOD:
        yield checks.invalid(f"{field}.periodSeconds", period, f"must be less than or equal to {_LONGEST_PERIOD}")


def _budget(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        yield checks.invalid("spec", _internal(spec), "minAvailable and maxUnavailable cannot be both set")
    for name, value in (("minAvailable", least), ("maxUnavailable", most)):
        yield from checks.number_or_percent(f"spec.{name}", value)
        yield from checks.at_most_all(f"spec.{name}", value)
    if is_map(spec.get("selector")):
        yield from checks.label_selector("spec.selector", spec["selector"])
    policy = spec.get("unhealthyPodEvictionPolicy")
    yield from checks.optional("spec.unhealthyPodEvictionPolicy", policy, ("AlwaysAllow", "IfHealthyBudget"))


def _internal(spec: Document) -> Document:
    selector = spec.get("selector")
    return {
        "MinAvailable": spec.get("minAvailable"),
        "Selector": selector,
        "MaxUnavailable": spec.get("maxUnavailable"),
        "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
    }


RULES: Final[Mapping[str, Rules]] = {
    "HorizontalPodAutoscaler": always(_autoscaler)._replace(update_status=_autoscaler_status),
    "PodDisruptionBudget": always(_budget),
}
