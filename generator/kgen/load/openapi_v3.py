"""A folder of OpenAPI v3 documents, as `kgen pull` writes them: one per path of `/openapi/v3`, or all packed."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any, Final

from kgen.errors import InputError, nearest
from kgen.load import packed
from kgen.load.operations import operations
from kgen.load.reading import mapping, optional_text, parse_document, read_document, refuse, schemas
from kgen.spec import ApiSpec, Document

__all__ = ["INDEX", "convert", "document_name", "group_version", "load"]

INDEX: Final = "index.json"
"""The file that records the captured documents of `kgen pull`; it is not a document itself."""

_GROUP_VERSION: Final = re.compile(r"(?:api|apis/(?P<group>[^/{}]+))/(?P<version>[^/{}]+)")


def load(folder: Path, source: str | None = None) -> ApiSpec:
    """Return the content of the documents in a folder.

    Args:
        folder: Holds `api__v1.json`, `apis__apps__v1.json` and so on: the path with `__` for `/`. If it has no such
            file, the packed documents in it are read.
        source: The name of the folder in headers of generated files and in messages; by default its own name.

    Raises:
        InputError: If there is no document, or an invalid one.
    """
    label = source or folder.name
    try:
        files = sorted(entry.name for entry in folder.iterdir() if entry.suffix == ".json" and entry.name != INDEX)
    except OSError as error:
        raise InputError(
            f"the folder can't be read: {error.strerror or error}", where=label, hint="check the path and its rights"
        ) from error
    if not files and (folder / packed.NAME).is_file():
        texts = packed.unpack(folder / packed.NAME, f"{label}/{packed.NAME}")
        return _load(
            frozenset(texts), lambda name: parse_document(bytes(texts[name]), f"{label}/{name}"), folder, label
        )
    names = frozenset((*files, INDEX) if (folder / INDEX).is_file() else files)
    return _load(names, lambda name: read_document(folder / name, f"{label}/{name}"), folder, label)


def _load(names: frozenset[str], read: Callable[[str], Mapping[str, Any]], folder: Path, label: str) -> ApiSpec:
    if INDEX in names:
        _refuse_missing(read(INDEX), names, f"{label}/{INDEX}")
    documents = sorted(names - {INDEX})
    if not documents:
        raise InputError("the folder holds no OpenAPI document", where=label, hint=_hint(folder, label))
    return convert({name.removesuffix(".json"): (f"{label}/{name}", read(name)) for name in documents})


def convert(files: Mapping[str, tuple[str, Mapping[str, Any]]]) -> ApiSpec:
    """Return the content of parsed documents.

    Args:
        files: By file name without `.json`: the name of the file in messages, and the document.

    Raises:
        InputError: The input is invalid; the error names the file and the place of the invalid part.
    """
    documents: dict[str, Document] = {}
    for stem, (source, raw) in sorted(files.items()):
        document = _document(stem, source, raw)
        other = documents.setdefault(document.name, document)
        if other is not document:
            refuse((source,), f"{other.source} is of {document.name}, too", "keep one of the two")
    return ApiSpec(tuple(documents[name] for name in sorted(documents)))


def group_version(name: str) -> tuple[str, str]:
    """Return the group and the version of a path of `/openapi/v3`; two empty strings if it has none."""
    match = _GROUP_VERSION.fullmatch(name)
    return (match["group"] or "", match["version"]) if match else ("", "")


def document_name(path: str) -> str:
    """Return the path of `/openapi/v3` that a path of the API belongs to."""
    match = _GROUP_VERSION.match(path.strip("/"))
    if match:
        return match[0]
    return "/".join(segment for segment in path.split("/") if segment and not segment.startswith("{"))


def _document(stem: str, source: str, raw: Mapping[str, Any]) -> Document:
    if not optional_text(raw, "openapi").startswith("3."):
        refuse(
            (source,), _other(raw), "name an OpenAPI v2 swagger.json itself as the spec, and keep it out of the folder"
        )
    found = operations(raw, source)
    name = stem.replace("__", "/")
    if not group_version(name)[1]:
        # Saved manually under a custom name: the paths in it identify the document.
        versions = {document_name(operation.path) for operation in found}
        name = next(iter(versions)) if len(versions) == 1 else name
    components = mapping(raw.get("components", {}), (source, "components"))
    known, _ = schemas(components.get("schemas"), (source, "components", "schemas"))
    return Document(name, source, *group_version(name), found, known)


def _other(raw: Mapping[str, Any]) -> str:
    version = optional_text(raw, "swagger") or optional_text(raw, "openapi")
    return (
        f"this is OpenAPI {version[:20]}, not v3"
        if version
        else "this is not an OpenAPI document: `openapi` is missing"
    )


def _refuse_missing(index: Mapping[str, Any], files: Container[str], source: str) -> None:
    """Refuse a folder that lacks a file of its index: an incomplete capture would build an incomplete client."""
    entries = index.get("documents")
    for name, entry in mapping({} if entries is None else entries, (source, "documents")).items():
        file = optional_text(mapping(entry, (source, "documents", name)), "file")
        if file not in files:
            refuse(
                (source, "documents", name),
                f"the file {file[:200]!r} is missing",
                "restore it, or run `kgen pull` again",
            )


def _hint(folder: Path, label: str) -> str:
    inner = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and any(entry.glob("*.json")))
    near = nearest("1", inner) or (inner[-1] if inner else None)
    return f"did you mean {label}/{near}?" if near else "`kgen pull` captures the documents of a cluster"
