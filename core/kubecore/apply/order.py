"""The order in which objects are applied: dependencies are first. No I/O.

1. Namespaces.
2. CustomResourceDefinitions; then it is waited until their kinds are served.
3. Classes and priorities that objects name, quotas, limits and network policies.
4. Service accounts, roles, bindings of roles.
5. Secrets and ConfigMaps, volumes and claims.
6. Services.
7. Workloads and every other kind that the generated client has.
8. All other kinds: those that CustomResourceDefinitions brought.
9. Webhooks, admission policies and API services, which may block the other objects until they work.

Within one place the order is that of the file.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CRDS", "place"]

CRDS: Final = 1
"""The place of CustomResourceDefinitions."""

_BUILT_IN: Final = 11
_CUSTOM: Final = 12
_LAST: Final = 13

_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"

_PLACES: Final[dict[tuple[str, str], int]] = {
    ("", "Namespace"): 0,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): CRDS,
    ("scheduling.k8s.io", "PriorityClass"): 2,
    ("node.k8s.io", "RuntimeClass"): 2,
    ("storage.k8s.io", "StorageClass"): 2,
    ("networking.k8s.io", "IngressClass"): 2,
    ("", "ResourceQuota"): 3,
    ("", "LimitRange"): 3,
    ("networking.k8s.io", "NetworkPolicy"): 3,
    ("", "ServiceAccount"): 4,
    (_RBAC, "ClusterRole"): 5,
    (_RBAC, "Role"): 5,
    (_RBAC, "ClusterRoleBinding"): 6,
    (_RBAC, "RoleBinding"): 6,
    ("", "Secret"): 7,
    ("", "ConfigMap"): 7,
    ("", "PersistentVolume"): 8,
    ("", "PersistentVolumeClaim"): 9,
    ("", "Service"): 10,
    (_ADMISSION, "MutatingAdmissionPolicy"): _LAST,
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): _LAST,
    (_ADMISSION, "MutatingWebhookConfiguration"): _LAST,
    (_ADMISSION, "ValidatingAdmissionPolicy"): _LAST,
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): _LAST,
    (_ADMISSION, "ValidatingWebhookConfiguration"): _LAST,
    ("apiregistration.k8s.io", "APIService"): _LAST,
}


def place(group: str, kind: str, *, is_known: bool) -> int:
    """Return the place of a kind: lower ones come first.

    Args:
        group: The API group, "" for the core group.
        kind: The kind.
        is_known: Whether the generated client has it.
    """
    found = _PLACES.get((group, kind))
    if found is not None:
        return found
    return _BUILT_IN if is_known else _CUSTOM
