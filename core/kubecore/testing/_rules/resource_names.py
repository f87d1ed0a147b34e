"""Names of resources that limits and quotas have without a prefix."""

from __future__ import annotations

from typing import Final

__all__ = ["COUNTED", "is_standard"]

COUNTED: Final = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    }
)
"""Numbers of objects."""

_MEASURED: Final = frozenset(
    {"requests.storage"}
    | {f"{kind}{name}" for kind in ("", "limits.", "requests.") for name in ("cpu", "ephemeral-storage", "memory")}
)
"""Amounts of quotas."""


def is_standard(name: str) -> bool:
    """Return whether a name is one of those that need no prefix."""
    return name in COUNTED or name in _MEASURED or name == "storage"
