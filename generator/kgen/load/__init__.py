"""Load: from files or a cluster to an `ApiSpec`."""

from __future__ import annotations

from pathlib import Path

from kgen.errors import InputError
from kgen.load import openapi_v2, openapi_v3
from kgen.load.reading import read_document
from kgen.spec import ApiSpec

__all__ = ["load"]


def load(specs: Path, source: str | None = None) -> ApiSpec:
    """Return what the documents of a folder or a file say.

    Args:
        specs: A folder of OpenAPI v3 documents, one of them, or an OpenAPI v2 `swagger.json`.
        source: What headers of generated files and messages call it; by default its own name.

    Raises:
        InputError: naming the file and the JSON pointer of what can't be used.
    """
    name = source or specs.name
    if specs.is_dir():
        return openapi_v3.load(specs, name)
    document = read_document(specs, name)
    if "swagger" in document:
        return openapi_v2.convert(document, name)
    if "openapi" in document:
        return openapi_v3.convert({specs.stem: (name, document)})
    raise InputError(
        "this is no OpenAPI document",
        where=name,
        hint="name a folder of OpenAPI v3 documents or an OpenAPI v2 swagger.json",
    )
