"""The types of built-in and generated kinds: OpenAPI v3 schemas, read when they are used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from kubecore.testing._schemas.json_values import is_list, is_map

__all__ = ["OpenApiType", "OpenApiTypes"]

_PREFIX: Final = "#/components/schemas/"
_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
_QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"

_ANYTHING: Final = frozenset(
    {"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "io.k8s.apimachinery.pkg.runtime.RawExtension"}
)
"""Objects without properties in the documents, whose contents the server keeps as they are."""

_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})
_MERGES: Final = frozenset({"merge", "merge,retainKeys"})

Kind = Literal["any", "scalar", "list", "map"]
ListType = Literal["atomic", "set", "map"]

_LIST_TYPES: Final[Mapping[object, ListType]] = {"atomic": "atomic", "set": "set", "map": "map"}


class OpenApiTypes:
    """The types of one document, by the names of its schemas.

    Args:
        find: Returns the schema with a name, or None if the document has none.
    """

    def __init__(self, find: Callable[[str], Mapping[str, Any] | None]) -> None:
        self._find = find
        self._found: dict[str, OpenApiType] = {}

    def named(self, name: str) -> OpenApiType:
        """Return the type of a schema, always the same object; of one that is missing, the type of any value."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = OpenApiType(self, self._find(name) or _EMPTY, name)
        return found

    def at(self, document: Mapping[str, Any]) -> OpenApiType:
        """Return the type of a schema that is written at its place, such as that of a property."""
        reference = _reference(document)
        if reference is None:
            return OpenApiType(self, document)
        return self.named(reference) if document.keys() <= {"$ref", "allOf"} else self._refined(reference, document)

    def _refined(self, reference: str, document: Mapping[str, Any]) -> OpenApiType:
        whole = {**self.named(reference).whole, **document}
        whole.pop("allOf", None)
        whole.pop("$ref", None)
        return OpenApiType(self, whole, reference, document)


class OpenApiType:
    """The type of one place in an object; see `SchemaType` for the attributes.

    Args:
        types: The types of the document.
        whole: The schema, merged with the schema that it refers to.
        name: The name of the schema in the document, or "" if it is written at its place.
        document: The schema as it is written, if it is not `whole`.
    """

    __slots__ = (
        "_fields",
        "_items",
        "_types",
        "_values",
        "default",
        "document",
        "format",
        "is_atomic",
        "is_embedded",
        "is_nullable",
        "keeps_unknown",
        "kind",
        "list_keys",
        "list_type",
        "name",
        "patch_merge_key",
        "patch_strategy",
        "required",
        "scalar",
        "whole",
    )

    def __init__(
        self, types: OpenApiTypes, whole: Mapping[str, Any], name: str = "", document: Mapping[str, Any] | None = None
    ) -> None:
        self._types = types
        self._fields: Mapping[str, OpenApiType] | None = None
        self._items: OpenApiType | None = None
        self._values: OpenApiType | None = None
        self.whole: Final[Mapping[str, Any]] = whole
        self.name: Final[str] = name
        self.document: Final[Mapping[str, Any]] = whole if document is None else document
        self.scalar: Final[str] = _scalar(whole, name)
        self.format: Final[str] = "quantity" if name == _QUANTITY else whole.get("format", "")
        self.kind: Final[Kind] = _kind(whole, name, self.scalar)
        self.list_type: Final[ListType] = _list_type(whole)
        self.list_keys: Final[tuple[str, ...]] = _list_keys(whole) if self.list_type == "map" else ()
        self.is_atomic: Final[bool] = (
            self.list_type == "atomic" if self.kind == "list" else whole.get("x-kubernetes-map-type") == "atomic"
        )
        strategies: str = whole.get("x-kubernetes-patch-strategy", "")
        self.patch_strategy: Final[frozenset[str]] = (
            frozenset(strategies.split(",")) if strategies else frozenset[str]()
        )
        self.patch_merge_key: Final[str] = whole.get("x-kubernetes-patch-merge-key", "")
        self.default: Final[Any] = whole.get("default")
        self.required: Final[frozenset[str]] = frozenset(whole.get("required", ()))
        self.keeps_unknown: Final[bool] = (
            self.kind == "any" or whole.get("x-kubernetes-preserve-unknown-fields") is True
        )
        self.is_nullable: Final[bool] = whole.get("nullable") is True
        self.is_embedded: Final[bool] = whole.get("x-kubernetes-embedded-resource") is True

    @property
    def fields(self) -> Mapping[str, OpenApiType]:
        """The properties of a map by their names."""
        if self._fields is None:
            properties: Mapping[str, Any] = self.whole.get("properties", {}) if self.kind == "map" else {}
            self._fields = {name: self._types.at(each) for name, each in properties.items()}
        return self._fields

    @property
    def values(self) -> OpenApiType | None:
        """The type of the values of a map beyond its properties; None if there are no others."""
        if self._values is None and self.kind == "map":
            other = self.whole.get("additionalProperties")
            if is_map(other):
                self._values = self._types.at(other)
            elif other is True:
                self._values = self._types.at(_EMPTY)
        return self._values

    @property
    def items(self) -> OpenApiType | None:
        """The type of the items of a list."""
        if self._items is None and self.kind == "list":
            self._items = self._types.at(self.whole.get("items", _EMPTY))
        return self._items

    def other_kind(self, kind: str) -> OpenApiType | None:
        """Return the type of another kind of the same group and version, None if there is no such kind."""
        found = self._types.named(f"{self.name.rpartition('.')[0]}.{kind}")
        return found if found.whole.get("x-kubernetes-group-version-kind") else None

    def __repr__(self) -> str:
        """Return the kind and, if it has one, the name."""
        return f"<OpenApiType {self.scalar or self.kind} {self.name}>".replace(" >", ">")


def _reference(document: Mapping[str, Any]) -> str | None:
    """Return the name of the schema that a schema refers to: by `$ref`, or by `allOf` with one entry."""
    every = document.get("allOf")
    target = every[0] if is_list(every) and len(every) == 1 else document
    reference = target.get("$ref")
    return reference.removeprefix(_PREFIX) if isinstance(reference, str) else None


def _scalar(whole: Mapping[str, Any], name: str) -> str:
    if name == _QUANTITY:
        return "string"
    if whole.get("format") == "int-or-string" or whole.get("x-kubernetes-int-or-string") is True:
        return "int-or-string"
    named = whole.get("type")
    return named if named in _SCALARS else ""


def _kind(whole: Mapping[str, Any], name: str, scalar: str) -> Kind:
    if scalar:
        return "scalar"
    if name in _ANYTHING:
        return "any"
    if whole.get("type") == "array":
        return "list"
    return "map" if whole.get("type") == "object" or "properties" in whole else "any"


def _list_type(whole: Mapping[str, Any]) -> ListType:
    named = _LIST_TYPES.get(whole.get("x-kubernetes-list-type"))
    if named is not None:
        return named
    if whole.get("x-kubernetes-patch-strategy") in _MERGES:
        return "map" if "x-kubernetes-patch-merge-key" in whole else "set"
    return "atomic"


def _list_keys(whole: Mapping[str, Any]) -> tuple[str, ...]:
    if whole.get("x-kubernetes-list-type") == "map":
        return tuple(whole.get("x-kubernetes-list-map-keys", ()))
    return (whole.get("x-kubernetes-patch-merge-key", ""),)
