"""The resource that a path names, and the verb of a request."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import RequestError, details_of
from kubecore.testing._server.options import is_true
from kubecore.testing._server.resources import Resource, Resources

__all__ = ["METHOD_NOT_ALLOWED", "find", "no_path", "route"]

_NOT_FOUND: Final = RequestError(404, "NotFound", "the server could not find the requested resource", details={})
_NO_PAGE: Final = RequestError(404, "NotFound", "404 page not found", is_page=True)
METHOD_NOT_ALLOWED: Final = RequestError(
    405, "MethodNotAllowed", "the server does not allow this method on the requested resource", details={}
)
_NAMED: Final = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}
_COLLECTION: Final = {"GET": "list", "DELETE": "deletecollection", "POST": "create"}
_OF_NAMESPACES: Final = ("status", "finalize")


def route(received: Received) -> None:
    """Set verb, group, version, resource, subresource, namespace and name of a request."""
    segments = received.path.strip("/").split("/")
    if "%" in received.path:
        segments = [unquote(part) for part in segments]
    received.verb = received.method.lower()
    if segments[0] == "api" and len(segments) > 2:
        received.version, rest = segments[1], segments[2:]
    elif segments[0] == "apis" and len(segments) > 3:
        received.group, received.version, rest = segments[1], segments[2], segments[3:]
    else:
        return
    is_watch = rest[0] == "watch" and len(rest) > 1  # An older way to request a watch.
    rest = rest[1:] if is_watch else rest
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _OF_NAMESPACES:
        received.namespace, rest = rest[1], rest[2:]
    received.resource = rest[0]
    received.name = rest[1] if len(rest) > 1 else ""
    # The rest of the path belongs to the target of the proxy.
    received.subresource = "proxy" if rest[2:3] == ["proxy"] else "/".join(rest[2:])
    verbs = _NAMED if received.name else _COLLECTION
    received.verb = verbs.get(received.method, received.verb)
    if received.verb == "list" and is_true(dict(received.query).get("watch", "false")):
        received.verb = "watch"
    if is_watch:
        received.verb = "watch" if received.method == "GET" else received.method.lower()


def find(received: Received, resources: Resources) -> Resource:
    """Return the resource of a request.

    Raises:
        RequestError: It is not served, is not in namespaces, or lacks the verb.
    """
    resource = resources.find(received.group, received.version, received.resource)
    if resource is None or (received.namespace and not resource.is_namespaced):
        raise no_path(resources, received.group)
    is_all = resource.is_namespaced and not received.namespace
    if is_all and received.verb not in ("list", "watch", "deletecollection"):
        is_missing = resource.is_custom or received.name
        raise no_path(resources, received.group) if is_missing else METHOD_NOT_ALLOWED
    if received.verb == "patch" and not received.name:
        raise METHOD_NOT_ALLOWED
    if received.subresource:
        _check_subresource(resource, received)
    elif received.verb not in resource.verbs or (received.verb == "create" and received.name):
        raise METHOD_NOT_ALLOWED
    return resource


def no_path(resources: Resources, group: str) -> RequestError:
    """Return the error of a path that is not served: a Status below the groups that every server has, else a page.

    Args:
        resources: The resources that are served.
        group: The group that the path names.
    """
    return _NOT_FOUND if resources.is_built_in(group) else _NO_PAGE


def _check_subresource(resource: Resource, received: Received) -> None:
    name = received.subresource.partition("/")[0]
    sub = resource.subresources.get(name)
    if sub is not None and sub.kind and name != received.subresource:
        sub = None
    details = details_of("", resource.group, resource.resource)
    if sub is None:
        if not resource.is_custom:
            raise _NOT_FOUND
        text = f'{resource.group_resource} "{received.name}" not found'
        raise RequestError(404, "NotFound", text, details={"name": received.name, **details})
    if (received.verb if sub.kind else received.method.lower()) in sub.verbs:
        return
    if not resource.is_custom:
        raise METHOD_NOT_ALLOWED
    text = f'{received.verb} is not supported on resources of kind "{resource.group_resource}"'
    raise RequestError(405, "MethodNotAllowed", text, details=details)
