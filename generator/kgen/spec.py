"""The content of the documents, typed but not yet interpreted: the input of `resolve`.

OpenAPI v3 documents, the v2 document and CRD manifests all have this form. Schemas stay as they were read,
with every reference written `#/components/schemas/<name>` and every mapping sorted by key, so that the order of a
document changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from kgen.errors import ConfigError, Problem, nearest

__all__ = ["ApiSpec", "Column", "CustomResource", "Document", "GroupVersionKind", "Operation", "Parameter", "select"]


class GroupVersionKind(msgspec.Struct, frozen=True):
    """`x-kubernetes-group-version-kind` of an operation."""

    group: str
    version: str
    kind: str


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of an operation, declared by it or by its path.

    Attributes:
        name: Its name on the wire.
        location: `query`, `path`, `header` or `cookie`; a `body` of OpenAPI v2 is the operation's request body.
        type: The JSON type, or "" if the document has none.
        description: The document's words.
        required: Whether a request must have it.
    """

    name: str
    location: str
    type: str
    description: str
    required: bool


class Operation(msgspec.Struct, frozen=True):
    """One method of one path.

    Attributes:
        path: The path template, such as `/api/v1/namespaces/{namespace}/pods`.
        method: The HTTP method in lower case.
        action: `x-kubernetes-action`, such as `list`, or None.
        gvk: `x-kubernetes-group-version-kind`, or None.
        operation_id: `operationId`, or "".
        description: The document's words.
        parameters: Of the path and of the operation, sorted by place and name; the operation's own win.
        request_body_schema: The name of the body's schema, or None.
        responses: The name of each response's schema by status code, None if it has none.
        pointer: The file and the JSON pointer, for messages.
        deprecated: Whether the document calls it deprecated.
    """

    path: str
    method: str
    action: str | None
    gvk: GroupVersionKind | None
    operation_id: str
    description: str
    parameters: tuple[Parameter, ...]
    request_body_schema: str | None
    responses: Mapping[str, str | None]
    pointer: str
    deprecated: bool


class Column(msgspec.Struct, frozen=True):
    """A column that `kubectl get` prints for a custom resource."""

    name: str
    type: str
    json_path: str
    description: str


class CustomResource(msgspec.Struct, frozen=True):
    """Data of a CRD for one version of its resource that OpenAPI does not have.

    Attributes:
        short_names: As in `kubectl get po`.
        categories: As in `kubectl get all`.
        columns: The columns of `kubectl get`.
        deprecated: The warning that the server sends with each response, or None.
        scale: The paths of replicas and selector: `specReplicasPath` and so on.
    """

    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    deprecated: str | None = None
    scale: Mapping[str, str] = {}


class Document(msgspec.Struct, frozen=True):
    """The content of one path of `/openapi/v3`.

    Attributes:
        name: The path, such as `api/v1`, `apis/apps/v1`, `apis/apps` or `version`.
        source: The file for headers and messages, relative to the project: `specs/1.37/api__v1.json`.
        group: The API group; "" for the core group, and where the document is of no group version.
        version: The version; "" if the document has no group version.
        operations: Sorted by path and method.
        schemas: By name, sorted; all that the operations lead to.
        has_defaults: Whether schemas carry `default`, as OpenAPI v3 documents of Kubernetes do.
        places: The file and the JSON pointer of schemas that stand elsewhere than below `components`, for messages.
        custom: Data of CRDs for resources, by plural.
    """

    name: str
    source: str
    group: str
    version: str
    operations: tuple[Operation, ...]
    schemas: Mapping[str, Mapping[str, Any]]
    has_defaults: bool = True
    places: Mapping[str, str] = {}
    custom: Mapping[str, CustomResource] = {}

    @property
    def api_version(self) -> str:
        """The group version as objects carry it, "" if the document has none."""
        return f"{self.group}/{self.version}" if self.group else self.version


class ApiSpec(msgspec.Struct, frozen=True):
    """All documents, sorted by name.

    Attributes:
        documents: The documents.
        notices: Things that were left out because the documents require it.
        warnings: Probable mistakes in the documents.
    """

    documents: tuple[Document, ...]
    notices: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def select(spec: ApiSpec, include: Iterable[str], exclude: Iterable[str], *, where: str | None = None) -> ApiSpec:
    """Return the documents of the selected group versions; those of no group version always stay.

    Args:
        spec: All documents.
        include: Groups (`apps`, `core`) or group versions (`apps/v1`, `v1`); all when empty.
        exclude: Groups or group versions to leave out of these.
        where: The configuration that names them, for messages.

    Raises:
        ConfigError: If one of them is in no document, with the nearest that is.
    """
    wanted, unwanted = tuple(include), tuple(exclude)
    known = {name for document in spec.documents for name in _names(document)}
    for word in (*wanted, *unwanted):
        if word not in known:
            near = nearest(word, known)
            raise ConfigError(
                f"the documents have no group {word!r}",
                where=where,
                hint=f"did you mean {near!r}?" if near else "`kgen list` without include and exclude shows all of them",
            )
    return selected(spec, wanted, unwanted)


def selected(spec: ApiSpec, include: tuple[str, ...], exclude: tuple[str, ...]) -> ApiSpec:
    """Return the documents of the selected group versions, as `select`; names that are in no document are ignored."""
    kept = tuple(document for document in spec.documents if _is_wanted(document, include, exclude))
    return ApiSpec(kept, spec.notices, spec.warnings)


def _names(document: Document) -> frozenset[str]:
    if not document.version:
        return frozenset()
    group = document.group or "core"
    return frozenset({group, document.api_version, f"{group}/{document.version}"})


def _is_wanted(document: Document, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    names = _names(document)
    return not names or ((not include or not names.isdisjoint(include)) and names.isdisjoint(exclude))
