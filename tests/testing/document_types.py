"""Schema types for tests: of built-in kinds, and of documents in tests."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from kubecore.testing._schemas.openapi import OpenApiTypes
from kubecore.testing._schemas.packages import load
from kubecore.testing._schemas.schema_type import SchemaType

__all__ = ["builtin", "components", "custom", "document_of"]

SPECS = Path(__file__).parents[2] / "specs" / "1.37"
Json = dict[str, Any]


def document_of(api_version: str) -> Path:
    """Return the file with the OpenAPI document of a group version."""
    group, _, version = api_version.rpartition("/")
    return SPECS / (f"apis__{group}__{version}.json" if group else f"api__{version}.json")


@cache
def components(api_version: str) -> Json:
    """Return the schemas of a group version."""
    found: Json = json.loads(document_of(api_version).read_text("utf-8"))["components"]["schemas"]
    return found


def builtin(api_version: str, kind: str) -> SchemaType:
    """Return the type of a built-in kind."""
    group, _, version = api_version.rpartition("/")
    return load("kubeclient").schema(group, version, kind)


def custom(schemas: Json, name: str) -> SchemaType:
    """Return the type of a schema."""
    return OpenApiTypes(schemas.get).named(name)
