"""Registry of the rules of built-in kinds: faults of new objects and of updates. Modules are imported when used."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple

from kubecore.testing._server.failures import Cause

__all__ = ["Document", "Rules", "always", "has_rules", "validate_create", "validate_update"]

Document = dict[str, Any]


def _nothing_new(_new: Document) -> Iterable[Cause]:
    return ()


def _nothing_changed(_old: Document, _new: Document) -> Iterable[Cause]:
    return ()


class Rules(NamedTuple):
    """The rules of one kind. The metadata that all kinds share is checked before, by `_server/metadata.py`.

    Attributes:
        create: Yields the faults of a new object with its defaults, in the server's order.
        update: Yields the faults of the new state of an object: that of the stored object, and the new one.
        update_status: The same for an update of the subresource `status`.
        is_complete: Whether `create` and `update` have all rules of the server, as the mutations show; if not,
            the writes are in `unsure`.
    """

    create: Callable[[Document], Iterable[Cause]] = _nothing_new
    update: Callable[[Document, Document], Iterable[Cause]] = _nothing_changed
    update_status: Callable[[Document, Document], Iterable[Cause]] = _nothing_changed
    is_complete: bool = True


def always(check: Callable[[Document], Iterable[Cause]], *, is_complete: bool = True) -> Rules:
    """Return rules that check the new state of an object as a new object."""

    def update(_old: Document, new: Document) -> Iterable[Cause]:
        return check(new)

    return Rules(create=check, update=update, is_complete=is_complete)


_RBAC: Final = "rbac.authorization.k8s.io"
_NETWORKING: Final = "networking.k8s.io"
_MODULES: Final[Mapping[tuple[str, str], str]] = {
    ("", "ConfigMap"): "configuration",
    ("", "Endpoints"): "endpoints",
    ("", "Event"): "cluster",
    ("", "LimitRange"): "quotas",
    ("", "Namespace"): "configuration",
    ("", "Node"): "cluster",
    ("", "PersistentVolume"): "volumes",
    ("", "Pod"): "pods",
    ("", "PersistentVolumeClaim"): "claims",
    ("", "ResourceQuota"): "quotas",
    ("", "Secret"): "configuration",
    ("", "Service"): "service_rules",
    ("", "ServiceAccount"): "configuration",
    ("apps", "DaemonSet"): "workloads",
    ("apps", "Deployment"): "workloads",
    ("apps", "ReplicaSet"): "workloads",
    ("apps", "StatefulSet"): "workloads",
    ("batch", "CronJob"): "jobs",
    ("batch", "Job"): "jobs",
    ("coordination.k8s.io", "Lease"): "configuration",
    (_NETWORKING, "Ingress"): "networking",
    (_NETWORKING, "IngressClass"): "networking",
    (_NETWORKING, "NetworkPolicy"): "network_policies",
    ("autoscaling", "HorizontalPodAutoscaler"): "autoscaling",
    ("discovery.k8s.io", "EndpointSlice"): "endpoints",
    ("events.k8s.io", "Event"): "cluster",
    ("scheduling.k8s.io", "PriorityClass"): "cluster",
    ("storage.k8s.io", "StorageClass"): "volumes",
    ("policy", "PodDisruptionBudget"): "autoscaling",
    (_RBAC, "ClusterRole"): "rbac",
    (_RBAC, "ClusterRoleBinding"): "rbac",
    (_RBAC, "Role"): "rbac",
    (_RBAC, "RoleBinding"): "rbac",
}
"""The module with the rules of a kind, by group and kind. It has `RULES`, a mapping of kinds to `Rules`."""


@functools.cache
def _rules(group: str, kind: str) -> Rules | None:
    name = _MODULES.get((group, kind))
    if name is None:
        return None
    rules: Mapping[str, Rules] = import_module(f"kubecore.testing._rules.{name}").RULES
    return rules[kind]


def has_rules(group: str, kind: str, *, subresource: str = "") -> bool:
    """Return whether all rules of the writes of a kind are checked. Those of the status were never compared.

    Args:
        group: The API group of its kind, "" for core.
        kind: Its kind.
        subresource: `status` for updates of the status. Other subresources have custom rules.
    """
    found = _rules(group, kind)
    return found is not None and found.is_complete and subresource != "status"


def validate_create(group: str, kind: str, new: Document) -> list[Cause]:
    """Return the faults of a new object.

    Args:
        group: The API group of its kind, "" for core.
        kind: Its kind.
        new: The object with its defaults.
    """
    found = _rules(group, kind)
    return [] if found is None else list(found.create(new))


def validate_update(group: str, kind: str, old: Document, new: Document, *, subresource: str = "") -> list[Cause]:
    """Return the faults of the new state of an object.

    Args:
        group: The API group of its kind, "" for core.
        kind: Its kind.
        old: The stored object.
        new: The new state with its defaults.
        subresource: `status` for an update of the status, else "".
    """
    found = _rules(group, kind)
    if found is None:
        return []
    if subresource not in ("", "status"):  # Other subresources have custom rules.
        return []
    check = found.update_status if subresource == "status" else found.update
    return list(check(old, new))
