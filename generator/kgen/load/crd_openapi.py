"""From CRDs to the documents that an API server serves for them below `/openapi/v3`.

kube-apiserver makes them in apiextensions-apiserver, pkg/controller/openapi/builder; its output for a CRD is compared
with ours in tests/server/test_crds.py. Its documents name no `/watch/` paths, though every custom resource can be
watched.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from kgen.errors import Problem
from kgen.load.crd import Crd, Version
from kgen.load.reading import referred
from kgen.shapes import is_array, is_object
from kgen.spec import ApiSpec, CustomResource, Document, GroupVersionKind, Operation, Parameter

__all__ = ["convert"]

META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
SCALE: Final = "io.k8s.api.autoscaling.v1.Scale"

_DOCS: Final = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
_API_VERSION: Final = (
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized "
    "schemas to the latest internal value, and may reject unrecognized values. More info: " + _DOCS + "#resources"
)
_KIND: Final = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the "
    "endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: " + _DOCS + "#types-kinds"
)
_EMBEDDED_API_VERSION: Final = (
    "apiVersion defines the versioned schema of this representation of an object. More info: " + _DOCS + "#resources"
)
_EMBEDDED_KIND: Final = (
    "kind is a string value representing the type of this object. In CamelCase. More info: " + _DOCS + "#types-kinds"
)
_METADATA: Final = f"Standard object's metadata. More info: {_DOCS}#metadata"
_LIST_METADATA: Final = f"Standard list metadata. More info: {_DOCS}#types-kinds"

_STRINGS: Final = ("continue", "fieldSelector", "labelSelector", "resourceVersion", "resourceVersionMatch")
_BOOLEANS: Final = ("allowWatchBookmarks", "sendInitialEvents", "watch")
_LISTING: Final[Mapping[str, str]] = {
    **dict.fromkeys((*_STRINGS, "shardSelector"), "string"),
    **dict.fromkeys(_BOOLEANS, "boolean"),
    **dict.fromkeys(("limit", "timeoutSeconds"), "integer"),
}
_WRITING: Final[Mapping[str, str]] = dict.fromkeys(("dryRun", "fieldManager", "fieldValidation"), "string")
_DELETING: Final[Mapping[str, str]] = {
    "dryRun": "string",
    "gracePeriodSeconds": "integer",
    "ignoreStoreReadErrorWithClusterBreakingPotential": "boolean",
    "orphanDependents": "boolean",
    "propagationPolicy": "string",
}
_QUERIES: Final[Mapping[str, Mapping[str, str]]] = {
    "delete": _DELETING,
    "deletecollection": _LISTING,
    "get": {"resourceVersion": "string"},
    "list": _LISTING,
    "patch": {**_WRITING, "force": "boolean"},
    "post": _WRITING,
    "put": _WRITING,
}
_METHODS: Final = {"deletecollection": "delete", "list": "get"}


def convert(crds: Iterable[Crd]) -> ApiSpec:
    """Return the documents that a server would serve for CRDs, one for each group version.

    Raises:
        InputError: A schema cannot be used; the error names its place.
    """
    parts: dict[tuple[str, str], list[tuple[Crd, Version]]] = {}
    notices: list[Problem] = []
    for crd in crds:
        for version in crd.versions:
            if version.served:
                parts.setdefault((crd.group, version.name), []).append((crd, version))
            else:
                what = f"{crd.plural}.{crd.group} does not serve {version.name}: that version is left out"
                notices.append(Problem(what, crd.at[0]))
    documents = [_document(group, version, parts[group, version]) for group, version in sorted(parts)]
    return ApiSpec(tuple(sorted(documents, key=lambda document: document.name)), tuple(sorted(notices)))


def _document(group: str, version: str, parts: list[tuple[Crd, Version]]) -> Document:
    operations: list[Operation] = []
    schemas: dict[str, Mapping[str, Any]] = {}
    places: dict[str, str] = {}
    custom: dict[str, CustomResource] = {}
    for crd, part in parts:
        maker = _Maker(crd, part)
        operations += maker.operations()
        for name, schema in maker.schemas():
            schemas[name] = schema
            places[name] = f"{part.at[0]}#/{'/'.join(part.at[1:])}"
        custom[crd.plural] = part.custom
    return Document(
        name=f"apis/{group}/{version}",
        source=_source({crd.source for crd, _ in parts}),
        group=group,
        version=version,
        operations=tuple(sorted(operations, key=lambda operation: (operation.path, operation.method))),
        schemas=dict(sorted(schemas.items())),
        places=places,
        custom=custom,
    )


def _source(files: set[str]) -> str:
    """Return the name of a group version's manifests in headers of generated files: the file, or the folder."""
    folder = posixpath.commonpath(files)
    return folder or ", ".join(sorted(files))


