"""Disruption budgets: how many of their pods may be evicted now."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from kubecore.errors import KubeError
from kubecore.selectors import from_label_selector
from kubecore.testing._background.view import Item, Request, View

__all__ = ["Budgets"]

_BUDGETS: Final = ("policy", "poddisruptionbudgets")
_CONDITION: Final = "DisruptionAllowed"
_DISRUPTED_FOR: Final = timedelta(minutes=2)
"""How long an eviction counts, if the deletion of its pod does not follow."""


class _SyncError(Exception):
    """The desired number of pods is unknown; the message is that of the condition."""


class _Amounts(NamedTuple):
    """The pods of a budget.

    Attributes:
        expected: The number of pods that their controllers want.
        desired: The number of pods that must be healthy.
        current: The number of pods that are healthy.
    """

    expected: int
    desired: int
    current: int

    @property
    def allowed(self) -> int:
        return max(0, self.current - self.desired) if self.expected > 0 else 0


class Budgets:
    """The disruption budgets, and the namespaces in which something changed."""

    def __init__(self) -> None:
        self._known: dict[str, Item] = {}
        self._namespaces: Counter[str] = Counter()
        self._dirty: set[str] = set()

    def observe(self, item: Item, *, is_deleted: bool) -> None:
        """Take note of the new state of an object, or of its end."""
        if (item.resource.group, item.resource.resource) == _BUDGETS:
            if item.uid in self._known:
                self._namespaces[item.namespace] -= 1
            self._known.pop(item.uid, None)
            if is_deleted:
                return
            self._known[item.uid] = item
            self._namespaces[item.namespace] += 1
        if self._namespaces[item.namespace]:
            self._dirty.add(item.namespace)

    def retry(self, uid: str) -> None:
        """Decide about a budget again, because its update failed."""
        if uid in self._known:
            self._dirty.add(self._known[uid].namespace)

    def decide(self, view: View, now: datetime) -> list[Request]:
        """Return the updates of the budgets whose pods have changed, and forget the changes."""
        found: list[Request] = []
        for item in self._known.values():
            if item.namespace in self._dirty:
                found += _update(view, item, now)
        self._dirty = set()
        return found


def _update(view: View, item: Item, now: datetime) -> Iterator[Request]:
    """Yield the request for a budget whose status is no longer right."""
    document = view.document(item.resource, item.namespace, item.name)
    if document is None:
        return
    old: Mapping[str, Any] = document.get("status") or {}
    new = _status(view, document, old, now)
    if {**new, "conditions": _without_times(new)} != {**old, "conditions": _without_times(old)}:
        yield Request("PUT", f"{item.path}/status", {**document, "status": new}, subject=item.uid)


def _without_times(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    conditions: list[dict[str, Any]] = status.get("conditions") or []
    return [{key: value for key, value in each.items() if key != "lastTransitionTime"} for each in conditions]


def _status(view: View, budget: Mapping[str, Any], old: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    pods = _pods(view, budget)
    disrupted = _disrupted(old.get("disruptedPods") or {}, pods, now)
    conditions: list[dict[str, Any]] = old.get("conditions") or []
    try:
        amounts = _amounts(view, budget, pods, disrupted)
    except _SyncError as error:
        failed = {**old, "disruptionsAllowed": 0}
        return {**failed, "conditions": _conditions(failed, conditions, now, "SyncFailed", str(error))}
    new = {
        **old,
        "observedGeneration": budget["metadata"].get("generation", 0),
        "disruptionsAllowed": amounts.allowed,
        "currentHealthy": amounts.current,
        "desiredHealthy": amounts.desired,
        "expectedPods": amounts.expected,
        "disruptedPods": disrupted,
    }
    if not disrupted:
        new.pop("disruptedPods")
    reason = "SufficientPods" if amounts.allowed else "InsufficientPods"
    new["conditions"] = _conditions(new, conditions, now, reason, "")
    return new


def _conditions(
    status: Mapping[str, Any], old: list[dict[str, Any]], now: datetime, reason: str, message: str
) -> list[dict[str, Any]]:
    state = "True" if status["disruptionsAllowed"] else "False"
    before = [each for each in old if each.get("type") == _CONDITION]
    is_same = bool(before) and before[0].get("status") == state
    generation = status.get("observedGeneration")
    made = {
        "type": _CONDITION,
        "status": state,
        **({"observedGeneration": generation} if generation else {}),
        "lastTransitionTime": before[0].get("lastTransitionTime") if is_same else now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "reason": reason,
        "message": message,
    }
    return [*(each for each in old if each.get("type") != _CONDITION), made]


def _pods(view: View, budget: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the pods that a budget selects."""
    selector, resource = budget.get("spec", {}).get("selector"), view.find_resource("v1", "Pod")
    if selector is None or resource is None:
        return []
    try:
        matches = from_label_selector(selector).matches
    except (KubeError, ValueError):
        return []
    namespace = budget["metadata"]["namespace"]
    documents = [view.document(resource, namespace, item.name) for item in view.items(resource, namespace)]
    return [pod for pod in documents if pod is not None and matches(pod["metadata"].get("labels") or {})]


