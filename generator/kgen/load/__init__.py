"""Load: from files to an `ApiSpec`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from kgen.errors import InputError, Problem
from kgen.files import read_regular
from kgen.load import crd, crd_openapi, openapi_v2, openapi_v3
from kgen.load.reading import MAX_BYTES, read_document, refuse
from kgen.spec import ApiSpec, Document

__all__ = ["load", "load_all"]

_SEVERAL: Final = "trailing characters"
"""The message of msgspec for several JSON values in one text."""
_NO_CRD: Final = "there is no CustomResourceDefinition in it"


def load(specs: Path, source: str | None = None) -> ApiSpec:
    """Return the content of one input; see `load_all`."""
    return load_all([(specs, source or specs.name)])


def load_all(inputs: Sequence[tuple[Path, str]]) -> ApiSpec:
    """Return the combined content of files and folders.

    Args:
        inputs: Each a folder of OpenAPI v3 documents, one of them, an OpenAPI v2 `swagger.json`, or CRD manifests, a
            file or a folder; and its name in headers of generated files and in messages.

    Raises:
        InputError: The input is invalid; the error names the file and the JSON pointer of the invalid part.
    """
    reader = _Reader()
    for path, source in inputs:
        reader.read(path, source)
    crd.refuse_twins(reader.crds)
    parts = list(reader.parts)
    if reader.crds:
        parts.append(crd_openapi.convert(reader.crds))
    return _together(parts, reader.warnings)


class _Kind(msgspec.Struct):
    """Keys that distinguish a Kubernetes object from an OpenAPI document."""

    kind: Any = None
    openapi: Any = None
    swagger: Any = None


class _Reader:
    """Collects the content of inputs: parsed OpenAPI, and CRDs."""

    def __init__(self) -> None:
        self.parts: list[ApiSpec] = []
        self.crds: list[crd.Crd] = []
        self.warnings: list[Problem] = []

    def read(self, path: Path, source: str) -> None:
        """Read one input."""
        before = len(self.crds)
        if path.is_dir():
            self._folder(path, source)
        elif path.suffix.lower() in crd.EXTENSIONS:
            self._manifests([path], source)
            if len(self.crds) == before:
                refuse((source,), _NO_CRD, "name a file with the CRDs, or a folder of such files")
        else:
            self._json(path, source)

    def _manifests(self, files: Iterable[Path], source: str, root: Path | None = None) -> None:
        for file in files:
            name = f"{source}/{file.relative_to(root).as_posix()}" if root is not None else source
            try:
                self.crds += crd.read(file, name, self.warnings)
            except InputError as error:
                if root is None or not crd.is_other_template(file, error):
                    raise
                hint = "if it contains a CRD, render it first: helm template"
                self.warnings.append(Problem("a template that is not rendered is not read", name, hint))

    def _folder(self, folder: Path, source: str) -> None:
        found = self._files(folder, source)
        manifests = [file for file in found if file.suffix.lower() in crd.EXTENSIONS]
        before = len(self.crds)
        self._manifests(manifests, source, folder)
        top = [file for file in found if file.suffix.lower() == ".json" and file.parent == folder]
        nested = [file for file in found if file.suffix.lower() == ".json" and file.parent != folder]
        passed = [file for file in nested if not self._nested(file, f"{source}/{file.relative_to(folder).as_posix()}")]
        has_crds = len(self.crds) > before
        if (folder / openapi_v3.INDEX).is_file() or not (manifests or top or has_crds):
            self.parts.append(openapi_v3.load(folder, source))
            return
        documents: dict[str, tuple[str, Mapping[str, Any]]] = {}
        for file in top:
            name = f"{source}/{file.name}"
            document = _document(file, name)
            if document is None or crd.is_manifest(document):
                self.crds += crd.read(file, name, self.warnings)
            else:
                documents[file.stem] = (name, document)
        if documents:
            self.parts.append(openapi_v3.convert(documents))
        elif len(self.crds) == before:
            refuse((source,), _NO_CRD, "name a folder of CRD manifests, or of OpenAPI v3 documents")
        for file in passed:
            name = f"{source}/{file.relative_to(folder).as_posix()}"
            hint = "name the folder that it is in as another input, or move it away"
            self.warnings.append(Problem("an OpenAPI document in a folder below is not read", name, hint))

    def _nested(self, file: Path, name: str) -> bool:
        """Read a JSON file of a folder below, unless it is an OpenAPI document; those stand in one folder."""
        try:
            data = read_regular(file, MAX_BYTES + 1)
            what = msgspec.json.decode(data, type=_Kind)
        except OSError as error:
            refuse((name,), f"the file can't be read: {error.strerror or error}", "check the path and its rights")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.crds += crd.read(file, name, self.warnings)
            return True
        if what.kind is not None:
            self.crds += crd.read(file, name, self.warnings)
        return what.openapi is None and what.swagger is None

    def _files(self, folder: Path, source: str) -> list[Path]:
        """Return the files of a folder and of those below it that may be inputs, hidden ones left out."""
        found: list[Path] = []
        try:
            for where, folders, names in os.walk(folder, onerror=_raise):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in [name for name in folders if Path(where, name).is_symlink()]:
                    inside = Path(where, name).relative_to(folder).as_posix()
                    hint = "name the folder that it leads to as another input"
                    self.warnings.append(Problem("a link to a folder is not followed", f"{source}/{inside}", hint))
                found += [Path(where, name) for name in names if not name.startswith(".") and _is_input(name)]
        except OSError as error:
            at = Path(error.filename or folder)
            inside = f"/{at.relative_to(folder).as_posix()}" if at != folder and at.is_relative_to(folder) else ""
            refuse(
                (f"{source}{inside}",), f"the folder can't be read: {error.strerror}", "check the path and its rights"
            )
        return sorted(found)

    def _json(self, file: Path, source: str) -> None:
        document = _document(file, source)
        if document is None or crd.is_manifest(document):
            before = len(self.crds)
            self.crds += crd.read(file, source, self.warnings)
            if len(self.crds) == before:
                refuse((source,), _NO_CRD, "name a file with the CRDs, or a folder of such files")
        elif "swagger" in document:
            self.parts.append(openapi_v2.convert(document, source))
        elif "openapi" in document:
            self.parts.append(openapi_v3.convert({file.stem: (source, document)}))
        else:
            raise InputError(
                "this is not an OpenAPI document or a CRD",
                where=source,
                hint="name a folder of OpenAPI v3 documents, an OpenAPI v2 swagger.json, or CRD manifests",
            )


def _document(file: Path, source: str) -> Mapping[str, Any] | None:
    """Read a JSON object from a file; None if several follow each other, as only manifests do."""
    try:
        return read_document(file, source)
    except InputError as error:
        if _SEVERAL not in error.what:
            raise
        return None


def _is_input(name: str) -> bool:
    return Path(name).suffix.lower() in (*crd.EXTENSIONS, ".json")


def _raise(error: OSError) -> None:
    raise error


def _together(parts: Iterable[ApiSpec], warnings: Iterable[Problem]) -> ApiSpec:
    """Return the documents of all inputs; those of no group version may be in several."""
    found: dict[str, Document] = {}
    notices: list[Problem] = []
    for part in parts:
        notices += part.notices
        for document in part.documents:
            other = found.setdefault(document.name, document)
            if other is not document and document.version:
                refuse(
                    (document.source,),
                    f"{document.api_version} is also in {other.source}",
                    "keep one of the two: leave out one input, or part of it",
                )
    documents = tuple(found[name] for name in sorted(found))
    return ApiSpec(documents, tuple(sorted(notices)), tuple(sorted(set(warnings))))
