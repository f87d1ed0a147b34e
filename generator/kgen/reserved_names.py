"""Names that generated code cannot use, and the names that Kubernetes' own groups have."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CLIENT_GO_GROUPS",
    "RESERVED_ACCESSORS",
    "RESERVED_ARGUMENTS",
    "RESERVED_CLASSES",
    "RESERVED_CLIENTS",
    "RESERVED_FIELDS",
    "RESERVED_GROUPS",
    "RESERVED_METHODS",
]

RESERVED_FIELDS: Final = frozenset(
    {
        # Names that generated models use in their class body.
        "always",
        "builtins",
        "msgspec",
        "other_fields",
        # Attributes of every model (kubecore.model.model.Model).
        "from_dict",
        "from_yaml",
        "replace",
        "to_dict",
        "to_yaml",
        "zero",
    }
)
"""Field names that get an underscore, because the plain name is taken in every model."""

RESERVED_CLASSES: Final = frozenset(
    {
        "Annotated",
        "Any",
        "CustomListModel",
        "CustomModel",
        "FieldsV1",
        "Final",
        "IntOrString",
        "JSON",
        "ListModel",
        "Literal",
        "MicroTime",
        "Model",
        "NO_FIELDS",
        "OpenEnum",
        "OpenModel",
        "OtherFields",
        "Quantity",
        "RawExtension",
        "TYPE_CHECKING",
        "Time",
        "TypeAlias",
    }
)
"""Class names that get an underscore, because models modules import something under the plain name."""

RESERVED_CLIENTS: Final = frozenset(
    {
        "Any",
        "Client",
        "DryRun",
        "FieldValidation",
        "Group",
        "Mapping",
        "Never",
        "PatchBody",
        "PatchType",
        "Resource",
        "TYPE_CHECKING",
    }
)
"""Client class names that get an underscore, because the modules of clients import something under the plain name."""

RESERVED_GROUPS: Final = frozenset(
    {
        # Attributes of every clientset (kubecore.clientset).
        "aclose",
        "close",
        "discovery",
        "dynamic",
        "namespace",
        "raw",
        "resource",
        "rest_client",
        "server_version",
        # Names that generated modules use.
        "always",
        "async_verbs",
        "builtins",
        "module_getattr",
        "msgspec",
        "property",
        "sync_verbs",
    }
)
"""Names of group versions and models modules that get an underscore."""

RESERVED_ACCESSORS: Final = frozenset({"str"})
"""Methods of group clients that get an underscore: their signatures use the plain name."""

RESERVED_METHODS: Final = frozenset(
    {
        "apply",
        "apply_scale",
        "apply_status",
        "attach",
        "copy_from",
        "copy_to",
        "create",
        "create_or_update",
        "delete",
        "delete_and_wait",
        "delete_collection",
        "exec",
        "get",
        "get_logs",
        "get_metadata",
        "get_or_none",
        "get_scale",
        "get_status",
        "informer",
        "iter",
        "iter_metadata",
        "list",
        "list_and_watch",
        "list_metadata",
        "modify",
        "modify_status",
        "patch",
        "patch_scale",
        "patch_status",
        "port_forward",
        "proxy",
        "run",
        "stream_logs",
        "table",
        "update",
        "update_scale",
        "update_status",
        "wait",
        "wait_for_completion",
        "wait_for_rollout",
        "watch",
        "watch_metadata",
    }
)
"""Methods of subresources that get an underscore: `kubecore` has verbs of these names.

The subresource `scale` itself keeps these names: its methods are those of `kubecore`, or replace them.
"""

RESERVED_ARGUMENTS: Final = frozenset(
    {"body", "dry_run", "field_manager", "field_validation", "force", "name", "self", "timeout", "type"}
)
"""Names that the body argument of a subresource's method never has, because another argument has them."""

CLIENT_GO_GROUPS: Final = {
    "": "core",
    "admissionregistration.k8s.io": "admissionregistration",
    "apiextensions.k8s.io": "apiextensions",
    "apiregistration.k8s.io": "apiregistration",
    "apps": "apps",
    "authentication.k8s.io": "authentication",
    "authorization.k8s.io": "authorization",
    "autoscaling": "autoscaling",
    "batch": "batch",
    "certificates.k8s.io": "certificates",
    "coordination.k8s.io": "coordination",
    "discovery.k8s.io": "discovery",
    "events.k8s.io": "events",
    "extensions": "extensions",
    "flowcontrol.apiserver.k8s.io": "flowcontrol",
    "imagepolicy.k8s.io": "imagepolicy",
    "internal.apiserver.k8s.io": "internal",
    "lifecycle.k8s.io": "lifecycle",
    "meta.k8s.io": "meta",
    "networking.k8s.io": "networking",
    "node.k8s.io": "node",
    "policy": "policy",
    "rbac.authorization.k8s.io": "rbac",
    "resource.k8s.io": "resource",
    "scheduling.k8s.io": "scheduling",
    "settings.k8s.io": "settings",
    "storage.k8s.io": "storage",
    "storagemigration.k8s.io": "storagemigration",
}
"""Kubernetes' own groups and the name client-go gives each; no other group may take one of these names."""