def _disrupted(before: Mapping[str, str], pods: list[Mapping[str, Any]], now: datetime) -> dict[str, str]:
    """Return the evictions of pods whose deletion has not begun yet."""
    waiting = {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}
    return {
        name: time
        for name, time in before.items()
        if name in waiting and now - datetime.fromisoformat(time) < _DISRUPTED_FOR
    }


def _amounts(
    view: View, budget: Mapping[str, Any], pods: list[Mapping[str, Any]], disrupted: Mapping[str, str]
) -> _Amounts:
    current = sum(1 for pod in pods if _is_healthy(pod) and pod["metadata"]["name"] not in disrupted)
    spec: Mapping[str, Any] = budget.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if isinstance(least, int) and most is None:
        return _Amounts(len(pods), least, current)
    expected = sum(_replicas(view, pods).values())
    if most is not None:
        return _Amounts(expected, max(0, expected - _scaled(most, expected)), current)
    return _Amounts(expected, 0 if least is None else _scaled(least, expected), current)


def _is_healthy(pod: Mapping[str, Any]) -> bool:
    if "deletionTimestamp" in pod["metadata"]:
        return False
    status: Mapping[str, Any] = pod.get("status") or {}
    conditions: list[Mapping[str, Any]] = status.get("conditions") or []
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _scaled(amount: int | str, total: int) -> int:
    """Return a number, or the part of the total that a percentage means, rounded up."""
    if isinstance(amount, int):
        return amount
    digits = amount.removesuffix("%")
    return math.ceil(int(digits) * total / 100) if digits.isascii() and digits.isdigit() else 0


def _replicas(view: View, pods: list[Mapping[str, Any]]) -> dict[str, int]:
    """Return the desired replicas of the controllers of pods, by uid. Pods without one do not count.

    Raises:
        _SyncError: A controller has no replicas.
    """
    found: dict[str, int] = {}
    for pod in pods:
        owner = _controller(view, pod)
        above = None if owner is None else _controller(view, owner)  # A Deployment above a ReplicaSet.
        owner = owner if above is None else above
        if owner is not None:
            found[owner["metadata"]["uid"]] = _desired(view, owner)
    return found


def _desired(view: View, owner: Mapping[str, Any]) -> int:
    spec: Mapping[str, Any] = owner.get("spec") or {}
    if "replicas" in spec:
        return int(spec["replicas"])
    resource = view.find_resource(owner["apiVersion"], owner["kind"])
    name = "" if resource is None else f"{resource.resource}.{resource.group}" if resource.group else resource.resource
    raise _SyncError(f"{name} does not implement the scale subresource")


def _controller(view: View, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the controller of an object, None if it has none or the controller is gone.

    Raises:
        _SyncError: The server does not serve the kind of the controller.
    """
    metadata = document["metadata"]
    for owner in metadata.get("ownerReferences") or ():
        if not owner.get("controller"):
            continue
        resource = view.find_resource(owner["apiVersion"], owner["kind"])
        if resource is None:
            raise _SyncError(f'no matches for kind "{owner["kind"]}" in version "{owner["apiVersion"]}"')
        found = view.document(resource, metadata.get("namespace", "") if resource.is_namespaced else "", owner["name"])
        if found is not None and found["metadata"]["uid"] == owner["uid"]:
            return found
    return None
