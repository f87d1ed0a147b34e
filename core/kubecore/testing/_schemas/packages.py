"""The resources and schemas of generated packages, from the data files that kgen writes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

import msgspec

from kubecore.errors import ConfigError
from kubecore.testing._schemas.openapi import OpenApiType, OpenApiTypes

__all__ = ["Package", "PackageResource", "PackageSubresource", "load"]

_FOLDER: Final = "_schemas"
_SHARED: Final = "_shared.json"


class PackageSubresource(msgspec.Struct, frozen=True):
    """A subresource.

    Attributes:
        group: The API group of its body.
        version: The API version of its body.
        kind: The kind of its body, "" if it is a stream.
        verbs: `get`, `update`, `patch`, `create`, `delete`; of a stream, the HTTP methods in lower case.
        schema: The name of the schema of its body, or None.
    """

    group: str
    version: str
    kind: str
    verbs: tuple[str, ...]
    schema: str | None = None


class PackageResource(msgspec.Struct, frozen=True, rename="camel"):
    """A resource, as the documents declare it.

    Attributes:
        kind: The kind.
        plural: The plural.
        namespaced: Whether its objects are in namespaces.
        verbs: The verbs as RBAC names them: `create`, `delete`, `deletecollection`, `get`, `list`, `patch`, `update`,
            `watch`.
        subresources: By name.
        model: Module and class of the model, such as `apps_v1.Deployment`, below `models` of the package.
        schema: The name of the schema, or None if the documents name none.
        short_names: As in `kubectl get po`; only of custom resources.
        categories: As in `kubectl get all`; only of custom resources.
        group: The API group, "" for core.
        version: The API version.
    """

    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...]
    subresources: dict[str, PackageSubresource]
    model: str = ""
    schema: str | None = None
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    group: str = ""
    version: str = ""


class _File(msgspec.Struct, frozen=True):
    """A data file. Schemas are decoded when they are used."""

    schemas: dict[str, msgspec.Raw]
    resources: tuple[PackageResource, ...] = ()
    group: str = ""
    version: str = ""
    base: str = ""


class Package:
    """The resources and schemas of one generated package.

    Attributes:
        name: The import name of the package.
        resources: All resources, by group version and plural.

    Args:
        name: The import name of the package.
        files: The content of its data files.
        shared: The schemas that several files need.
    """

    def __init__(self, name: str, files: list[_File], shared: Mapping[str, msgspec.Raw]) -> None:
        self.name: Final[str] = name
        self._files: Final = files
        self._shared: Final = shared
        self.resources: Final[tuple[PackageResource, ...]] = tuple(
            msgspec.structs.replace(resource, group=file.group, version=file.version)
            for file in files
            for resource in file.resources
        )
        self._types = {(file.group, file.version): OpenApiTypes(self._finder(file)) for file in files}
        self._names: dict[tuple[str, str, str], tuple[OpenApiTypes, str]] = {}
        for file in files:
            types = self._types[file.group, file.version]
            for resource in file.resources:
                for sub in resource.subresources.values():
                    self._add(types, file, (sub.group, sub.version, sub.kind), sub.schema)
        for file in files:
            types = self._types[file.group, file.version]
            for resource in file.resources:
                self._add(types, file, (file.group, file.version, resource.kind), resource.schema)

    def _add(self, types: OpenApiTypes, file: _File, kind: tuple[str, str, str], schema: str | None) -> None:
        """Add a kind, if the package has its schema: `Scale` of a custom resource is a kind of Kubernetes."""
        if schema is not None and (schema in file.schemas or schema in self._shared):
            self._names[kind] = types, schema

    def _finder(self, file: _File) -> Callable[[str], Mapping[str, Any] | None]:
        def find(name: str) -> Mapping[str, Any] | None:
            raw = file.schemas.get(name) or self._shared.get(name)
            if raw is None and file.base:
                return load(file.base).definition(name)
            return None if raw is None else msgspec.json.decode(raw)

        return find

    @property
    def is_custom(self) -> bool:
        """Whether the package was generated from CRDs: it stands on the types of another one."""
        return any(file.base for file in self._files)

    def definition(self, name: str) -> Mapping[str, Any] | None:
        """Return a schema by its name in any document, None if there is none."""
        of = (self._shared, *(file.schemas for file in self._files))
        raw = next((schemas[name] for schemas in of if name in schemas), None)
        return None if raw is None else msgspec.json.decode(raw)

    def schema(self, group: str, version: str, kind: str) -> OpenApiType:
        """Return the type of the objects of a kind: that of a resource, or the body of a subresource.

        Args:
            group: The API group, "" for core.
            version: The API version.
            kind: The kind.

        Raises:
            KeyError: The package doesn't have the kind.
        """
        types, name = self._names[group, version, kind]
        return types.named(name)

    def named(self, group: str, version: str, name: str) -> OpenApiType:
        """Return the type of a schema by its name in the document of a group version.

        Raises:
            KeyError: The package doesn't have the group version.
        """
        return self._types[group, version].named(name)


@functools.cache
def load(package: str) -> Package:
    """Return the resources and schemas of a generated package. The files of a package are read once per process.

    Args:
        package: The import name, such as `kubeclient`.

    Raises:
        ModuleNotFoundError: There is no such package.
        ConfigError: The package has no data files: an older kgen generated it, or it is a package of another kind.
    """
    folder = resources.files(package) / _FOLDER
    found = sorted(_files(folder), key=lambda file: file.name)
    if not found:
        raise ConfigError(f"the package {package!r} has no schemas; generate it again with `kgen build`")
    files = {file.name: msgspec.json.decode(file.read_bytes(), type=_File) for file in found}
    shared = files.pop(_SHARED, None)
    return Package(package, list(files.values()), {} if shared is None else shared.schemas)


def _files(folder: Traversable) -> list[Traversable]:
    return [file for file in folder.iterdir() if file.name.endswith(".json")] if folder.is_dir() else []
