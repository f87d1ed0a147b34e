"""An OpenAPI v2 `swagger.json`: one file for the whole API, taken apart into documents as `/openapi/v3` has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from kgen.load.openapi_v3 import document_name, group_version
from kgen.load.operations import operations
from kgen.load.reading import optional_text, read_document, refuse, schemas
from kgen.shapes import is_array
from kgen.spec import ApiSpec, Document, Operation

__all__ = ["convert", "load"]

LEFT: Final = "definitions"
"""The document that holds the schemas that no operation leads to."""


_GVK: Final = "x-kubernetes-group-version-kind"
_DESCRIBED: Final = frozenset({"properties", "additionalProperties"})
_OF_EVERY_KIND: Final = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
}


def load(file: Path, source: str | None = None) -> ApiSpec:
    """Return the content of an OpenAPI v2 document.

    Args:
        file: The document.
        source: Its name in headers of generated files and in messages; by default its file name.

    Raises:
        InputError: The input is invalid; the error names the JSON pointer of the invalid part.
    """
    name = source or file.name
    return convert(read_document(file, name), name)


def convert(raw: Mapping[str, Any], source: str) -> ApiSpec:
    """Return the content of a parsed OpenAPI v2 document.

    Raises:
        InputError: The input is invalid; the error names the JSON pointer of the invalid part.
    """
    if optional_text(raw, "swagger") != "2.0":
        refuse(
            (source,),
            "this is not an OpenAPI v2 document: `swagger` is not 2.0",
            "name an OpenAPI v2 swagger.json",
        )
    known, references = schemas(raw.get("definitions"), (source, "definitions"))
    parts: dict[str, list[Operation]] = {}
    for operation in operations(raw, source):
        parts.setdefault(document_name(operation.path), []).append(operation)
    reached = {name: _reached(found, references) for name, found in parts.items()}
    left = known.keys() - frozenset().union(*reached.values())
    if left:
        parts.setdefault(LEFT, [])
        reached[LEFT] = reached.get(LEFT, frozenset()) | left
    documents = [_document(name, source, parts[name], known, reached[name]) for name in sorted(parts)]
    return ApiSpec(tuple(documents))


def _document(
    name: str, source: str, found: Iterable[Operation], known: Mapping[str, Mapping[str, Any]], names: Iterable[str]
) -> Document:
    own = {schema: _completed(known[schema]) for schema in sorted(names) if schema in known}
    return Document(name, source, *group_version(name), tuple(found), own, has_defaults=False)


def _completed(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a kind with the fields that every kind has.

    The server publishes a kind that preserves unknown fields without any property; its objects may have all fields.
    """
    if not is_array(schema.get(_GVK)) or schema.get("type") != "object" or schema.keys() & _DESCRIBED:
        return schema
    return {**schema, "x-kubernetes-preserve-unknown-fields": True, "properties": _OF_EVERY_KIND}


def _reached(found: Iterable[Operation], references: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the schemas that operations name, and all that these lead to."""
    names = {
        name for operation in found for name in (operation.request_body_schema, *operation.responses.values()) if name
    }
    waiting = list(names)
    while waiting:
        new = references.get(waiting.pop(), frozenset()) - names
        names |= new
        waiting.extend(new)
    return frozenset(names)
