"""The operations of a document by resource: verbs, subresources, streams, and omitted operations with their reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from kgen.ir import LeftOut, ModelRef
from kgen.spec import Document, Operation

__all__ = [
    "DISCOVERY",
    "NO_MODEL",
    "OmittedOperations",
    "ResourceOperations",
    "operations_by_resource",
    "response_model",
]

STREAMS: Final = frozenset({"attach", "exec", "log", "portforward", "proxy"})
"""Subresources that respond with a stream or hand the connection on, instead of a model."""

_VERBS: Final = {
    "delete": "delete",
    "deletecollection": "delete_collection",
    "get": "get",
    "list": "list",
    "patch": "patch",
    "post": "create",
    "put": "update",
}
_BY_METHOD: Final = {"delete": "delete", "get": "get", "patch": "patch", "post": "create", "put": "update"}

DISCOVERY: Final = "not a resource: information about the server itself"
NO_MODEL: Final = "the document names no model for it"


@dataclass(slots=True)
class ResourceOperations:
    """The operations of one resource."""

    plural: str
    namespaced: bool = False
    path: str = ""
    verbs: dict[str, Operation] = field(default_factory=dict[str, Operation])
    subresources: dict[tuple[str, str], Operation] = field(default_factory=dict[tuple[str, str], Operation])
    streams: dict[str, list[Operation]] = field(default_factory=dict[str, list[Operation]])
    is_core: bool = False
    watched: bool = False


@dataclass(frozen=True, slots=True)
class _Path:
    """A path below a group version, taken apart."""

    watch: bool
    namespaced: bool
    plural: str
    named: bool
    subresource: str
    rest: str


class OmittedOperations:
    """Collects the operations without a method."""

    def __init__(self) -> None:
        self.entries: list[LeftOut] = []

    def add(self, operations: Iterable[Operation], reason: str) -> None:
        """Add operations that are omitted for one reason."""
        self.entries.extend(LeftOut(operation.path, operation.method, reason) for operation in operations)


def operations_by_resource(document: Document, omitted: OmittedOperations) -> dict[str, ResourceOperations]:
    """Return the operations of a document by the plural of their resource.

    Args:
        document: The document.
        omitted: Collects the other operations.
    """
    resources: dict[str, ResourceOperations] = {}
    prefix = "/" + document.name
    of_crds = _is_of_crds(document)
    for operation in document.operations:
        parsed = _parse(operation.path, prefix) if operation.path.startswith(prefix + "/") else None
        if parsed is None:
            omitted.add([operation], DISCOVERY)
        else:
            resource = resources.setdefault(
                parsed.plural, ResourceOperations(parsed.plural, is_core=not document.group)
            )
            _assign(resource, parsed, operation, omitted)
            resource.watched |= of_crds and operation.action == "list" and _has_parameter(operation, "watch")
    return resources


def response_model(operation: Operation | None, models: Mapping[str, ModelRef]) -> ModelRef | None:
    """Return the model of a successful response, None if the document names none."""
    if operation is None:
        return None
    for code in sorted(operation.responses):
        schema = operation.responses[code]
        if code.startswith("2") and schema is not None:
            return models.get(schema)
    return None


def _parse(path: str, prefix: str) -> _Path | None:
    segments = [segment for segment in path.removeprefix(prefix).split("/") if segment]
    watch = segments[:1] == ["watch"]
    if watch:
        segments = segments[1:]
    namespaced = len(segments) > 2 and segments[:2] == ["namespaces", "{namespace}"]
    if namespaced:
        segments = segments[2:]
    if not segments or segments[0].startswith("{"):
        return None
    plural, *tail = segments
    named = bool(tail) and tail[0] == "{name}"
    if tail and not named:
        return None
    return _Path(watch, namespaced, plural, named, tail[1] if len(tail) > 1 else "", "/".join(tail[2:]))


def _assign(resource: ResourceOperations, parsed: _Path, operation: Operation, omitted: OmittedOperations) -> None:
    resource.namespaced |= parsed.namespaced
    if parsed.watch:
        resource.watched = True
        omitted.add([operation], "deprecated in favour of the watch parameter of list, which watch() sends")
    elif parsed.subresource:
        _assign_subresource(resource, parsed, operation, omitted)
    else:
        if not parsed.named and (parsed.namespaced or not resource.path):
            resource.path = operation.path
        _assign_verb(resource, parsed, operation, omitted)


def _assign_subresource(
    resource: ResourceOperations, parsed: _Path, operation: Operation, omitted: OmittedOperations
) -> None:
    verb = _BY_METHOD.get(operation.method)
    if parsed.subresource in STREAMS and not resource.is_core:
        omitted.add([operation], "a stream that only its group knows how to use")
    elif parsed.subresource in STREAMS:
        resource.streams.setdefault(parsed.subresource, []).append(operation)
    elif verb is None or parsed.rest:
        omitted.add([operation], "no verb of Kubernetes")
    else:
        resource.subresources[parsed.subresource, verb] = operation


def _assign_verb(resource: ResourceOperations, parsed: _Path, operation: Operation, omitted: OmittedOperations) -> None:
    verb = _VERBS.get(operation.action or "") or _guess(operation.method, named=parsed.named)
    if verb is None:
        omitted.add([operation], "no verb of Kubernetes")
    elif verb == "list" and resource.verbs.get("list") and not parsed.namespaced:
        return  # The list over all namespaces: the same method with the namespace "".
    else:
        resource.verbs[verb] = operation


def _is_of_crds(document: Document) -> bool:
    """Whether a server made the document of CRDs: it lacks the paths for discovery, and those for watches."""
    paths = {operation.path for operation in document.operations}
    return f"/{document.name}/" not in paths and not any(path.startswith(f"/{document.name}/watch/") for path in paths)


def _has_parameter(operation: Operation, name: str) -> bool:
    return any(parameter.name == name for parameter in operation.parameters)


def _guess(method: str, *, named: bool) -> str | None:
    if method == "get":
        return "get" if named else "list"
    if method == "delete":
        return "delete" if named else "delete_collection"
    return _BY_METHOD.get(method)
