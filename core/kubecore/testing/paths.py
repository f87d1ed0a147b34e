"""The paths of objects on a fake server: from a model, a name of a kind, or an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubecore.errors import InvalidRequestError, NoMatchError
from kubecore.model.kinds import kind_of
from kubecore.testing._background.view import path_of

if TYPE_CHECKING:
    from kubecore.testing._server.resources import Resource, Resources
    from kubecore.testing.matching import Kind, Named, Names

__all__ = ["names_of", "path_for_create", "path_to", "resource_of"]


def resource_of(resources: Resources, kind: Kind) -> Resource:
    """Return a resource that is served.

    Args:
        resources: The resources.
        kind: A model, or a name: `Deployment`, `deployments`, `deployments.apps` or `apps/v1/Deployment`.

    Raises:
        NoMatchError: The server does not serve it.
    """
    if not isinstance(kind, str):
        info = kind_of(kind)
        found = resources.find(info.group, info.version, info.plural)
    else:
        named = [each for each in resources if kind in _names(each)]
        # The core group comes first, and `v1` before `v1beta1`.
        found = min(named, key=lambda each: (len(each.group), len(each.version)), default=None)
    if found is None:
        name = kind if isinstance(kind, str) else kind.__name__
        raise NoMatchError(f"the fake cluster does not serve the kind {name!r}", kind=name)
    return found


def names_of(resources: Resources) -> Names:
    """Return the function that finds the resources of a name of a kind.

    It raises NoMatchError if the server does not serve the kind, unless the name has a group, as resources of other
    servers need it.
    """

    def find(name: str) -> Named:
        found = {(each.group, each.resource) for each in resources if name in _names(each)}
        if not found and "." in name:
            plural, _, group = name.partition(".")
            return {(group, plural)}
        if not found:
            raise NoMatchError(
                f"the fake cluster does not serve the kind {name!r}; add its definition before, or name the resource "
                "with its group, such as 'websites.example.com'",
                kind=name,
            )
        return found

    return find


def path_to(resource: Resource, namespace: str, name: str = "") -> str:
    """Return the path of an object, or of a collection; resources of the cluster ignore the namespace.

    Args:
        resource: The resource.
        namespace: The namespace, "" for all.
        name: The object, "" for the collection.

    Raises:
        InvalidRequestError: A name can't be part of a path, or an object has no namespace.
    """
    if name and resource.is_namespaced and not namespace:
        raise InvalidRequestError(f"{resource.kind} {name!r} needs a namespace, such as 'default'")
    return path_of(resource, namespace if resource.is_namespaced else "", name)


def path_for_create(resources: Resources, document: dict[str, Any]) -> tuple[Resource, str]:
    """Return the resource of an object and the path of its collection; without a namespace it is `default`.

    Raises:
        NoMatchError: The server does not serve its kind.
        InvalidRequestError: `apiVersion` or `kind` is missing.
    """
    kind, api_version = document.get("kind", ""), document.get("apiVersion", "")
    if not kind or not api_version:
        missing = "kind" if api_version else "apiVersion" if kind else "apiVersion and kind"
        raise InvalidRequestError(f"the object lacks {missing}: an object needs apiVersion and kind")
    resource = resources.of_kind(api_version, kind)
    if resource is None:
        raise NoMatchError(f"the fake cluster does not serve the kind {kind!r} of {api_version!r}", kind=kind)
    metadata: dict[str, Any] = document.get("metadata") or {}
    return resource, path_to(resource, metadata.get("namespace") or "default")


def _names(resource: Resource) -> tuple[str, ...]:
    return (
        resource.kind,
        resource.resource,
        resource.group_resource,
        f"{resource.api_version}/{resource.kind}",
    )
