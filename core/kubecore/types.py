"""The scalar types that models are made of, in one place for the generated modules to import."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec

from kubecore.intstr import IntOrString
from kubecore.time import MicroTime, Time

__all__ = ["JSON", "QUANTITY", "FieldsV1", "IntOrString", "MicroTime", "Quantity", "RawExtension", "Time"]

Quantity: TypeAlias = Annotated[str, msgspec.Meta(title="Quantity")]
"""An amount such as `500m` or `2Gi`, as text; `kubecore.quantity` calculates with it (`resource.Quantity`)."""

QUANTITY = Quantity
"""The same, as a value at run time."""

FieldsV1: TypeAlias = dict[str, Any]
"""The set of fields a manager owns, as the server sent it (`meta/v1 FieldsV1`)."""

JSON: TypeAlias = Any
"""Any JSON value: what a CRD's schema or a custom resource leaves open."""

RawExtension: TypeAlias = dict[str, Any]
"""A whole object of a kind that the schema does not name (`runtime.RawExtension`)."""
