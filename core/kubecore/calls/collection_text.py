"""The calls of a cache: a collection and its changes as JSON text, without managed fields. No I/O."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from msgspec import Raw

from kubecore import projection
from kubecore.calls.call import Call
from kubecore.calls.resource import METADATA, METADATA_LIST, Resource
from kubecore.model.list_of import ObjectList
from kubecore.options import Query

__all__ = ["TextList", "list_text", "watch_text"]

TextList: TypeAlias = ObjectList[Raw]
"""A list whose items are JSON text. The texts refer to the buffer of the response."""

_DROP: Final = "drop=metadata.managedFields"
"""The parameter with which a server leaves managed fields out (KEP-5958). Other servers ignore it."""

_JSON: Final = "application/json"


def list_text(resource: Resource[Any, Any], namespace: str, query: Query, *, metadata_only: bool) -> Call[TextList]:
    """Make the call that reads the collection, or a page of it, as text.

    Args:
        resource: The resource.
        namespace: The namespace; "" for all of them, and for resources of the cluster.
        query: The query parameters.
        metadata_only: Whether only metadata is requested.

    Raises:
        InvalidRequestError: The resource can't be listed, or the namespace is invalid.
    """
    kind = projection.kind_of(resource.list(namespace, query).response)
    if metadata_only:
        kind = "PartialObjectMetadataList"
    return resource.call(
        "list",
        "GET",
        namespace,
        TextList,
        query=query,
        accept=_without_managed_fields(METADATA_LIST if metadata_only else _JSON),
        kind=kind,
    )


def watch_text(resource: Resource[Any, Any], namespace: str, query: Query, *, metadata_only: bool) -> Call[Raw]:
    """Make the call that follows the collection as text.

    Args:
        resource: The resource.
        namespace: The namespace; "" for all of them, and for resources of the cluster.
        query: The query parameters.
        metadata_only: Whether only metadata is requested.

    Raises:
        InvalidRequestError: The namespace is invalid.
    """
    accept = _without_managed_fields(METADATA if metadata_only else _JSON)
    return resource.call("watch", "GET", namespace, Raw, query=query, accept=accept)


def _without_managed_fields(accept: str) -> str:
    return f"{accept};{_DROP},{accept}"
