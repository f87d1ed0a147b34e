"""The scalar types that models are made of, in one place for the generated modules to import."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

import msgspec

from kubecore.model.int_or_string import IntOrString
from kubecore.model.times import MicroTime, Time

__all__ = ["JSON", "NO_FIELDS", "QUANTITY", "FieldsV1", "IntOrString", "MicroTime", "Quantity", "RawExtension", "Time"]

Quantity: TypeAlias = Annotated[str, msgspec.Meta(title="Quantity")]
"""An amount such as `500m` or `2Gi`, as text; `kubecore.quantity` calculates with it (`resource.Quantity`)."""

QUANTITY = Quantity
"""The same, as a value at run time."""

FieldsV1: TypeAlias = msgspec.Raw
"""The set of fields that a manager owns, as the server's own JSON text (`meta/v1 FieldsV1`).

A third of a pod, and hardly ever read: as text it takes a fifth of the memory.
`msgspec.json.decode(entry.fields_v1)` reads it.
"""

NO_FIELDS: Final = msgspec.Raw(b"{}")
"""The empty set: not sent."""

JSON: TypeAlias = Any
"""Any JSON value: what a CRD's schema or a custom resource leaves open."""

RawExtension: TypeAlias = dict[str, Any]
"""A whole object of a kind that the schema does not name (`runtime.RawExtension`)."""
