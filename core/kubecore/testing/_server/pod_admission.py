"""Admission of pods: their service account, priority and runtime class must exist."""

from __future__ import annotations

from typing import Any, Final

from kubecore.testing._schemas.json_values import map_at
from kubecore.testing._server.failures import RequestError
from kubecore.testing._server.state import State

__all__ = ["admitted_pod"]

Document = dict[str, Any]

_SYSTEM: Final = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_USUAL: Final = "PreemptLowerPriority"


def admitted_pod(state: State, document: Document) -> Document:
    """Return a new pod with its priority.

    The service account `default` may be missing: a namespace gets it from a controller.

    Args:
        state: The state.
        document: The pod; it is not changed.

    Raises:
        RequestError: 403, it names an object that is missing, or an own priority.
    """
    spec, found = map_at(document, "spec"), document["metadata"]
    name, namespace = found.get("name", ""), found.get("namespace", "")
    account = spec.get("serviceAccountName") or "default"
    if account != "default" and state.store.get(("", "serviceaccounts"), (namespace, account)) is None:
        text = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise _forbidden(name, text)
    priority, policy = _priority(state, name, spec.get("priorityClassName") or "")
    for wanted, computed, text in (
        (spec.get("preemptionPolicy"), policy, "string value of PreemptionPolicy"),
        (spec.get("priority"), priority, "integer value of priority"),
    ):
        if wanted is not None and wanted != computed:
            text = f"the {text} ({wanted}) must not be provided in pod spec; priority admission controller computed"
            raise _forbidden(name, f"{text} {computed} from the given PriorityClass name")
    runtime = spec.get("runtimeClassName") or ""
    if runtime and state.store.get(("node.k8s.io", "runtimeclasses"), ("", runtime)) is None:
        raise _forbidden(name, f'pod rejected: RuntimeClass "{runtime}" not found')
    if spec.get("overhead") is not None and not runtime:
        text = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
        raise _forbidden(name, text)
    return {**document, "spec": {**spec, "priority": priority, "preemptionPolicy": policy}}


def _priority(state: State, name: str, wanted: str) -> tuple[int, str]:
    """Return the priority of a class, and its policy of preemption."""
    if not wanted:
        return 0, _USUAL
    if wanted in _SYSTEM:
        return _SYSTEM[wanted], _USUAL
    record = state.store.get(("scheduling.k8s.io", "priorityclasses"), ("", wanted))
    if record is None:
        raise _forbidden(name, f"no PriorityClass with name {wanted} was found")
    found = record.document()
    return found.get("value", 0), found.get("preemptionPolicy") or _USUAL


def _forbidden(name: str, text: str) -> RequestError:
    details = {"name": name, "kind": "pods"}
    return RequestError(403, "Forbidden", f'pods "{name}" is forbidden: {text}', details=details)
