"""States that objects never leave: if the goal can no longer be reached, waiting ends.

Source: the phases of a pod (`k8s.io/api/core/v1 PodPhase`), the conditions of a job (`k8s.io/api/batch/v1
JobConditionType`) and the rules of `k8s.io/kubernetes/pkg/apis/batch/validation`.
"""

from __future__ import annotations

from typing import Any, Final

from kubecore.errors import JobFailedError, WaitFailedError
from kubecore.waiting import observation
from kubecore.waiting.observation import Failure

__all__ = ["job_failure", "of_condition", "of_path"]

_OF_RUNNING_PODS: Final = frozenset({"containersready", "initialized", "podscheduled", "ready"})
_PHASE: Final = frozenset({"{.status.phase}", "{status.phase}", ".status.phase", "status.phase"})


def of_condition(data: Any, type: str, status: str) -> Failure | None:  # noqa: A002 - the field's name
    """Return why an object can no longer get a condition.

    Args:
        data: The object, in its JSON's form.
        type: The condition.
        status: The desired status, which it does not have.

    Returns:
        The reason; None if it still can, or if that is unknown.
    """
    name = type.casefold()
    if status.casefold() != "true":
        return None
    if _is(data, "v1", "Pod") and name in _OF_RUNNING_PODS:
        return _ended_pod(data)
    if _is(data, "batch", "Job") and name in ("complete", "successcriteriamet"):
        return job_failure(data)
    if _is(data, "batch", "Job") and name in ("failed", "failuretarget"):
        return _job_success(data)
    return None


def of_path(data: Any, path: str) -> Failure | None:
    """Return why the value at a path can no longer change.

    Args:
        data: The object, in its JSON's form.
        path: The path.

    Returns:
        The reason; None if it still can, or if that is unknown.
    """
    return _ended_pod(data) if path in _PHASE and _is(data, "v1", "Pod") else None


def job_failure(data: Any) -> Failure | None:
    """Return why a job has failed, or is about to; None if it has not."""
    failed = _true(data, "Failed", "FailureTarget")
    return (
        None
        if failed is None
        else Failure(JobFailedError, observation.text(failed, "reason"), observation.text(failed, "message"))
    )


def _is(data: Any, group: str, kind: str) -> bool:
    return observation.text(data, "kind") == kind and observation.text(data, "apiVersion").partition("/")[0] == group


def _ended_pod(data: Any) -> Failure | None:
    phase = observation.text(data, "status", "phase")
    if phase not in ("Succeeded", "Failed"):
        return None
    reason, message = observation.text(data, "status", "reason"), observation.text(data, "status", "message")
    return Failure(WaitFailedError, reason or phase, message or f"the pod has ended: {phase}")


def _job_success(data: Any) -> Failure | None:
    complete = _true(data, "Complete", "SuccessCriteriaMet")
    return (
        None
        if complete is None
        else Failure(WaitFailedError, observation.text(complete, "type"), "the job has succeeded")
    )


def _true(data: Any, *names: str) -> Any:
    return next(
        (entry for entry in observation.conditions(data) if entry["type"] in names and entry["status"] == "True"), None
    )