class _Maker:
    """Makes the operations and the schemas of one version of a CRD."""

    def __init__(self, crd: Crd, version: Version) -> None:
        self._crd = crd
        self._version = version
        package = ".".join([*reversed(crd.group.split(".")), version.name])
        self._schema = f"{package}.{crd.kind}"
        self._list_schema = f"{package}.{crd.list_kind}"
        self._root = f"/apis/{crd.group}/{version.name}"

    # Schemas.

    def schemas(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        referred(self._version.schema, self._version.at)
        yield self._schema, self._object()
        yield self._list_schema, self._list()

    def _object(self) -> Mapping[str, Any]:
        schema = _completed(self._version.schema)
        own = schema.get("properties")
        properties = {
            **(own if is_object(own) else {}),
            "apiVersion": _string(_API_VERSION),
            "kind": _string(_KIND),
            "metadata": _reference("ObjectMeta", _METADATA),
        }
        return {
            **schema,
            "type": "object",
            "properties": dict(sorted(properties.items())),
            **self._said(self._crd.kind),
        }

    def _list(self) -> Mapping[str, Any]:
        crd = self._crd
        items = {
            "description": f"List of {crd.plural}. More info: {_DOCS}",
            "items": {"$ref": f"#/components/schemas/{self._schema}"},
            "type": "array",
        }
        return {
            "description": f"{crd.list_kind} is a list of {crd.kind}",
            "properties": {
                "apiVersion": _string(_API_VERSION),
                "items": items,
                "kind": _string(_KIND),
                "metadata": _reference("ListMeta", _LIST_METADATA),
            },
            "required": ["items"],
            "type": "object",
            **self._said(crd.list_kind),
        }

    def _said(self, kind: str) -> dict[str, Any]:
        entry = {"group": self._crd.group, "kind": kind, "version": self._version.name}
        fields = self._version.selectable
        selectable = {"x-kubernetes-selectable-fields": [{"fieldPath": path} for path in fields]} if fields else {}
        return {"x-kubernetes-group-version-kind": [entry], **selectable}

    # Operations.

    def operations(self) -> Iterator[Operation]:
        crd = self._crd
        scope = f"{self._root}/namespaces/{{namespace}}" if crd.namespaced else self._root
        collection, item = f"{scope}/{crd.plural}", f"{scope}/{crd.plural}/{{name}}"
        yield self._operation(collection, "list", self._list_schema)
        yield self._operation(collection, "post", self._schema, body=self._schema)
        yield self._operation(collection, "deletecollection", META + "Status")
        yield from self._item(item, self._schema)
        yield self._operation(item, "delete", META + "Status", body=META + "DeleteOptions")
        if self._version.status:
            yield from self._item(f"{item}/status", self._schema)
        if self._version.scale:
            yield from self._item(f"{item}/scale", SCALE)
        if crd.namespaced:
            yield self._operation(f"{self._root}/{crd.plural}", "list", self._list_schema)

    def _item(self, path: str, schema: str) -> Iterator[Operation]:
        yield self._operation(path, "get", schema)
        yield self._operation(path, "put", schema, body=schema)
        yield self._operation(path, "patch", schema, body=META + "Patch")

    def _operation(self, path: str, action: str, response: str, *, body: str | None = None) -> Operation:
        codes = {"post": ("200", "201", "202"), "put": ("200", "201"), "delete": ("200", "202")}.get(action, ("200",))
        crd = self._crd
        return Operation(
            path=path,
            method=_METHODS.get(action, action),
            action=action,
            gvk=GroupVersionKind(crd.group, self._version.name, crd.kind),
            operation_id="",
            description="",
            parameters=_parameters(path, _QUERIES[action]),
            request_body_schema=body,
            responses={**dict.fromkeys(codes, response), "401": None},
            pointer=f"{crd.at[0]}#/{'/'.join((*crd.at[1:], 'spec'))}",
            deprecated=False,
        )


def _parameters(path: str, query: Mapping[str, str]) -> tuple[Parameter, ...]:
    parameters = [
        Parameter(name, "path", "string", "", required=True) for name in ("name", "namespace") if f"{{{name}}}" in path
    ]
    parameters += [
        Parameter(name, "query", kind, "", required=False)
        for name, kind in sorted({**query, "pretty": "string"}.items())
    ]
    return tuple(parameters)


def _string(description: str) -> dict[str, Any]:
    return {"description": description, "type": "string"}


def _reference(name: str, description: str) -> dict[str, Any]:
    return {"allOf": [{"$ref": f"#/components/schemas/{META}{name}"}], "description": description}


def _completed(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with the additions of the server: fields of embedded resources, types of int-or-string."""
    completed = dict(schema)
    for key in ("items", "additionalProperties"):
        if is_object(completed.get(key)):
            completed[key] = _completed(completed[key])
    fields = completed.get("properties")
    properties = fields if is_object(fields) else {}
    if properties:
        completed["properties"] = {
            key: _completed(value) if is_object(value) else value for key, value in properties.items()
        }
    if completed.get("x-kubernetes-int-or-string") is True and not ({"allOf", "anyOf"} & completed.keys()):
        completed["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if completed.get("x-kubernetes-embedded-resource") is True:
        own = {
            "apiVersion": _string(_EMBEDDED_API_VERSION),
            "kind": _string(_EMBEDDED_KIND),
            "metadata": _reference("ObjectMeta", _METADATA),
        }
        completed["properties"] = dict(sorted({**completed.get("properties", {}), **own}.items()))
        needed = completed.get("required")
        required = list(needed) if is_array(needed) else []
        completed["required"] = [*required, *(name for name in ("kind", "apiVersion") if name not in required)]
    return completed
