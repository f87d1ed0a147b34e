"""Gives the responses to the program's own writes to the store of an informer. No I/O."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kubecore.cache.store import Store
from kubecore.calls.call import Call
from kubecore.calls.resource import Resource
from kubecore.codec.decoders import decoder
from kubecore.errors import DecodeError
from kubecore.model.meta import PartialObjectMetadata

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OwnWriteHook"]

_OF_WHOLE_OBJECTS: Final = frozenset(("", "status"))
"""The subresources whose response is the whole object; "" for the object itself."""


class _Object(msgspec.Struct):
    kind: str = ""
    metadata: msgspec.Raw = msgspec.Raw(b"{}")


class OwnWriteHook:
    """A hook of a client: see `rest.WriteHook`.

    Args:
        store: The store.
        lock: The lock of the store.
        resource: The resource of the store.
        metadata_only: Whether the store contains only metadata.
        changed: Is called when the store may have changed.
    """

    def __init__(
        self,
        store: Store[Any],
        lock: AbstractContextManager[object],
        resource: Resource[Any, Any],
        *,
        metadata_only: bool,
        changed: Callable[[], None],
    ) -> None:
        self._store: Final = store
        self._lock: Final = lock
        self._changed: Final = changed
        self._metadata_only: Final = metadata_only
        self._of: Final = (resource.group, resource.version, resource.plural)

    def before_write(self, call: Call[Any]) -> float | None:
        """Return None: a cache limits no call."""
        return None

    def after_write(self, call: Call[Any], body: bytes) -> None:
        """Apply the response of a write to the resource.

        Args:
            call: The call.
            body: The response, as JSON text.
        """
        if (call.group, call.version, call.resource) != self._of or call.subresource not in _OF_WHOLE_OBJECTS:
            return
        if call.verb == "delete_collection" or call.is_dry_run:
            return
        if self._metadata_only:
            body = _metadata_of(body)
        self._store.check_caller()
        with self._lock:
            self._store.own_write(body, is_delete=call.verb == "delete")
        self._changed()


def _metadata_of(body: bytes) -> bytes:
    """Return an object as the server sends it if only metadata is requested; a `Status` stays as it is."""
    try:
        found = decoder(_Object).decode(body)
    except (msgspec.DecodeError, DecodeError, ValueError, RecursionError):
        return body
    if found.kind == "Status":
        return body
    empty = PartialObjectMetadata()
    return msgspec.json.encode({"kind": empty.kind, "apiVersion": empty.api_version, "metadata": found.metadata})
