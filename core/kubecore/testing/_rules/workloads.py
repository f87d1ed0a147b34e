"""The rules of Deployments, ReplicaSets, StatefulSets and DaemonSets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore.testing._rules import checks
from kubecore.testing._rules.claims import RULES as CLAIMS
from kubecore.testing._rules.pods import pod_template
from kubecore.testing._rules.validation import Rules
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES", "matches", "unmatched"]

Document = dict[str, Any]

_PERCENT: Final = re.compile(r"[0-9]+%")
_PERCENT_TEXT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)
_STATEFUL_TEXT: Final = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_CHANGEABLE: Final = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def matches(selector: Document, labels: Document) -> bool:
    """Return whether labels match a selector."""
    if any(labels.get(key) != value for key, value in map_at(selector, "matchLabels").items()):
        return False
    return all(_meets(each, labels) for each in items_at(selector, "matchExpressions"))


def _meets(found: Document, labels: Document) -> bool:
    value, values = labels.get(found.get("key", "")), items_at(found, "values")
    operator = found.get("operator")
    if operator == "Exists":
        return value is not None
    if operator == "DoesNotExist":
        return value is None
    return (value in values) if operator == "In" else value not in values


def unmatched(selector: Document | None, template: Document) -> Iterator[Cause]:
    """Yield the fault of labels of a template that a selector does not match; no selector matches nothing."""
    labels = map_at(template, "metadata").get("labels")
    if selector is None or not matches(selector, labels or {}):
        text = "`selector` does not match template `labels`"
        yield checks.invalid("spec.template.metadata.labels", labels, text)


def _selector(spec: Document, kind: str, *, is_required: bool = True) -> Iterator[Cause]:
    selector = spec.get("selector")
    template = map_at(spec, "template")
    if selector is None:
        if is_required:
            yield checks.required("spec.selector")
        yield from unmatched(None, template)
        return
    faults = list(checks.label_selector("spec.selector", selector))
    yield from faults
    if not map_at(selector, "matchLabels") and not items_at(selector, "matchExpressions"):
        yield checks.invalid("spec.selector", selector, f"empty selector is invalid for {kind}")
    if faults and is_required:
        yield checks.invalid("spec.selector", selector, "invalid label selector")
    elif not faults:
        yield from unmatched(selector, template)


def _template(spec: Document) -> Iterator[Cause]:
    template = map_at(spec, "template")
    yield from pod_template("spec.template", template)
    policy = map_at(template, "spec").get("restartPolicy")
    if policy and policy != "Always":
        yield checks.unsupported("spec.template.spec.restartPolicy", policy, ("Always",))
    if map_at(template, "spec").get("activeDeadlineSeconds") is not None:
        text = "activeDeadlineSeconds in ReplicaSet is not Supported"
        yield checks.forbidden("spec.template.spec.activeDeadlineSeconds", text)


def _not_negative(spec: Document, *names: str) -> Iterator[Cause]:
    for name in names:
        yield from checks.at_least(f"spec.{name}", spec.get(name), 0)


def _part(field: str, value: Any) -> Iterator[Cause]:
    """Yield the faults of a number, or of a percentage."""
    if isinstance(value, int):
        yield from checks.at_least(field, value, 0)
    elif value is not None and not _PERCENT.fullmatch(value):
        yield checks.invalid(field, value, _PERCENT_TEXT)


def _at_most_all(field: str, value: Any) -> Iterator[Cause]:
    if isinstance(value, str) and _PERCENT.fullmatch(value) and int(value[:-1]) > 100:
        yield checks.invalid(field, value, "must not be greater than 100%")


def _is_nothing(value: Any) -> bool:
    return value in (0, "0%")


def _deployment(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    yield from _not_negative(spec, "replicas")
    yield from _selector(spec, "deployment")
    yield from _template(spec)
    yield from _strategy(map_at(spec, "strategy"))
    yield from _not_negative(spec, "minReadySeconds", "revisionHistoryLimit")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        yield from checks.at_least("spec.progressDeadlineSeconds", deadline, 0)
        if deadline <= spec.get("minReadySeconds", 0):
            yield checks.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _strategy(strategy: Document) -> Iterator[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            text = "may not be specified when strategy `type` is 'Recreate'"
            yield checks.forbidden("spec.strategy.rollingUpdate", text)
    elif kind != "RollingUpdate":
        yield checks.unsupported("spec.strategy", kind, ("Recreate", "RollingUpdate"))
    elif is_map(rolling):
        field = "spec.strategy.rollingUpdate"
        most, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
        yield from _part(f"{field}.maxUnavailable", most)
        yield from _part(f"{field}.maxSurge", surge)
        if _is_nothing(most) and _is_nothing(surge):
            yield checks.invalid(f"{field}.maxUnavailable", most, "may not be 0 when `maxSurge` is 0")
        yield from _at_most_all(f"{field}.maxUnavailable", most)


def _replica_set(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    yield from _not_negative(spec, "replicas", "minReadySeconds")
    yield from _selector(spec, "deployment")
    yield from _template(spec)


def _stateful_set(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    policy = spec.get("podManagementPolicy")
    if policy not in ("OrderedReady", "Parallel"):
        text = "must be 'OrderedReady' or 'Parallel'"
        yield checks.invalid("spec.podManagementPolicy", policy or "", text)
    if spec.get("serviceName"):
        yield from checks.name("spec.serviceName", spec["serviceName"], "label")
    yield from _stateful_strategy(spec, map_at(spec, "updateStrategy"))
    for name in ("whenDeleted", "whenScaled"):
        found = map_at(spec, "persistentVolumeClaimRetentionPolicy")
        if found and found.get(name) not in ("Retain", "Delete"):
            field = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
            yield checks.unsupported(field, found.get(name, ""), ("Retain", "Delete"))
    yield from _not_negative(spec, "replicas", "minReadySeconds")
    yield from checks.at_least("spec.ordinals.start", map_at(spec, "ordinals").get("start"), 0)
    yield from _selector(spec, "statefulset")
    yield from _template({**spec, "template": _with_claims(spec)})
    for index, claim in enumerate(items_at(spec, "volumeClaimTemplates")):
        for cause in CLAIMS["PersistentVolumeClaim"].create(claim):
            yield cause._replace(field=f"spec.volumeClaimTemplates[{index}].{cause.field}")


def _with_claims(spec: Document) -> Document:
    """Return the template of a StatefulSet with the volumes of its claims, without names that each pod gets."""
    template = map_at(spec, "template")
    of_claims: dict[str, Document] = {}
    for claim in items_at(spec, "volumeClaimTemplates"):
        name = map_at(claim, "metadata").get("name", "")
        of_claims[name] = {"name": name, "persistentVolumeClaim": {"claimName": name}}
    pod = {key: value for key, value in map_at(template, "spec").items() if key not in ("hostname", "subdomain")}
    others = [volume for volume in items_at(pod, "volumes") if volume.get("name", "") not in of_claims]
    return {**template, "spec": {**pod, "volumes": [*of_claims.values(), *others]}}


def _stateful_strategy(spec: Document, strategy: Document) -> Iterator[Cause]:
    kind, rolling = strategy.get("type"), map_at(strategy, "rollingUpdate")
    if kind == "OnDelete":
        if rolling:
            text = "only allowed for updateStrategy 'RollingUpdate'"
            yield checks.invalid("spec.updateStrategy.rollingUpdate", rolling, text)
    elif kind == "RollingUpdate":
        field = "spec.updateStrategy.rollingUpdate"
        yield from checks.at_least(f"{field}.partition", rolling.get("partition"), 0)
        most = rolling.get("maxUnavailable")
        yield from _part(f"{field}.maxUnavailable", most)
        if _is_nothing(most):
            yield checks.invalid(f"{field}.maxUnavailable", most, "cannot be 0")
        yield from _at_most_all(f"{field}.maxUnavailable", most)
    else:
        yield checks.invalid("spec.updateStrategy", strategy, "must be 'RollingUpdate' or 'OnDelete'")


def _daemon_set(new: Document) -> Iterator[Cause]:
    spec = map_at(new, "spec")
    yield from _selector(spec, "daemonset", is_required=False)
    yield from _template(spec)
    yield from _not_negative(spec, "minReadySeconds", "revisionHistoryLimit")
    strategy = map_at(spec, "updateStrategy")
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return
    if kind != "RollingUpdate":
        yield checks.unsupported("spec.updateStrategy", kind, ("RollingUpdate", "OnDelete"))
    elif not is_map(rolling):
        yield checks.required("spec.updateStrategy.rollingUpdate")
    else:
        field = "spec.updateStrategy.rollingUpdate"
        most, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
        for name, value in (("maxUnavailable", most), ("maxSurge", surge)):
            yield from _part(f"{field}.{name}", value)
            yield from _at_most_all(f"{field}.{name}", value)
        if _is_nothing(most) and _is_nothing(surge):
            yield checks.required(f"{field}.maxUnavailable", "cannot be 0 when maxSurge is 0")
        elif not _is_nothing(most) and not _is_nothing(surge):
            text = "may not be set when maxUnavailable is non-zero"
            yield checks.invalid(f"{field}.maxSurge", surge, text)


def _same_selector(old: Document, new: Document) -> Iterator[Cause]:
    yield from checks.immutable(
        "spec.selector", map_at(old, "spec").get("selector"), map_at(new, "spec").get("selector")
    )


def _changed_deployment(old: Document, new: Document) -> Iterator[Cause]:
    yield from _deployment(new)
    yield from _same_selector(old, new)


def _changed_replica_set(old: Document, new: Document) -> Iterator[Cause]:
    yield from _replica_set(new)
    yield from _same_selector(old, new)


def _changed_daemon_set(old: Document, new: Document) -> Iterator[Cause]:
    yield from _daemon_set(new)
    yield from _same_selector(old, new)


def _changed_stateful_set(old: Document, new: Document) -> Iterator[Cause]:
    for cause in _stateful_set(new):
        if not cause.field.startswith("spec.volumeClaimTemplates"):
            yield cause
    before, after = _plain_claims(map_at(old, "spec")), _plain_claims(map_at(new, "spec"))
    for name in sorted((before.keys() | after.keys()) - set(_CHANGEABLE)):
        yield from checks.immutable(f"spec.{name}", before.get(name), after.get(name))


def _plain_claims(spec: Document) -> Document:
    """Return the spec of a StatefulSet whose claims have no kind."""
    claims = [
        {name: value for name, value in claim.items() if name not in ("apiVersion", "kind")}
        for claim in items_at(spec, "volumeClaimTemplates")
    ]
    return {**spec, "volumeClaimTemplates": claims}


RULES: Final[Mapping[str, Rules]] = {
    "DaemonSet": Rules(_daemon_set, _changed_daemon_set),
    "Deployment": Rules(_deployment, _changed_deployment),
    "ReplicaSet": Rules(_replica_set, _changed_replica_set),
    "StatefulSet": Rules(_stateful_set, _changed_stateful_set),
}
