"""Schema types that are read from OpenAPI v3 documents, for tests of the parts that use types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

__all__ = ["DocumentType", "builtin", "custom"]

SPECS = Path(__file__).parents[2] / "specs" / "1.37"
PREFIX = "#/components/schemas/"
SCALARS = ("string", "integer", "number", "boolean")
Json = dict[str, Any]


class DocumentType:
    """The type of one place of a document."""

    def __init__(self, document: Mapping[str, Any], components: Mapping[str, Any]) -> None:
        self.components = components
        self.own = document
        merged: Json = {}
        for part in (*document.get("allOf", ()), document):
            merged.update(components[part["$ref"].removeprefix(PREFIX)] if "$ref" in part else part)
        self.document: Mapping[str, Any] = merged

    @cached_property
    def kind(self) -> Literal["any", "scalar", "list", "map"]:
        known = self.document.get("type")
        if known in SCALARS or self.scalar:
            return "scalar"
        if known == "array":
            return "list"
        return "map" if "properties" in self.document or self.document.get("additionalProperties") else "any"

    @cached_property
    def scalar(self) -> str:
        if self.document.get("format") == "int-or-string" or self.document.get("x-kubernetes-int-or-string"):
            return "int-or-string"
        if "oneOf" in self.document and "type" not in self.document:
            return "string"
        known = self.document.get("type")
        return known if known in SCALARS else ""

    @property
    def format(self) -> str:
        return str(self.document.get("format", ""))

    @cached_property
    def fields(self) -> Mapping[str, DocumentType]:
        found = self.document.get("properties", {})
        return {name: DocumentType(known, self.components) for name, known in found.items()}

    @cached_property
    def values(self) -> DocumentType | None:
        found = self.document.get("additionalProperties")
        return DocumentType(found, self.components) if isinstance(found, dict) else None

    @cached_property
    def items(self) -> DocumentType | None:
        found = self.document.get("items")
        return DocumentType(found, self.components) if isinstance(found, dict) else None

    @property
    def is_atomic(self) -> bool:
        return self.list_type == "atomic" if self.kind == "list" else self._says("x-kubernetes-map-type") == "atomic"

    def _says(self, name: str) -> Any:
        return self.own.get(name, self.document.get(name))

    @cached_property
    def list_type(self) -> Literal["atomic", "set", "map"]:
        known: Any = self._says("x-kubernetes-list-type")
        if known is not None:
            return known  # type: ignore[no-any-return]
        if "merge" not in self.patch_strategy:
            return "atomic"
        return "map" if self.patch_merge_key else "set"

    @property
    def list_keys(self) -> tuple[str, ...]:
        known = self._says("x-kubernetes-list-map-keys")
        return tuple(known) if known else (self.patch_merge_key,)

    @property
    def patch_strategy(self) -> frozenset[str]:
        return frozenset(str(self._says("x-kubernetes-patch-strategy") or "").split(","))

    @property
    def patch_merge_key(self) -> str:
        return str(self._says("x-kubernetes-patch-merge-key") or "")

    @property
    def default(self) -> Any:
        return self._says("default")

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self.document.get("required", ()))

    @property
    def keeps_unknown(self) -> bool:
        return bool(self.document.get("x-kubernetes-preserve-unknown-fields"))

    @property
    def is_nullable(self) -> bool:
        return bool(self.document.get("nullable"))

    @property
    def is_embedded(self) -> bool:
        return bool(self.document.get("x-kubernetes-embedded-resource"))


def _without_descriptions(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_descriptions(v) for k, v in value.items() if k != "description" or not isinstance(v, str)}
    return [_without_descriptions(item) for item in value] if isinstance(value, list) else value


_documents: dict[str, Json] = {}


def document_of(api_version: str) -> Path:
    """Return the file with the document of a group version."""
    group, _, version = api_version.rpartition("/")
    return SPECS / (f"apis__{group}__{version}.json" if group else f"api__{version}.json")


def builtin(api_version: str, kind: str) -> DocumentType:
    """Return the type of a built-in kind."""
    if api_version not in _documents:
        read = json.loads(document_of(api_version).read_text("utf-8"))
        _documents[api_version] = _without_descriptions(read["components"]["schemas"])
    group, _, version = api_version.rpartition("/")
    for found in _documents[api_version].values():
        if {"group": group, "version": version, "kind": kind} in found.get("x-kubernetes-group-version-kind", ()):
            return DocumentType(found, _documents[api_version])
    raise LookupError(f"{api_version} {kind}")


def custom(components: Json, name: str) -> DocumentType:
    """Return the type of a component of a document."""
    return DocumentType(components[name], components)
