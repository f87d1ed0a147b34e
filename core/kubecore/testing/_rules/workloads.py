"""The rules of Deployments, ReplicaSets, StatefulSets and DaemonSets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from kubecore.selectors import from_label_selector
from kubecore.testing._rules import checks
from kubecore.testing._rules.claims import RULES as CLAIMS
from kubecore.testing._rules.pods import pod_template
from kubecore.testing._rules.validation import Document, Rules
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._server.failures import Cause

__all__ = ["RULES", "unmatched"]

_CHANGEABLE: Final = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def unmatched(selector: Document | None, template: Document) -> Iterator[Cause]:
    """Yield the fault of labels of a template that a selector does not match; no selector matches nothing."""
    labels = map_at(template, "metadata").get("labels")
    if not from_label_selector(selector).matches(labels or {}):
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
        yield from checks.number_or_percent(f"{field}.maxUnavailable", most)
        yield from checks.number_or_percent(f"{field}.maxSurge", surge)
        if _is_nothing(most) and _is_nothing(surge):
            yield checks.invalid(f"{field}.maxUnavailable", most, "may not be 0 when `maxSurge` is 0")
        yield from checks.at_most_all(f"{field}.maxUnavailable", most)


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
        yield from checks.number_or_percent(f"{field}.maxUnavailable", most)
        if _is_nothing(most):
            yield checks.invalid(f"{field}.maxUnavailable", most, "cannot be 0")
        yield from checks.at_most_all(f"{field}.maxUnavailable", most)
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
            yield from checks.number_or_percent(f"{field}.{name}", value)
            yield from checks.at_most_all(f"{field}.{name}", value)
        if _is_nothing(most) and _is_nothing(surge):
            yield checks.required(f"{field}.maxUnavailable", "cannot be 0 when maxSurge is 0")
        elif not _is_nothing(most) and not _is_nothing(surge):
            text = "may not be set when maxUnavailable is non-zero"
            yield checks.invalid(f"{field}.maxSurge", surge, text)


def _with_selector(check: Callable[[Document], Iterator[Cause]]) -> Rules:
    """Return the rules of a kind whose selector never changes."""

    def update(old: Document, new: Document) -> Iterator[Cause]:
        yield from check(new)
        before, after = map_at(old, "spec").get("selector"), map_at(new, "spec").get("selector")
        yield from checks.immutable("spec.selector", before, after)

    return Rules(check, update)


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
    "DaemonSet": _with_selector(_daemon_set),
    "Deployment": _with_selector(_deployment),
    "ReplicaSet": _with_selector(_replica_set),
    "StatefulSet": Rules(_stateful_set, _changed_stateful_set),
}
