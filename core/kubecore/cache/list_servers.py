"""The resources whose state a server is known not to send as events, remembered as long as the client lives."""

from __future__ import annotations

import weakref
from typing import Any, Final

from kubecore.calls.resource import Resource

__all__ = ["add", "has"]

_Id = tuple[str, str, str]

_KNOWN: Final[weakref.WeakKeyDictionary[Any, frozenset[_Id]]] = weakref.WeakKeyDictionary()


def add(client: object, resource: Resource[Any, Any]) -> None:
    """Remember that the state of a resource must be read from lists.

    Args:
        client: The client of the server.
        resource: The resource.
    """
    _KNOWN[client] = _KNOWN.get(client, frozenset()) | {_id(resource)}


def has(client: object, resource: Resource[Any, Any]) -> bool:
    """Return whether the state of a resource must be read from lists.

    Args:
        client: The client of the server.
        resource: The resource.
    """
    return _id(resource) in _KNOWN.get(client, ())


def _id(resource: Resource[Any, Any]) -> _Id:
    return resource.group, resource.version, resource.plural
