"""When a rollout is done: Deployments, StatefulSets and DaemonSets.

Source: `k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubecore.calls.resource import Body
from kubecore.errors import InvalidRequestError, RolloutFailedError
from kubecore.waiting.goals import Goal
from kubecore.waiting.observation import Failure, Observation, condition, document, field, number, text

__all__ = ["Rollout"]


@dataclass(frozen=True, slots=True)
class Rollout(Goal):
    """The latest template of a workload is rolled out.

    Attributes:
        kind: `Deployment`, `StatefulSet` or `DaemonSet`.
    """

    kind: str

    def __post_init__(self) -> None:
        if self.kind not in _RULES:
            raise InvalidRequestError(f"a {self.kind} rolls nothing out; {', '.join(_RULES)} do")

    @property
    def words(self) -> str:
        """Description of the goal, for people."""
        return "the rollout"

    def observe(self, item: Body) -> Observation:
        """Compare the object: has the controller seen the latest template, and are all pods of it?"""
        data = document(item)
        strategy = text(data, "spec", "updateStrategy", "type")
        if strategy not in ("", "RollingUpdate"):
            words = f"the strategy {strategy} replaces no pods; only of RollingUpdate it is known when it is done"
            return Observation(done=False, seen=words, failure=Failure(RolloutFailedError, strategy, words))
        observed = number(data, "status", "observedGeneration")
        # A controller that has never looked has seen nothing, also of an object without a generation.
        if number(data, "metadata", "generation") > observed or (self.kind == "StatefulSet" and not observed):
            return Observation(done=False, seen="the controller has not yet seen the latest change")
        return _RULES[self.kind](data)


def _deployment(data: Any) -> Observation:
    progressing = condition(data, "Progressing")
    if text(progressing, "reason") == "ProgressDeadlineExceeded":
        why = Failure(RolloutFailedError, text(progressing, "reason"), text(progressing, "message"))
        return Observation(done=False, seen="the progress deadline has passed", failure=why)
    paused = "; the deployment is paused" if field(data, "spec", "paused") is True else ""
    replicas, updated = number(data, "spec", "replicas"), number(data, "status", "updatedReplicas")
    available = number(data, "status", "availableReplicas")
    old = number(data, "status", "replicas") - updated
    if updated < replicas:
        return Observation(done=False, seen=f"{updated} of {replicas} replicas are updated{paused}")
    if old > 0:
        return Observation(done=False, seen=f"{old} old replicas are still there{paused}")
    return Observation(
        done=available >= updated, seen=f"{available} of {updated} updated replicas are available{paused}"
    )


def _stateful_set(data: Any) -> Observation:
    replicas, ready = number(data, "spec", "replicas"), number(data, "status", "readyReplicas")
    updated = number(data, "status", "updatedReplicas")
    if ready < replicas:
        return Observation(done=False, seen=f"{ready} of {replicas} replicas are ready")
    rolling = field(data, "spec", "updateStrategy", "rollingUpdate")
    if rolling is not None:  # The server's defaults always set it. Below the partition nothing is updated.
        due = max(replicas - number(rolling, "partition"), 0)
        return Observation(done=updated >= due, seen=f"{updated} of {due} replicas are updated")
    current, update = text(data, "status", "currentRevision"), text(data, "status", "updateRevision")
    return Observation(done=current == update, seen=f"{updated} replicas have the revision {update or 'that is new'}")


def _daemon_set(data: Any) -> Observation:
    desired = number(data, "status", "desiredNumberScheduled")
    updated = number(data, "status", "updatedNumberScheduled")
    available = number(data, "status", "numberAvailable")
    if updated < desired:
        return Observation(done=False, seen=f"{updated} of {desired} pods are updated")
    return Observation(done=available >= desired, seen=f"{available} of {desired} updated pods are available")


_RULES: Final[Mapping[str, Callable[[Any], Observation]]] = {
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
}
