"""The scalar types that models are made of, in one place for the generated modules to import."""

from __future__ import annotations

from typing import Any, TypeAlias

from kubecore.intstr import IntOrString
from kubecore.quantity import Quantity
from kubecore.time import MicroTime, Time

__all__ = ["JSON", "FieldsV1", "IntOrString", "MicroTime", "Quantity", "RawExtension", "Time"]

FieldsV1: TypeAlias = dict[str, Any]
"""The set of fields a manager owns, as the server sent it (`meta/v1 FieldsV1`)."""

JSON: TypeAlias = Any
"""Any JSON value: what a CRD's schema or a custom resource leaves open."""

RawExtension: TypeAlias = dict[str, Any]
"""A whole object of a kind that the schema does not name (`runtime.RawExtension`)."""
