"""OpenAPI documents of the served kinds: paths, actions, names of parameters and schemas, without descriptions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubecore.testing._schemas.json_values import is_list, is_map
from kubecore.testing._schemas.structural import StructuralType
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.resources import Resource, Resources
from kubecore.testing._server.statuses import json_reply

__all__ = ["document_reply"]

ROOT: Final = "/openapi/v3"
_REFERENCE: Final = "#/components/schemas/"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_PATCHES: Final = ("application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json")
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_BODIES: Final = ("application/json", "application/yaml")
_METHODS: Final = {
    "list": ("get", "list"),
    "create": ("post", "post"),
    "deletecollection": ("delete", "deletecollection"),
    "get": ("get", "get"),
    "update": ("put", "put"),
    "patch": ("patch", "patch"),
    "delete": ("delete", "delete"),
}
_OF_COLLECTION: Final = ("list", "create", "deletecollection")
_OF_OBJECT: Final = ("get", "update", "patch", "delete")
_WRITES: Final = ("create", "update", "patch")


def document_reply(resources: Resources, received: Received) -> Reply:
    """Return the reply to a request below `/openapi`.

    Raises:
        NotSimulatedError: It is not a document in JSON of version 3.
    """
    path, accept = received.path.rstrip("/"), received.headers.get("accept", "*/*")
    documents = _Documents(resources)
    if received.method == "GET" and ("json" in accept or "*/*" in accept):
        if path == ROOT:
            reply = json_reply({"paths": dict(documents.entries())})
            reply.headers[0] = ("content-type", "text/plain; charset=utf-8")
            return reply
        found = documents.document(path.removeprefix(f"{ROOT}/"))
        if found is not None and path.startswith(ROOT):
            return json_reply(found)
    raise NotSimulatedError(f"{received.method} {path} is not simulated; add a response with cluster.on(...)")


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


class _Documents:
    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._by_place: dict[str, list[Resource]] = {}
        for resource in resources:
            self._by_place.setdefault(_place(resource.group, resource.version), []).append(resource)

    def entries(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the place of each group version, with the URL of its document."""
        for place, found in sorted(self._by_place.items()):
            revisions = sorted(each.definition.revision for each in found if each.definition is not None)
            digest = hashlib.sha512(f"{place} {revisions}".encode()).hexdigest().upper()
            yield place, {"serverRelativeURL": f"{ROOT}/{place}?hash={digest}"}

    def document(self, place: str) -> dict[str, Any] | None:
        """Return the document of a group version, None if it is not served."""
        found = self._by_place.get(place)
        if found is None:
            return None
        paths: dict[str, Any] = {}
        schemas: dict[str, Any] = {}
        for resource in sorted(found, key=lambda each: each.resource):
            name, schema = _schema_of(resource)
            paths |= _paths(resource, f"/{place}", name)
            schemas[name] = schema
        self._complete(schemas)
        info = {"title": "Kubernetes", "version": "unversioned"}
        return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}

    def _complete(self, schemas: dict[str, Any]) -> None:
        """Add the schemas that others refer to, in place."""
        waiting: list[Any] = list(schemas.values())
        while waiting:
            for name in _references(waiting.pop()):
                found = None if name in schemas else self._resources.schema_named(name)
                if found is not None:
                    schemas[name] = found
                    waiting.append(found)


def _references(value: Any) -> Iterator[str]:
    if is_map(value):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REFERENCE)
        for each in value.values():
            yield from _references(each)
    elif is_list(value):
        for each in value:
            yield from _references(each)


def _schema_of(resource: Resource) -> tuple[str, Mapping[str, Any]]:
    """Return the name and the schema of the objects of a resource."""
    if not isinstance(resource.schema, StructuralType):
        return resource.open_api.name, resource.open_api.document
    domain = ".".join(reversed(resource.group.split(".")))
    text = {"type": "string"}
    metadata = {"allOf": [{"$ref": f"{_REFERENCE}{_META}ObjectMeta"}]}
    document = resource.schema.document
    properties = {**document.get("properties", {}), "apiVersion": text, "kind": text, "metadata": metadata}
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    whole = {**document, "properties": properties, "x-kubernetes-group-version-kind": [kind]}
    return f"{domain}.{resource.version}.{resource.kind}", whole


def _paths(resource: Resource, root: str, name: str) -> dict[str, Any]:
    """Return the paths of a resource and of its subresources."""
    inner = "/namespaces/{namespace}" if resource.is_namespaced else ""
    collection = f"{root}{inner}/{resource.resource}"
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    found: dict[str, Any] = {}
    for path, verbs in ((collection, _OF_COLLECTION), (f"{collection}/{{name}}", _OF_OBJECT)):
        operations = {
            _METHODS[verb][0]: _operation(resource, verb, kind, name) for verb in verbs if verb in resource.verbs
        }
        if operations:
            found[path] = {**operations, "parameters": list(_in_path(path))}
    for part, sub in resource.subresources.items():
        below = {"group": sub.group, "version": sub.version, "kind": sub.kind}
        path = f"{collection}/{{name}}/{part}"
        known = [verb for verb in ("get", "update", "patch", "create", "delete") if verb in sub.verbs]
        operations = {_METHODS[verb][0]: _operation(resource, verb, below, name) for verb in known}
        found[path] = {**operations, "parameters": list(_in_path(path))}
    if inner and "list" in resource.verbs:
        found[f"{root}/{resource.resource}"] = {"get": _operation(resource, "list", kind, name)}
    return found


def _operation(resource: Resource, verb: str, kind: dict[str, str], name: str) -> dict[str, Any]:
    reference = {"schema": {"$ref": f"{_REFERENCE}{name}"}}
    content = {} if verb in ("list", "deletecollection") else dict.fromkeys(_BODIES, reference)
    made: dict[str, Any] = {
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": _METHODS[verb][1],
        "x-kubernetes-group-version-kind": kind,
    }
    if verb in _WRITES:
        names = ("dryRun", "fieldManager", "fieldValidation", *(("force",) if verb == "patch" else ()))
        made["parameters"] = [_parameter(each, "boolean" if each == "force" else "string") for each in names]
        patches = _PATCHES if resource.is_custom else (*_PATCHES, _STRATEGIC)
        patch = {"schema": {"$ref": f"{_REFERENCE}{_META}Patch"}}
        sent = dict.fromkeys(patches, patch) if verb == "patch" else dict.fromkeys(_BODIES, reference)
        made["requestBody"] = {"content": sent, "required": True}
    return made


def _parameter(name: str, kind: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": True}}


def _in_path(path: str) -> Iterator[dict[str, Any]]:
    for name in ("name", "namespace"):
        if f"{{{name}}}" in path:
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "uniqueItems": True}}
