"""Everything that generated clients, groups and clientsets import from kubecore.

Each name is imported when it is first used: a clientset needs no verbs before a group is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kubecore import async_verbs, sync_verbs
    from kubecore.calls.resource import PatchBody, Resource
    from kubecore.clientset import AsyncBaseClientset, AsyncGroup, BaseClientset, Group
    from kubecore.model.kinds import KindInfo
    from kubecore.options import DryRun, FieldValidation, PatchType

__all__ = [
    "AsyncBaseClientset",
    "AsyncGroup",
    "BaseClientset",
    "DryRun",
    "FieldValidation",
    "Group",
    "KindInfo",
    "PatchBody",
    "PatchType",
    "Resource",
    "async_verbs",
    "sync_verbs",
]

_PACKAGES: Final = frozenset({"async_verbs", "sync_verbs"})

_MODULES: Final = {
    "AsyncBaseClientset": "clientset",
    "AsyncGroup": "clientset",
    "BaseClientset": "clientset",
    "DryRun": "options",
    "FieldValidation": "options",
    "Group": "clientset",
    "KindInfo": "model.kinds",
    "PatchBody": "calls.resource",
    "PatchType": "options",
    "Resource": "calls.resource",
}
"""The module of kubecore that has each name."""


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a name when it is first used."""
        if name in _PACKAGES:
            found: Any = import_module(f"kubecore.{name}")
        elif name in _MODULES:
            found = getattr(import_module(f"kubecore.{_MODULES[name]}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found
        return found
