"""Resources and their group versions: names of clients, kinds and verbs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from kgen import names
from kgen.errors import Problems
from kgen.ir import GroupVersion, LeftOut, ModelRef, Resource
from kgen.names import ClassName, Identifier
from kgen.resolve.catalog import Catalog
from kgen.resolve.operations import (
    DISCOVERY,
    NO_MODEL,
    OmittedOperations,
    ResourceOperations,
    operations_by_resource,
    response_model,
)
from kgen.resolve.subresources import SubresourceMethods
from kgen.spec import ApiSpec, Document

__all__ = ["resolve_groups"]

# The documents do not define that a change of these kinds needs time to complete. The rules of their controllers are
# known from kubectl, and need the status of exactly these kinds.
_ENDS: Final = {
    ("apps", "DaemonSet"): "rollout",
    ("apps", "Deployment"): "rollout",
    ("apps", "StatefulSet"): "rollout",
    ("batch", "Job"): "completion",
}


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
    return tuple(sorted(groups, key=lambda group: group.accessor)), tuple(sorted(resolver.omitted.entries))


class _Resolver:
    def __init__(self, catalog: Catalog, models: Mapping[str, ModelRef], problems: Problems) -> None:
        self._catalog = catalog
        self._models = models
        self._problems = problems
        self.omitted = OmittedOperations()
        self._subresources = SubresourceMethods(catalog, models, self.omitted)

    def group(self, document: Document) -> GroupVersion | None:
        """Return a document's group version, or None when it declares no resource."""
        if not document.version:
            self.omitted.add(document.operations, DISCOVERY)
            return None
        operations = operations_by_resource(document, self.omitted)
        resolved = [self._resource(document, operations[plural]) for plural in sorted(operations)]
        resources = [resource for resource in resolved if resource is not None]
        if not resources:
            return None
        accessor = self._catalog.group_module(document.group, document.version)
        package = self._package(accessor, document)
        resources = _in_separate_files(resources)
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

    def _resource(self, document: Document, operations: ResourceOperations) -> Resource | None:
        kind = self._kind(operations)
        if kind is None:
            streams = itertools.chain.from_iterable(operations.streams.values())
            without_model = [*operations.verbs.values(), *operations.subresources.values(), *streams]
            self.omitted.add(without_model, NO_MODEL)
            if without_model:
                self._problems.warn(
                    f"resource {operations.plural[:80]!r} has no model; it is left out", where=without_model[0].pointer
                )
            return None
        verbs = {*operations.verbs, *(["watch"] if operations.watched else [])}
        list_kind = response_model(operations.verbs.get("list"), self._models)
        if list_kind is None:
            verbs -= {"list", "watch", "delete_collection"}
        kind_name = self._kind_name(operations, kind)
        class_name, accessor = self._client_names(document, kind_name, operations.plural)
        status = {verb for sub, verb in operations.subresources if sub == "status"}
        return Resource(
            accessor=accessor,
            class_name=class_name,
            module=names.module_name(kind.name),
            constant=names.constant_name(class_name),
            kind=kind,
            kind_name=kind_name,
            list_kind=list_kind,
            plural=operations.plural,
            namespaced=operations.namespaced,
            verbs=frozenset(verbs),
            status_verbs=frozenset(status & {"get", "update", "patch"}),
            methods=self._subresources.of(operations, kind),
            streams=frozenset(operations.streams),
            path=operations.path or "/" + document.name,
            ends=_ENDS.get((document.group, kind_name), "") if verbs >= {"list", "watch"} else "",
            custom=document.custom.get(operations.plural),
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

    def _kind_name(self, operations: ResourceOperations, kind: ModelRef) -> str:
        for operation in operations.verbs.values():
            if operation.gvk is not None and operation.action not in (None, "list", "deletecollection"):
                return operation.gvk.kind
        return kind.name

    def _kind(self, operations: ResourceOperations) -> ModelRef | None:
        for verb in ("get", "create", "update"):
            operation = operations.verbs.get(verb)
            if operation is not None and (model := response_model(operation, self._models)) is not None:
                return model
        return None


def _in_separate_files(resources: Iterable[Resource]) -> list[Resource]:
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
