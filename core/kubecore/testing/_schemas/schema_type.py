"""The type of a value: how it is checked, defaulted, merged and owned.

Sources: the extensions `x-kubernetes-*` of OpenAPI v3 documents and of structural schemas; the merge rules of
https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

__all__ = ["SchemaType"]


class SchemaType(Protocol):
    """The type of one place in an object: a property, the values of a map, the items of a list.

    The settings of a property (default, patch strategy) are merged with those of the type that it refers to.
    Types may contain themselves: members are read when they are used, and equal places return equal objects.

    Attributes:
        kind: `any` for a value without a schema.
        scalar: `string`, `integer`, `number`, `boolean` or `int-or-string`; "" for other kinds.
        format: The format of a scalar, such as `int32` or `date-time`; "" for no format.
        fields: The properties of a map by their names, in the order of the document.
        values: The type of the values of a map beyond `fields`; None if other keys are unknown fields.
        items: The type of the items of a list.
        is_atomic: Whether a map or a list has one owner only, and is replaced as a whole (server-side apply).
        list_type: How server-side apply merges a list. Atomic by default, unless the patch strategy is
            `merge`.
        list_keys: The keys of a list of type `map`.
        patch_strategy: Of a strategic merge patch: any of `merge`, `replace`, `retainKeys`.
        patch_merge_key: The key by which a strategic merge patch merges a list of maps, or "".
        default: The default of the value; None for no default.
        required: The names of the properties that a map must have.
        keeps_unknown: Whether a map keeps fields that it does not know.
        is_nullable: Whether null is a value.
        is_embedded: Whether a map is a whole object with `apiVersion`, `kind` and `metadata`.
        document: The JSON of the schema, without descriptions; references are not followed.
    """

    @property
    def kind(self) -> Literal["any", "scalar", "list", "map"]: ...
    @property
    def scalar(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, SchemaType]: ...
    @property
    def values(self) -> SchemaType | None: ...
    @property
    def items(self) -> SchemaType | None: ...
    @property
    def is_atomic(self) -> bool: ...
    @property
    def list_type(self) -> Literal["atomic", "set", "map"]: ...
    @property
    def list_keys(self) -> tuple[str, ...]: ...
    @property
    def patch_strategy(self) -> frozenset[str]: ...
    @property
    def patch_merge_key(self) -> str: ...
    @property
    def default(self) -> Any: ...
    @property
    def required(self) -> frozenset[str]: ...
    @property
    def keeps_unknown(self) -> bool: ...
    @property
    def is_nullable(self) -> bool: ...
    @property
    def is_embedded(self) -> bool: ...
    @property
    def document(self) -> Mapping[str, Any]: ...
