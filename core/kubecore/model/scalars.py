"""The scalar types that models are made of, in one place for the generated modules to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, TypeVar

import msgspec

from kubecore.model.int_or_string import IntOrString
from kubecore.model.times import MicroTime, Time

__all__ = [
    "JSON",
    "NO_FIELDS",
    "QUANTITY",
    "FieldsV1",
    "IntOrString",
    "MicroTime",
    "OpenEnum",
    "Quantity",
    "RawExtension",
    "Time",
]

if TYPE_CHECKING:
    _V = TypeVar("_V", bound=str)
    OpenEnum: TypeAlias = _V | str
else:

    class OpenEnum:
        """A string with known values: `OpenEnum[Literal["Always", "Never"]]`.

        Editors offer the values. At run time the annotation is `str`, which any other value fits as well.
        """

        def __class_getitem__(cls, values):
            return str


Quantity: TypeAlias = Annotated[str, msgspec.Meta(title="Quantity")]
"""An amount such as `500m` or `2Gi`, as text; `kubecore.quantity` calculates with it (`resource.Quantity`)."""

QUANTITY = Quantity
"""The same, as a value at run time."""

FieldsV1: TypeAlias = msgspec.Raw
"""The set of fields that a manager owns, as the server's own JSON text (`meta/v1 FieldsV1`).

A third of a pod, and hardly ever read: as text it needs a fifth of the memory.
`msgspec.json.decode(entry.fields_v1)` reads it.
"""

NO_FIELDS: Final = msgspec.Raw(b"{}")
"""The empty set: not sent."""

JSON: TypeAlias = Any
"""Any JSON value: untyped parts of a CRD's schema or a custom resource."""

RawExtension: TypeAlias = dict[str, Any]
"""A whole object of a kind that the schema does not name (`runtime.RawExtension`)."""
