"""Which mixins of kubecore a client has as its bases: one per verb, or one for several verbs."""

from __future__ import annotations

from typing import Final

from kgen.ir import GroupVersion, ModelRef, Resource
from kgen.plan.headers import codes
from kgen.text import Code

__all__ = ["SCALE", "STANDARD", "bases", "scale_model"]


STANDARD: Final = frozenset({"create", "delete", "delete_collection", "get", "list", "patch", "update", "watch"})
"""Verbs of nearly every resource."""

# Mixins of verbs that are several requests, and the verbs that they need.
_COMBINED: Final = {
    "CreateOrUpdate": frozenset({"create", "get", "update"}),
    "DeleteAndWait": frozenset({"delete", "list", "watch"}),
    "GetOrNone": frozenset({"get"}),
    "Modify": frozenset({"get", "update"}),
}

# The order of the mixins that a class lists.
_MIXINS: Final = {
    "get": "Get",
    "list": "List",
    "watch": "Watch",
    "create": "Create",
    "update": "Update",
    "patch": "Patch",
    "delete": "Delete",
    "delete_collection": "DeleteCollection",
}

# Waiting needs list and watch.
_WAIT: Final = frozenset({"list", "watch"})

_ENDS_MIXINS: Final = {"rollout": "WaitForRollout", "completion": "WaitForCompletion"}

_STATUS_MIXINS: Final = {"get": "GetStatus", "update": "UpdateStatus", "patch": "PatchStatus"}

SCALE: Final = "scale"

_SCALE_VERBS: Final = frozenset({"apply", "get", "patch", "update"})

# Clients of these know no model.
_STREAM_MIXINS: Final = {
    "log": ("Logs",),
    "proxy": ("Proxy",),
    "exec": ("Exec", "Copy"),
    "attach": ("Attach",),
    "portforward": ("PortForward",),
}

_TYPE_PARAMETERS: Final = {
    "List": "{kind}, {list}",
    "DeleteCollection": "{list}",
    "Scale": "{scale}",
    "Standard": "{kind}, {list}",
    "StandardWithStatus": "{kind}, {list}",
}


def bases(resource: Resource, group: GroupVersion) -> tuple[Code, ...]:
    """Return the base classes of a resource's client."""
    verbs, status = set(resource.verbs), set(resource.status_verbs)
    modifies_status = "get" in verbs and "update" in status
    names: list[str] = []
    if verbs >= STANDARD and resource.list_kind is not None:
        verbs -= STANDARD
        full = len(status) == len(_STATUS_MIXINS)
        names.append("StandardWithStatus" if full else "Standard")
        status = set[str]() if full else status
        modifies_status &= not full
    else:
        names += [mixin for mixin, needed in _COMBINED.items() if verbs >= needed]
        names += ["Wait"] if verbs >= _WAIT else []
    names += [mixin for verb, mixin in _MIXINS.items() if verb in verbs]
    names += [mixin for verb, mixin in _STATUS_MIXINS.items() if verb in status]
    names += ["ModifyStatus"] if modifies_status else []
    scale = scale_model(resource)
    names += ["Scale"] if scale else []
    names += [_ENDS_MIXINS[resource.ends]] if resource.ends else []
    types = {"kind": resource.kind, "list": resource.list_kind, "scale": scale}
    typed = [f"{name}[{_TYPE_PARAMETERS.get(name, '{kind}').format(**types)}]" for name in names]
    streams = [mixin for stream, mixins in _STREAM_MIXINS.items() if stream in resource.streams for mixin in mixins]
    # The connections go to its pods: the documents have no subresource for it.
    streams += ["ServicePortForward"] if (group.api_version, resource.kind_name) == ("v1", "Service") else []
    return codes([*typed, *streams])


def scale_model(resource: Resource) -> ModelRef | None:
    """Return the model of the scale if kubecore has all methods for it."""
    methods = [method for method in resource.methods if method.subresource == SCALE]
    refs = {ref for method in methods for ref in (method.body, method.response) if ref is not None}
    has_all = frozenset(method.verb for method in methods) == _SCALE_VERBS
    return refs.pop() if has_all and len(refs) == 1 else None
