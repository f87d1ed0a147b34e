"""The verbs of a resource: its requests and its signatures."""

from __future__ import annotations

from typing import Final

from kgen import markdown
from kgen.docs.contexts import VerbContext
from kgen.docs.history import History
from kgen.docs.runtime_source import Method, methods
from kgen.ir import GroupVersion, Resource, SubresourceMethod
from kgen.plan.verb_mixins import SCALE, bases, scale_model
from kgen.text import Code, code

__all__ = ["verbs"]

_HTTP: Final = {"apply": "PATCH", "create": "POST", "delete": "DELETE", "get": "GET", "patch": "PATCH", "update": "PUT"}

_OBJECT: Final = {
    "apply": "PATCH",
    "delete": "DELETE",
    "get": "GET",
    "get_metadata": "GET",
    "get_or_none": "GET",
    "modify": "GET, then PUT",
    "patch": "PATCH",
    "update": "PUT",
}
"""Verbs of one object."""

_COLLECTION: Final = {
    "create": "POST",
    "delete_collection": "DELETE",
    "informer": "GET, then watch",
    "iter": "GET",
    "iter_metadata": "GET",
    "list": "GET",
    "list_and_watch": "GET, then watch",
    "list_metadata": "GET",
    "table": "GET",
    "watch": "GET, watch",
    "watch_metadata": "GET, watch",
}
"""Verbs of the collection."""

_STREAMS: Final = {
    "attach": "attach",
    "copy_from": "exec",
    "copy_to": "exec",
    "exec": "exec",
    "get_logs": "log",
    "run": "exec",
    "stream_logs": "log",
}
"""Verbs of connections, and their subresources."""


def verbs(resource: Resource, group: GroupVersion, history: History) -> tuple[VerbContext, ...]:
    """Return all verbs of the clients of a resource, in the order of their names."""

    def since(verb: str) -> Code:
        return markdown.inline(history.verb(group.api_version, resource.plural, verb))

    found: dict[str, VerbContext] = {}
    for base in bases(resource, group):
        pairs = zip(methods(base, asynchronous=False), methods(base, asynchronous=True), strict=True)
        for sync, async_ in pairs:
            request = markdown.inline("") if not (line := _request(sync.name, resource.path)) else markdown.span(line)
            found[sync.name] = VerbContext(
                code(sync.name),
                request,
                since(sync.name),
                markdown.inline(sync.doc),
                code(sync.signature()),
                code(async_.signature()),
            )
    scale = scale_model(resource)
    for method in resource.methods:
        if not scale or method.subresource != SCALE:
            found[method.name] = _subresource(method, since(method.name))
    return tuple(found[name] for name in sorted(found))


def _request(verb: str, path: str) -> str:
    """Return the request of a verb, "" for one of several requests."""
    if verb in _OBJECT:
        return f"{_OBJECT[verb]} {path}/{{name}}"
    if verb in _COLLECTION:
        return f"{_COLLECTION[verb]} {path}"
    if verb in _STREAMS:
        return f"GET {path}/{{name}}/{_STREAMS[verb]}"
    name, _, subresource = verb.rpartition("_")
    if name in _OBJECT and subresource in ("scale", "status"):
        return f"{_OBJECT[name]} {path}/{{name}}/{subresource}"
    return ""


def _subresource(method: SubresourceMethod, since: Code) -> VerbContext:
    options = {
        "apply": ["*", "field_manager: str", "force: bool | None = None"],
        "patch": ["*", "type: PatchType | None = None"],
    }.get(method.verb, ["*"])
    arguments = ["name: str"]
    if method.verb == "patch":
        arguments.append("body: PatchBody")
    elif method.argument:
        arguments.append(f"{method.argument}: {method.body} | Mapping[str, Any]")
    arguments += options
    if method.verb != "get":
        arguments.append("dry_run: DryRun | None = None")
    if method.verb not in ("apply", "get"):
        arguments.append("field_manager: str | None = None")
    if method.verb != "get":
        arguments.append("field_validation: FieldValidation | None = None")
    if method.verb == "patch":
        arguments.append("force: bool | None = None")
    arguments.append("timeout: float | None = None")
    sync, async_ = (
        Method(method.name, method.doc, tuple(arguments), str(method.response), each).signature()
        for each in (False, True)
    )
    request = markdown.span(f"{_HTTP[method.verb]} {method.path}")
    return VerbContext(code(method.name), request, since, markdown.inline(f"{method.doc}."), code(sync), code(async_))
