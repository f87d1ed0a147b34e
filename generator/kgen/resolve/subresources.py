"""The methods of subresources: their names, arguments, models and documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from kgen import names
from kgen.ir import ModelRef, SubresourceMethod
from kgen.names import Identifier
from kgen.resolve.catalog import Catalog
from kgen.resolve.operations import NO_MODEL, OmittedOperations, ResourceOperations, response_model
from kgen.resolve.types import META, SCALARS
from kgen.spec import Operation

__all__ = ["SubresourceMethods"]

# Methods that client-go names by their effect.
_METHOD_NAMES: Final = {
    ("create", "binding"): "bind",
    ("create", "eviction"): "evict",
    ("create", "token"): "create_token",
    ("update", "finalize"): "finalize",
}

_STATUS: Final = META + "Status"

# The documents declare the body as the response, but the server returns a Status.
_RETURNS_STATUS: Final = frozenset({"binding", "eviction"})

# Subresources that one manager applies, as in client-go: those that are a resource with another kind.
_APPLIED: Final = frozenset({"scale"})

_DOCS: Final = {
    "apply": "Apply the desired {sub} of one {kind}, by server-side apply",
    "get": "Read the {sub} of one {kind}",
    "update": "Replace the {sub} of one {kind}",
    "patch": "Patch the {sub} of one {kind}",
    "create": "Create the {sub} of one {kind}",
    "delete": "Delete the {sub} of one {kind}",
    "bind": "Bind the pod to a node",
    "evict": "Evict the pod, if its disruption budgets allow it",
    "create_token": "Request a token of the service account",
    "finalize": "Replace the finalizers of the namespace",
}

# Of subresources that are the object itself, in part.
_DOCS_OF_THE_OBJECT: Final = {
    "get": "Read the {kind}, as the {sub} subresource returns it",
    "update": "Replace the {kind} through its {sub} subresource",
    "patch": "Patch the {kind} through its {sub} subresource",
}


class SubresourceMethods:
    """Makes the methods of a resource's subresources.

    Args:
        catalog: Names of modules.
        models: The model of each schema that is one.
        omitted: Collects the operations without a method.
    """

    def __init__(self, catalog: Catalog, models: Mapping[str, ModelRef], omitted: OmittedOperations) -> None:
        self._catalog = catalog
        self._models = models
        self._omitted = omitted

    def of(self, resource: ResourceOperations, kind: ModelRef) -> tuple[SubresourceMethod, ...]:
        """Return the methods for the subresources of a resource, whose objects are of one kind."""
        methods: list[SubresourceMethod] = []
        taken: set[Identifier] = set()
        for (sub, verb), operation in sorted(resource.subresources.items()):
            if sub == "status" and verb in ("get", "update", "patch"):
                continue
            method = self._method(sub, verb, operation, kind)
            if method is None:
                self._omitted.add([operation], NO_MODEL)
            else:
                methods.append(_renamed(method, taken))
            if sub in _APPLIED and verb == "patch" and (applied := self._applied(sub, operation, kind)) is not None:
                methods.append(_renamed(applied, taken))
        return tuple(methods)

    def _argument(self, model: ModelRef) -> Identifier:
        """Return the name of a method's body argument; it must not hide a module that has its types."""
        name = names.argument_name(model.name)
        return Identifier(f"{name}_") if self._catalog.is_module(name) else name

    def _applied(self, sub: str, operation: Operation, kind: ModelRef) -> SubresourceMethod | None:
        """Return the method that applies a subresource: a patch whose body is the subresource's own model."""
        response = response_model(operation, self._models)
        if response is None:
            return None
        words = names.subresource_name(sub)
        return SubresourceMethod(
            name=Identifier(f"apply_{words}"),
            verb="apply",
            subresource=sub,
            argument=self._argument(response),
            body=response,
            response=response,
            path=operation.path,
            doc=_doc("apply", sub, kind),
            parameters=_parameters(operation),
        )

    def _method(self, sub: str, verb: str, operation: Operation, kind: ModelRef) -> SubresourceMethod | None:
        body_schema = operation.request_body_schema
        body = self._models.get(body_schema) if body_schema and body_schema not in SCALARS else None
        response = self._models.get(_STATUS) if sub in _RETURNS_STATUS else response_model(operation, self._models)
        if response is None or (verb in ("create", "update") and body is None):
            return None
        words = names.subresource_name(sub)
        name = _METHOD_NAMES.get((verb, sub), f"{verb}_{words}")
        return SubresourceMethod(
            name=Identifier(name) if sub in _APPLIED else names.method_name(name),
            verb=verb,
            subresource=sub,
            argument=self._argument(body) if body is not None and verb in ("create", "update") else None,
            body=body,
            response=response,
            path=operation.path,
            doc=_doc(name if name in _DOCS else verb, sub, kind, is_object=response == kind),
            parameters=_parameters(operation),
        )


def _doc(what: str, subresource: str, kind: ModelRef, *, is_object: bool = False) -> str:
    """Return one line that describes a method.

    Args:
        what: The verb, or the method if it is named for its effect.
        subresource: The subresource.
        kind: The model of the object.
        is_object: Whether the subresource is the object itself, in part.
    """
    object_ = names.snake(kind.name).replace("_", " ")
    if is_object and what in _DOCS_OF_THE_OBJECT:
        return _DOCS_OF_THE_OBJECT[what].format(sub=subresource, kind=object_)
    return _DOCS[what].format(sub=names.subresource_name(subresource).replace("_", " "), kind=object_)


def _renamed(method: SubresourceMethod, taken: set[Identifier]) -> SubresourceMethod:
    """Return a method under a name that no other subresource of the resource has: `a-b` and `a.b` read the same."""
    name = method.name
    while name in taken:
        name = Identifier(f"{name}_")
    taken.add(name)
    return replace(method, name=name)


def _parameters(operation: Operation) -> tuple[str, ...]:
    return tuple(sorted(parameter.name for parameter in operation.parameters if parameter.location == "query"))
