"""Load: from files to an `ApiSpec`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kgen.errors import InputError, Problem
from kgen.load import crd, crd_openapi, openapi_v2, openapi_v3
from kgen.load.reading import read_document, refuse
from kgen.spec import ApiSpec, Document

__all__ = ["load", "load_all"]

_NO_CRD: Final = "there is no CustomResourceDefinition in it"


def load(specs: Path, source: str | None = None) -> ApiSpec:
    """Return what one input says; see `load_all`."""
    return load_all([(specs, source or specs.name)])


def load_all(inputs: Sequence[tuple[Path, str]]) -> ApiSpec:
    """Return what files and folders say together.

    Args:
        inputs: Each a folder of OpenAPI v3 documents, one of them, an OpenAPI v2 `swagger.json`, or CRD manifests, a
            file or a folder; and what headers of generated files and messages call it.

    Raises:
        InputError: naming the file and the JSON pointer of what can't be used.
    """
    reader = _Reader()
    for path, source in inputs:
        reader.read(path, source)
    crd.refuse_twins(reader.crds)
    parts = list(reader.parts)
    if reader.crds:
        parts.append(crd_openapi.convert(reader.crds))
    return _together(parts)


class _Reader:
    """Collects what inputs hold: OpenAPI, already understood, and CRDs."""

    def __init__(self) -> None:
        self.parts: list[ApiSpec] = []
        self.crds: list[crd.Crd] = []

    def read(self, path: Path, source: str) -> None:
        """Read one input."""
        before = len(self.crds)
        if path.is_dir():
            self._folder(path, source)
        elif path.suffix in crd.EXTENSIONS:
            self._manifests([path], source)
            if len(self.crds) == before:
                refuse((source,), _NO_CRD, "name a file with the CRDs, or a folder of such files")
        else:
            self._json(path, source)

    def _manifests(self, files: Iterable[Path], source: str, root: Path | None = None) -> None:
        for file in files:
            name = f"{source}/{file.relative_to(root).as_posix()}" if root is not None else source
            self.crds += crd.read(file, name)

    def _folder(self, folder: Path, source: str) -> None:
        manifests = sorted(_manifest_files(folder))
        before = len(self.crds)
        self._manifests(manifests, source, folder)
        if (folder / openapi_v3.INDEX).is_file() or not (manifests or any(folder.glob("*.json"))):
            self.parts.append(openapi_v3.load(folder, source))
            return
        documents: dict[str, tuple[str, Mapping[str, Any]]] = {}
        for file in sorted(folder.glob("*.json")):
            name = f"{source}/{file.name}"
            document = read_document(file, name)
            if crd.is_manifest(document):
                self.crds += crd.read(file, name)
            else:
                documents[file.stem] = (name, document)
        if documents:
            self.parts.append(openapi_v3.convert(documents))
        elif len(self.crds) == before:
            refuse((source,), _NO_CRD, "name a folder of CRD manifests, or of OpenAPI v3 documents")

    def _json(self, file: Path, source: str) -> None:
        document = read_document(file, source)
        if crd.is_manifest(document):
            self.crds += crd.read(file, source)
        elif "swagger" in document:
            self.parts.append(openapi_v2.convert(document, source))
        elif "openapi" in document:
            self.parts.append(openapi_v3.convert({file.stem: (source, document)}))
        else:
            raise InputError(
                "this is no OpenAPI document, and no CRD",
                where=source,
                hint="name a folder of OpenAPI v3 documents, an OpenAPI v2 swagger.json, or CRD manifests",
            )


def _manifest_files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files of a folder and of those in it, hidden ones left out."""
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in crd.EXTENSIONS and not hidden and path.is_file():
            yield path


def _together(parts: Iterable[ApiSpec]) -> ApiSpec:
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
    return ApiSpec(tuple(found[name] for name in sorted(found)), tuple(sorted(notices)))
