"""Evictions: the deletion of a pod, unless a disruption budget forbids it."""

from __future__ import annotations

from typing import Any, Final

from kubecore.errors import KubeError
from kubecore.selectors import from_label_selector
from kubecore.testing._apply.managed import track_update
from kubecore.testing._schemas.json_values import items_at, joined, map_at
from kubecore.testing._server import bodies, deleting
from kubecore.testing._server.delete_options import DeleteOptions
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import RequestError
from kubecore.testing._server.options import WriteOptions, bad_request
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State
from kubecore.testing._server.statuses import success
from kubecore.testing._server.subresources.parts import body_resource

__all__ = ["evict"]

_REFUSED: Final = "Cannot evict pod as it would violate the pod's disruption budget."
_WAIT: Final = 10


def evict(state: State, resource: Resource, received: Received) -> Reply:
    """Delete a pod, unless its disruption budget forbids it.

    Raises:
        RequestError: 429, a budget forbids it; or the server refuses it for another reason.
    """
    options = WriteOptions.of(received, "CreateOptions")
    part = body_resource(state, resource, "eviction")
    value = bodies.decoded_json(received, part)
    if value.get("apiVersion") == "policy/v1beta1":  # It is the same kind.
        value = {**value, "apiVersion": part.api_version}
    body = bodies.understood(value, part, options.validation)
    if map_at(body.object, "metadata").get("name") != received.name:
        raise bad_request("name in URL does not match name in Eviction object")
    wanted = map_at(body.object, "deleteOptions")
    live = state.find(resource, received.namespace, received.name).document()
    deletion = _deletion(wanted, options)
    deleting.check_conditions(resource, live, deletion)
    if not _may_go(live):
        _use_budget(state, live, is_dry_run=deletion.is_dry_run)
    if not deletion.is_dry_run:
        live = _targeted(state, resource, live)
    deleting.mark_deleted(state, resource, live, deletion._replace(version=None))
    return success(code=201, warnings=body.warnings)


def _deletion(wanted: dict[str, Any], options: WriteOptions) -> DeleteOptions:
    """Return the options of the deletion, which is a dry run if the query or the body requests it.

    Raises:
        RequestError: 500, query and body disagree; or the options are invalid.
    """
    dry_runs: list[str] = wanted.get("dryRun") or []
    if options.is_dry_run and dry_runs and dry_runs != ["All"]:
        text = f"Non-matching dry-run options in request and content: [All] and [{' '.join(dry_runs)}]"
        raise RequestError(500, "", text)
    found = DeleteOptions.read(wanted)
    return found._replace(is_dry_run=found.is_dry_run or options.is_dry_run)


def _may_go(pod: dict[str, Any]) -> bool:
    """Return whether no budget counts a pod: it has ended, has not begun, or is being deleted."""
    phase = map_at(pod, "status").get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or "deletionTimestamp" in pod["metadata"]


def _use_budget(state: State, pod: dict[str, Any], *, is_dry_run: bool) -> None:
    """Take one disruption from the budget of a pod.

    Raises:
        RequestError: 429, the budget has none; 500, there are several budgets.
    """
    resource = state.resources.find("policy", "v1", "poddisruptionbudgets")
    namespace = pod["metadata"]["namespace"]
    if resource is None:
        return
    found = sorted(state.store.collection(resource.storage).items())
    budgets = [record.document() for key, record in found if key[0] == namespace]
    budgets = [each for each in budgets if _selects(each, pod)]
    if len(budgets) > 1:
        text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise RequestError(500, "", text)
    if not budgets or _is_free(budgets[0], pod):
        return
    budget = budgets[0]
    status = map_at(budget, "status")
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        name = budget["metadata"]["name"]
        raise _too_many(f"The disruption budget {name} is still being processed by the server.", _WAIT)
    if status.get("disruptionsAllowed", 0) <= 0:
        raise _too_many(_reason(budget["metadata"]["name"], status), None)
    if not is_dry_run:
        _take(state, resource, budget, pod["metadata"]["name"])


def _selects(budget: dict[str, Any], pod: dict[str, Any]) -> bool:
    selector = map_at(budget, "spec").get("selector")
    if selector is None:
        return False
    try:
        return from_label_selector(selector).matches(map_at(pod["metadata"], "labels"))
    except (KubeError, ValueError):
        return False


def _is_free(budget: dict[str, Any], pod: dict[str, Any]) -> bool:
    """Return whether the budget does not count a pod that is not ready."""
    conditions = items_at(map_at(pod, "status"), "conditions")
    if any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions):
        return False
    if map_at(budget, "spec").get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = map_at(budget, "status")
    desired: int = status.get("desiredHealthy", 0)
    current: int = status.get("currentHealthy", 0)
    return current >= desired > 0


def _too_many(message: str, wait: int | None) -> RequestError:
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": message}]}
    if wait is not None:
        details["retryAfterSeconds"] = wait
    return RequestError(429, "TooManyRequests", _REFUSED, details=details, retry_after=wait)


def _reason(name: str, status: dict[str, Any]) -> str:
    for condition in items_at(status, "conditions"):
        if condition.get("type") == "DisruptionAllowed" and condition.get("reason") == "SyncFailed":
            text = condition.get("message", "")
            return f"The disruption budget {name} does not allow evicting pods currently because it failed sync: {text}"
    current, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if current <= desired:
        return f"The disruption budget {name} needs {desired} healthy pods and has {current} currently"
    return f"The disruption budget {name} does not allow evicting pods currently"


def _take(state: State, resource: Resource, budget: dict[str, Any], name: str) -> None:
    status = map_at(budget, "status")
    left = status["disruptionsAllowed"] - 1
    now = state.timestamp()
    disrupted = joined(map_at(status, "disruptedPods"), {name: now})
    new = {**status, "disruptedPods": disrupted, "disruptionsAllowed": left}
    if not left:
        new["conditions"] = _without_disruptions(budget, now)
    document = track_update(
        budget,
        {**budget, "status": new},
        resource.schema,
        manager="kube-apiserver",
        api_version=resource.api_version,
        subresource="status",
        now=now,
        reset=(("spec",),),
    )
    state.write(resource, document)


def _without_disruptions(budget: dict[str, Any], now: str) -> list[Any]:
    found = items_at(map_at(budget, "status"), "conditions")
    of_type: list[dict[str, Any]] = [each for each in found if each.get("type") == "DisruptionAllowed"]
    old = of_type[0] if of_type else dict[str, Any]()
    made = {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": map_at(budget, "status").get("observedGeneration", 0),
        "lastTransitionTime": now if old.get("status") != "False" else old.get("lastTransitionTime", now),
        "reason": "InsufficientPods",
        "message": "",
    }
    return [*(each for each in found if each.get("type") != "DisruptionAllowed"), made]


def _targeted(state: State, resource: Resource, pod: dict[str, Any]) -> dict[str, Any]:
    """Return a pod with the condition that it is being evicted; nobody owns the condition."""
    status = map_at(pod, "status")
    found = items_at(status, "conditions")
    if any(each.get("type") == "DisruptionTarget" and each.get("status") == "True" for each in found):
        return pod
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": state.timestamp(),
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    others = [each for each in found if each.get("type") != "DisruptionTarget"]
    document = {**pod, "metadata": dict(pod["metadata"]), "status": {**status, "conditions": [*others, condition]}}
    return state.write(resource, document)
