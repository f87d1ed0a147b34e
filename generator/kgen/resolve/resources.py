"""Operations to resources: verbs, subresources, and omitted operations with their reasons."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from kgen import names
from kgen.errors import Problems
from kgen.ir import GroupVersion, LeftOut, ModelRef, Resource, SubresourceMethod
from kgen.names import ClassName, Identifier
from kgen.resolve.catalog import Catalog
from kgen.resolve.types import META, SCALARS
from kgen.spec import ApiSpec, Document, Operation

__all__ = ["resolve_groups"]

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

# Methods that client-go names by their effect.
_METHOD_NAMES: Final = {
    ("create", "binding"): "bind",
    ("create", "eviction"): "evict",
    ("create", "token"): "create_token",
    ("update", "finalize"): "finalize",
}

_STATUS: Final = META + "Status"

# The documents declare the body as the response, but the server returns a Status.
_ANSWERS_STATUS: Final = frozenset({"binding", "eviction"})

# The documents do not define that a change of these kinds needs time to complete. The rules of their controllers are
# known from kubectl, and need the status of exactly these kinds.
_ENDS: Final = {
    ("apps", "DaemonSet"): "rollout",
    ("apps", "Deployment"): "rollout",
    ("apps", "StatefulSet"): "rollout",
    ("batch", "Job"): "completion",
}

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

_DISCOVERY: Final = "not a resource: information about the server itself"


@dataclass(slots=True)
class _Found:
    """State of one resource while its operations are read."""

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


def resolve_groups(
    spec: ApiSpec, catalog: Catalog, models: Mapping[str, ModelRef], problems: Problems
) -> tuple[tuple[GroupVersion, ...], tuple[LeftOut, ...]]:
    """Return the group versions that have resources, and every operation without a method.

    Args:
        spec: The content of the documents.
        catalog: Names of group versions.
        models: The model of each schema that is one.
        problems: Collects the problems.
    """
    resolver = _Resolver(catalog, models, problems)
    groups = [group for document in spec.documents if (group := resolver.group(document)) is not None]
    resolver.refuse_twins(groups)
    return tuple(sorted(groups, key=lambda group: group.accessor)), tuple(sorted(resolver.left_out))


class _Resolver:
    def __init__(self, catalog: Catalog, models: Mapping[str, ModelRef], problems: Problems) -> None:
        self._catalog = catalog
        self._models = models
        self._problems = problems
        self.left_out: list[LeftOut] = []

    def group(self, document: Document) -> GroupVersion | None:
        """Return a document's group version, or None when it declares no resource."""
        if not document.version:
            self._leave_out(document.operations, _DISCOVERY)
            return None
        found = self._read(document)
        resources = [made for plural in sorted(found) if (made := self._resource(document, found[plural])) is not None]
        if not resources:
            return None
        accessor = self._catalog.group_module(document.group, document.version)
        package = self._package(accessor, document)
        resources = _in_files_of_their_own(resources)
        self._refuse_same_resources(resources, document)
        return GroupVersion(
            group=document.group,
            version=document.version,
            accessor=accessor,
            package=package,
            class_name=names.group_class(accessor),
            source=document.source,
            resources=tuple(sorted(resources, key=lambda resource: resource.accessor)),
        )

    def _package(self, accessor: Identifier, document: Document) -> tuple[Identifier, Identifier]:
        group = accessor.rstrip("_").removesuffix(f"_{names.snake(document.version)}")
        return names.group_folder(group), names.version_folder(document.version)

    def refuse_twins(self, groups: Iterable[GroupVersion]) -> None:
        """Report group versions that would get one name, with the configuration that distinguishes them."""
        taken: dict[str, GroupVersion] = {}
        for group in groups:
            for name in (group.accessor, group.class_name, f"typed/{'/'.join(group.package)}"):
                other = taken.setdefault(name, group)
                if other is not group:
                    whole = names.group_version_name(group.group, group.version, names.snake(group.group))
                    free = whole if whole not in (group.accessor, other.accessor) else f"other_{whole}"
                    self._problems.error(
                        f"{other.api_version} and {group.api_version} would both be {name}",
                        where=group.source,
                        hint=f'name one of them in [tool.kgen.names]: "{group.api_version}" = "{free}"',
                    )
                    break

    def _refuse_same_resources(self, resources: Iterable[Resource], document: Document) -> None:
        taken: dict[str, Resource] = {}
        for resource in resources:
            for key in (resource.accessor, resource.class_name):
                other = taken.setdefault(key, resource)
                if other is not resource:
                    self._problems.error(
                        f"resources {other.plural} and {resource.plural} would both be {key}",
                        where=document.source,
                        hint="name one of them in [tool.kgen.names]: "
                        f'"{document.name}/{resource.plural}" = "other_{resource.accessor}"',
                    )
                    break

    # Reading operations.

    def _read(self, document: Document) -> dict[str, _Found]:
        found: dict[str, _Found] = {}
        prefix = "/" + document.name
        of_crds = _is_of_crds(document)
        for operation in document.operations:
            parsed = _parse(operation.path, prefix) if operation.path.startswith(prefix + "/") else None
            if parsed is None:
                self._leave_out([operation], _DISCOVERY)
            else:
                entry = found.setdefault(parsed.plural, _Found(parsed.plural, is_core=not document.group))
                self._sort_in(entry, parsed, operation)
                entry.watched |= of_crds and operation.action == "list" and _has_parameter(operation, "watch")
        return found

    def _sort_in(self, found: _Found, parsed: _Path, operation: Operation) -> None:
        found.namespaced |= parsed.namespaced
        if parsed.watch:
            found.watched = True
            self._leave_out([operation], "deprecated in favour of the watch parameter of list, which watch() sends")
        elif parsed.subresource:
            self._sort_subresource(found, parsed, operation)
        else:
            if not parsed.named and (parsed.namespaced or not found.path):
                found.path = operation.path
            self._sort_verb(found, parsed, operation)

    def _sort_subresource(self, found: _Found, parsed: _Path, operation: Operation) -> None:
        verb = _BY_METHOD.get(operation.method)
        if parsed.subresource in STREAMS and not found.is_core:
            self._leave_out([operation], "a stream that only its group knows how to use")
        elif parsed.subresource in STREAMS:
            found.streams.setdefault(parsed.subresource, []).append(operation)
        elif verb is None or parsed.rest:
            self._leave_out([operation], "no verb of Kubernetes")
        else:
            found.subresources[parsed.subresource, verb] = operation

    def _sort_verb(self, found: _Found, parsed: _Path, operation: Operation) -> None:
        verb = _VERBS.get(operation.action or "") or _guess(operation.method, named=parsed.named)
        if verb is None:
            self._leave_out([operation], "no verb of Kubernetes")
        elif verb == "list" and found.verbs.get("list") and not parsed.namespaced:
            return  # The list over all namespaces: the same method with the namespace "".
        else:
            found.verbs[verb] = operation

    def _leave_out(self, operations: Iterable[Operation], reason: str) -> None:
        self.left_out.extend(LeftOut(operation.path, operation.method, reason) for operation in operations)

    # Making resources.

    def _resource(self, document: Document, found: _Found) -> Resource | None:
        kind = self._kind(found)
        if kind is None:
            streams = itertools.chain.from_iterable(found.streams.values())
            operations = [*found.verbs.values(), *found.subresources.values(), *streams]
            self._leave_out(operations, "the document names no model for it")
            if operations:
                self._problems.warn(
                    f"resource {found.plural[:80]!r} has no model; it is left out", where=operations[0].pointer
                )
            return None
        verbs = {*found.verbs, *(["watch"] if found.watched else [])}
        list_kind = self._answer(found.verbs.get("list"))
        if list_kind is None:
            verbs -= {"list", "watch", "delete_collection"}
        kind_name = self._kind_name(found, kind)
        class_name, accessor = self._client_names(document, kind_name, found.plural)
        status = {verb for sub, verb in found.subresources if sub == "status"}
        return Resource(
            accessor=accessor,
            class_name=class_name,
            module=names.module_name(kind.name),
            constant=names.constant_name(class_name),
            kind=kind,
            kind_name=kind_name,
            list_kind=list_kind,
            plural=found.plural,
            namespaced=found.namespaced,
            verbs=frozenset(verbs),
            status_verbs=frozenset(status & {"get", "update", "patch"}),
            methods=self._methods(found, kind),
            streams=frozenset(found.streams),
            path=found.path or "/" + document.name,
            ends=_ENDS.get((document.group, kind_name), "") if verbs >= {"list", "watch"} else "",
            custom=document.custom.get(found.plural),
        )

    def _client_names(self, document: Document, kind: str, plural: str) -> tuple[ClassName, Identifier]:
        """Return the class of a resource and the method that leads to it."""
        by_hand = self._catalog.resource_by_hand(document.name, plural)
        if by_hand is not None:
            return names.client_class("".join(word.capitalize() for word in by_hand.split("_"))), by_hand
        made = names.resource_class(kind, plural)
        if made == names.group_class(self._catalog.group_module(document.group, document.version)):
            made = ClassName(f"{made}_")  # The module of the group has that class.
        return made, names.accessor(made)

    def _kind_name(self, found: _Found, kind: ModelRef) -> str:
        for operation in found.verbs.values():
            if operation.gvk is not None and operation.action not in (None, "list", "deletecollection"):
                return operation.gvk.kind
        return kind.name

    def _kind(self, found: _Found) -> ModelRef | None:
        for verb in ("get", "create", "update"):
            operation = found.verbs.get(verb)
            if operation is not None and (model := self._answer(operation)) is not None:
                return model
        return None

    def _answer(self, operation: Operation | None) -> ModelRef | None:
        if operation is None:
            return None
        for code in sorted(operation.responses):
            schema = operation.responses[code]
            if code.startswith("2") and schema is not None:
                return self._models.get(schema)
        return None

    def _methods(self, found: _Found, kind: ModelRef) -> tuple[SubresourceMethod, ...]:
        made: list[SubresourceMethod] = []
        taken: set[Identifier] = set()
        for (sub, verb), operation in sorted(found.subresources.items()):
            if sub == "status" and verb in ("get", "update", "patch"):
                continue
            method = self._method(sub, verb, operation, kind)
            if method is None:
                self._leave_out([operation], "the document names no model for it")
            else:
                made.append(_renamed(method, taken))
            if sub in _APPLIED and verb == "patch" and (applied := self._applied(sub, operation, kind)) is not None:
                made.append(_renamed(applied, taken))
        return tuple(made)

    def _argument(self, model: ModelRef) -> Identifier:
        """Return the name of a method's body argument; it must not hide a module that has its types."""
        name = names.argument_name(model.name)
        return Identifier(f"{name}_") if self._catalog.is_module(name) else name

    def _applied(self, sub: str, operation: Operation, kind: ModelRef) -> SubresourceMethod | None:
        """Return the method that applies a subresource: a patch whose body is the subresource's own model."""
        answer = self._answer(operation)
        if answer is None:
            return None
        words = names.subresource_name(sub)
        return SubresourceMethod(
            name=Identifier(f"apply_{words}"),
            verb="apply",
            subresource=sub,
            argument=self._argument(answer),
            body=answer,
            response=answer,
            path=operation.path,
            doc=_doc("apply", sub, kind),
            parameters=_parameters(operation),
        )

    def _method(self, sub: str, verb: str, operation: Operation, kind: ModelRef) -> SubresourceMethod | None:
        body_schema = operation.request_body_schema
        body = self._models.get(body_schema) if body_schema and body_schema not in SCALARS else None
        answer = self._models.get(_STATUS) if sub in _ANSWERS_STATUS else self._answer(operation)
        if answer is None or (verb in ("create", "update") and body is None):
            return None
        words = names.subresource_name(sub)
        name = _METHOD_NAMES.get((verb, sub), f"{verb}_{words}")
        return SubresourceMethod(
            name=Identifier(name) if sub in _APPLIED else names.method_name(name),
            verb=verb,
            subresource=sub,
            argument=self._argument(body) if body is not None and verb in ("create", "update") else None,
            body=body,
            response=answer,
            path=operation.path,
            doc=_doc(name if name in _DOCS else verb, sub, kind, is_object=answer == kind),
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


def _in_files_of_their_own(resources: Iterable[Resource]) -> list[Resource]:
    """Return resources with one file each: of those of one kind, the one that is called like it has the kind's."""
    made: dict[str, Resource] = {}
    for resource in sorted(resources, key=lambda each: (not each.plural.startswith(each.module), each.plural)):
        module = resource.module
        if module in made:
            module = names.module_name(resource.plural)
        while module in made:
            module = Identifier(f"{module}_")
        made[module] = replace(resource, module=module)
    return list(made.values())


def _parameters(operation: Operation) -> tuple[str, ...]:
    return tuple(sorted(parameter.name for parameter in operation.parameters if parameter.location == "query"))


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
