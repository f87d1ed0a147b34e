"""Deletions of objects and of collections."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server import metadata
from kubecore.testing._server.delete_options import DeleteOptions
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError, RequestError, details_of, warned
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import NAMESPACES, State
from kubecore.testing._server.statuses import raw_reply, success
from kubecore.testing._server.store import encoded

__all__ = ["check_conditions", "delete", "mark_deleted", "warnings_of"]

_PROTECTED: Final = ("default", "kube-system", "kube-public")
_ORPHANS: Final = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)
_PODS: Final = ("", "pods")
_GRACE_OF_PODS: Final = 30


def delete(state: State, resource: Resource, received: Received, options: DeleteOptions) -> Reply:
    """Delete one object.

    Raises:
        RequestError: The server refuses it.
    """
    name = received.name
    if (resource.group, resource.resource) == NAMESPACES and name in _PROTECTED:
        details = {"name": name, "kind": "namespaces"}
        text = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
        raise RequestError(403, "Forbidden", text, details=details)
    warnings = warnings_of(resource, options)
    with warned(warnings):
        live = state.find(resource, received.namespace, name).document()
        found, is_gone = mark_deleted(state, resource, live, options)
    if not is_gone or resource.facts.deleted == "object":
        return raw_reply(encoded(found, is_sorted=resource.is_custom), warnings=warnings)
    details = details_of(name, resource.group, resource.resource)
    return success({**details, "uid": live["metadata"]["uid"]})


def warnings_of(resource: Resource, options: DeleteOptions) -> tuple[str, ...]:
    """Return the warning of a deletion that leaves pods because it does not choose a propagation policy."""
    keeps_pods = "orphan" in resource.facts.deleted_finalizers and not options.policy
    return (_ORPHANS,) if keeps_pods else ()


def mark_deleted(
    state: State, resource: Resource, live: dict[str, Any], options: DeleteOptions
) -> tuple[dict[str, Any], bool]:
    """Delete an object, or begin its deletion if something holds it.

    Returns:
        The object, and whether it is gone.

    Raises:
        RequestError: 409, a precondition does not hold.
        NotSimulatedError: A dry run would end an object that is being deleted.
    """
    check_conditions(resource, live, options)
    if _is_pending(live, options):
        return live, False
    found = {**live, "metadata": dict(live["metadata"])}
    finalizers = _with_policy(resource, live["metadata"].get("finalizers") or [], options.policy)
    _set_finalizers(found["metadata"], finalizers)
    grace = _grace(resource, live, options)
    is_held = bool(finalizers) or bool(_namespace_finalizers(resource, live)) or grace > 0
    if is_held:
        _set_deletion(state, found, grace, live)
        if found != live and not options.is_dry_run:
            state.write(resource, found)
        return found, False
    if "deletionTimestamp" in live["metadata"] and not _grace_before(live):
        if options.is_dry_run:
            raise NotSimulatedError(
                f"a dry run of another deletion, which would end {live['metadata']['name']}, is not simulated: "
                "the server responds with an empty object"
            )
    elif (resource.group, resource.resource) == _PODS:
        _set_deletion(state, found, 0, live)
        if found != live and not options.is_dry_run:  # Watches see the end of a pod as two changes.
            state.write(resource, found)
    return found if options.is_dry_run else state.delete(resource, live), True


def _grace_before(live: dict[str, Any]) -> int:
    """Return the seconds that an earlier deletion has given to an object, 0 for none."""
    return live["metadata"].get("deletionGracePeriodSeconds") or 0


def _is_pending(live: dict[str, Any], options: DeleteOptions) -> bool:
    """Return whether an object is ending already, in no more time than a deletion gives to it: nothing changes."""
    before = _grace_before(live)
    return before > 0 and (options.grace is None or options.grace >= before)


def _set_finalizers(found: dict[str, Any], finalizers: list[str]) -> None:
    found.pop("finalizers", None)
    if finalizers:
        found["finalizers"] = finalizers


def _namespace_finalizers(resource: Resource, live: dict[str, Any]) -> list[str]:
    if (resource.group, resource.resource) != NAMESPACES:
        return []
    return items_at(map_at(live, "spec"), "finalizers")


def check_conditions(resource: Resource, live: dict[str, Any], options: DeleteOptions) -> None:
    """Refuse the deletion of another object, or of another version of it.

    Raises:
        RequestError: 409.
    """
    found, name = live["metadata"], live["metadata"]["name"]
    text = ""
    if options.uid is not None and options.uid != found["uid"]:
        text = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({found['uid']}). "
            "The object might have been deleted and then recreated"
        )
    elif options.version is not None and options.version != found["resourceVersion"]:
        text = (
            f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion in record "
            f"({found['resourceVersion']}). The object might have been modified"
        )
    if text:
        details = details_of(name, resource.group, resource.kind)
        shown = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
        raise RequestError(
            409, "Conflict", f'Operation cannot be fulfilled on {shown} "{name}": {text}', details=details
        )


def _with_policy(resource: Resource, finalizers: list[str], policy: str) -> list[str]:
    """Return the finalizers of an object whose deletion has a propagation policy."""
    names = ("orphan", "foregroundDeletion")
    if not policy:
        added = [name for name in resource.facts.deleted_finalizers if name not in finalizers]
        return [*finalizers, *(added if not any(name in finalizers for name in names) else [])]
    wanted = {"Orphan": ["orphan"], "Foreground": ["foregroundDeletion"]}.get(policy, [])
    return [*(name for name in finalizers if name not in names), *wanted]


def _grace(resource: Resource, live: dict[str, Any], options: DeleteOptions) -> int:
    """Return the seconds that an object has to end."""
    if (resource.group, resource.resource) != _PODS:
        return 0
    spec, status = map_at(live, "spec"), map_at(live, "status")
    if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return 0
    usual: int = spec.get("terminationGracePeriodSeconds", _GRACE_OF_PODS)
    grace = usual if options.grace is None else options.grace
    grace = 1 if grace < 0 else grace
    before: int | None = live["metadata"].get("deletionGracePeriodSeconds")
    return grace if before is None else min(grace, before)


def _set_deletion(state: State, found: dict[str, Any], grace: int, live: dict[str, Any]) -> None:
    before = live["metadata"].get("deletionTimestamp")
    if before is not None and live["metadata"].get("deletionGracePeriodSeconds", 0) <= grace:
        return
    found["metadata"]["deletionTimestamp"] = metadata.timestamp(state.now() + timedelta(seconds=grace))
    is_definition = found.get("kind") == "CustomResourceDefinition"
    if not is_definition and found.get("kind") != "Namespace":
        found["metadata"]["deletionGracePeriodSeconds"] = grace
    if before is None and not is_definition and "generation" in found["metadata"]:
        found["metadata"]["generation"] += 1
    if before is None and is_definition:
        _set_terminating(state, found)
    if before is None and found.get("kind") == "Namespace":
        found["status"] = {**(found.get("status") or {}), "phase": "Terminating"}


def _set_terminating(state: State, found: dict[str, Any]) -> None:
    """Set the condition of a definition that is being deleted."""
    status = map_at(found, "status")
    condition = {
        "lastTransitionTime": state.timestamp(),
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        "reason": "InstanceDeletionPending",
        "status": "True",
        "type": "Terminating",
    }
    found["status"] = {**status, "conditions": [*items_at(status, "conditions"), condition]}
