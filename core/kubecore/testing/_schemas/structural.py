"""The types of custom resources: structural schemas of CRDs, read when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from kubecore.testing._schemas.json_values import is_map
from kubecore.testing._schemas.schema_type import SchemaType
from kubecore.testing._schemas.shapes import items_of, properties_of

__all__ = ["StructuralType"]

_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})
_ROOT: Final = frozenset({"apiVersion", "kind"})


class StructuralType:
    """The type of one place in a custom resource; see `SchemaType` for the attributes.

    Args:
        document: The schema, as it is written in `openAPIV3Schema`.
        metadata: The type of `metadata` of whole objects, for the root of a schema and for embedded objects.
        is_root: Whether this is the type of a whole object.
    """

    __slots__ = (
        "_fields",
        "_items",
        "_metadata",
        "_values",
        "default",
        "document",
        "format",
        "is_atomic",
        "is_embedded",
        "is_nullable",
        "is_root",
        "keeps_unknown",
        "kind",
        "list_keys",
        "list_type",
        "patch_merge_key",
        "patch_strategy",
        "required",
        "scalar",
    )

    def __init__(
        self, document: Mapping[str, Any], *, metadata: SchemaType | None = None, is_root: bool = False
    ) -> None:
        self._metadata = metadata
        self._fields: Mapping[str, SchemaType] | None = None
        self._items: StructuralType | None = None
        self._values: StructuralType | None = None
        self.document: Final[Mapping[str, Any]] = document
        self.is_root: Final[bool] = is_root
        self.scalar: Final[str] = _scalar(document)
        self.kind: Final[Literal["any", "scalar", "list", "map"]] = _kind(document, self.scalar, is_root=is_root)
        self.format: Final[str] = document.get("format", "")
        self.list_type: Final[Literal["atomic", "set", "map"]] = _list_type(document)
        self.list_keys: Final[tuple[str, ...]] = tuple(document.get("x-kubernetes-list-map-keys", ()))
        self.is_atomic: Final[bool] = (
            self.list_type == "atomic" if self.kind == "list" else document.get("x-kubernetes-map-type") == "atomic"
        )
        self.patch_strategy: Final[frozenset[str]] = frozenset()
        self.patch_merge_key: Final[str] = ""
        self.default: Final[Any] = document.get("default")
        self.required: Final[frozenset[str]] = frozenset(document.get("required") or ())
        self.keeps_unknown: Final[bool] = (
            self.kind == "any" or document.get("x-kubernetes-preserve-unknown-fields") is True
        )
        self.is_nullable: Final[bool] = document.get("nullable") is True
        self.is_embedded: Final[bool] = document.get("x-kubernetes-embedded-resource") is True

    @property
    def fields(self) -> Mapping[str, SchemaType]:
        """The properties of a map by their names; those of whole objects include the ones that all objects have."""
        if self._fields is None:
            properties = properties_of(self.document)
            found: dict[str, SchemaType] = {
                name: StructuralType(each, metadata=self._metadata) for name, each in properties.items()
            }
            if self.is_root or self.is_embedded:
                text = StructuralType({"type": "string"})
                found |= {name: found.get(name, text) for name in sorted(_ROOT)}
                if self._metadata is not None:
                    found["metadata"] = self._metadata
            self._fields = MappingProxyType(found if self.kind == "map" else {})
        return self._fields

    @property
    def values(self) -> StructuralType | None:
        """The type of the values of a map beyond its properties; None if there are no others."""
        if self._values is None and self.kind == "map":
            other = self.document.get("additionalProperties")
            if is_map(other):
                self._values = StructuralType(other, metadata=self._metadata)
            elif other is True or self.keeps_unknown:
                self._values = StructuralType({"x-kubernetes-preserve-unknown-fields": True})
        return self._values

    @property
    def items(self) -> StructuralType | None:
        """The type of the items of a list."""
        if self._items is None and self.kind == "list":
            self._items = StructuralType(items_of(self.document) or {}, metadata=self._metadata)
        return self._items

    def __repr__(self) -> str:
        """Return the kind."""
        return f"<StructuralType {self.scalar or self.kind}>"


def _scalar(document: Mapping[str, Any]) -> str:
    if document.get("x-kubernetes-int-or-string") is True:
        return "int-or-string"
    named = document.get("type")
    return named if named in _SCALARS else ""


def _kind(document: Mapping[str, Any], scalar: str, *, is_root: bool) -> Literal["any", "scalar", "list", "map"]:
    if scalar:
        return "scalar"
    if document.get("type") == "array":
        return "list"
    return "map" if is_root or document.get("type") == "object" or "properties" in document else "any"


def _list_type(document: Mapping[str, Any]) -> Literal["atomic", "set", "map"]:
    named: Any = document.get("x-kubernetes-list-type")
    return named if named in ("set", "map") else "atomic"
