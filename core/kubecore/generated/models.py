"""Everything that generated modules of models import from kubecore.

`kubecore.generated.clients` is a separate module because models never import verbs.
"""

from __future__ import annotations

from kubecore.model.hints import module_getattr
from kubecore.model.meta import (
    ListMeta,
    ManagedFieldsEntry,
    ObjectMeta,
    OwnerReference,
    Preconditions,
    Status,
    StatusCause,
    StatusDetails,
)
from kubecore.model.model import CustomListModel, CustomModel, ListModel, Model, OpenModel, always
from kubecore.model.other_fields import OtherFields
from kubecore.model.scalars import (
    JSON,
    NO_FIELDS,
    FieldsV1,
    IntOrString,
    MicroTime,
    OpenEnum,
    Quantity,
    RawExtension,
    Time,
)

__all__ = [
    "JSON",
    "NO_FIELDS",
    "CustomListModel",
    "CustomModel",
    "FieldsV1",
    "IntOrString",
    "ListMeta",
    "ListModel",
    "ManagedFieldsEntry",
    "MicroTime",
    "Model",
    "ObjectMeta",
    "OpenEnum",
    "OpenModel",
    "OtherFields",
    "OwnerReference",
    "Preconditions",
    "Quantity",
    "RawExtension",
    "Status",
    "StatusCause",
    "StatusDetails",
    "Time",
    "always",
    "module_getattr",
]
