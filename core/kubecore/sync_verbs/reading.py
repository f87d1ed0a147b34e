# Derived from kubecore/async_verbs/reading.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""Verbs that read: get and list, and all pages of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import msgspec

from kubecore import options
from kubecore.calls.call import Call
from kubecore.calls.resource import Body
from kubecore.model.meta import PartialObjectMetadata
from kubecore.options import ResourceVersionMatch
from kubecore.sync_verbs.base import ResourceClient
from kubecore.sync_verbs.metadata_and_table import ListViews

if TYPE_CHECKING:
    from kubecore.projection import ObjectList
    from kubecore.rest.page_iterator import PageIterator
    from kubecore.selectors import FieldSelector, LabelSelector

__all__ = ["Get", "List"]

T = TypeVar("T", bound=Body)
L = TypeVar("L")
P = TypeVar("P", bound=msgspec.Struct)


class Get(ResourceClient, Generic[T]):
    """Reads one object."""

    @overload
    def get(
        self, name: str, *, resource_version: str | None = None, into: None = None, timeout: float | None = None
    ) -> T: ...

    @overload
    def get(
        self, name: str, *, resource_version: str | None = None, into: type[P], timeout: float | None = None
    ) -> P: ...

    def get(
        self,
        name: str,
        *,
        resource_version: str | None = None,
        into: type[P] | None = None,
        timeout: float | None = None,
    ) -> T | P:
        """Read one object: GET.

        Args:
            name: The object's name.
            resource_version: Return this version or a newer one; "0" accepts any version that the server has cached.
            into: A projection: a struct with the fields that are wanted, named as in the model; nothing else is built.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The object.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.query(resource_version=resource_version)
        call: Call[T | P] = self._resource.get(self._namespace, name, query, into)
        return self._client.send(call, timeout=timeout)

    def get_metadata(
        self, name: str, *, resource_version: str | None = None, timeout: float | None = None
    ) -> PartialObjectMetadata:
        """Read the metadata of one object: GET, the rest is not sent.

        Args:
            name: The object's name.
            resource_version: Return this version or a newer one; "0" accepts any version that the server has cached.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The object's metadata.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.query(resource_version=resource_version)
        return self._client.send(self._resource.get_metadata(self._namespace, name, query), timeout=timeout)


class List(ListViews, Generic[T, L]):
    """Reads the collection."""

    @overload
    def list(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        into: None = None,
        timeout: float | None = None,
    ) -> L: ...

    @overload
    def list(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        into: type[P],
        timeout: float | None = None,
    ) -> ObjectList[P]: ...

    def list(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        into: type[P] | None = None,
        timeout: float | None = None,
    ) -> L | ObjectList[P]:
        """Read the collection, or a page of it: GET.

        Args:
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            limit: The maximum number of items in a response; continue with the list's `metadata.continue_`.
            continue_token: The token of the page before.
            resource_version: Return this version or a newer one; "0" accepts any version that the server has cached.
            resource_version_match: How `resource_version` is meant.
            timeout_seconds: Seconds after which the server gives up.
            into: A projection: a struct with the fields that are wanted, named as in the model; nothing else is built.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The list.

        Raises:
            InvalidRequestError: Refused before anything was sent.
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object.
        """
        query = options.query(
            label_selector=label_selector,
            field_selector=field_selector,
            shard_selector=shard_selector,
            limit=limit,
            continue_token=continue_token,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            timeout_seconds=timeout_seconds,
        )
        call: Call[L | ObjectList[P]] = self._resource.list(self._namespace, query, into)
        return self._client.send(call, timeout=timeout)

    @overload
    def iter(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        limit: int = 500,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        into: None = None,
        timeout: float | None = None,
    ) -> PageIterator[T]: ...

    @overload
    def iter(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        limit: int = 500,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        into: type[P],
        timeout: float | None = None,
    ) -> PageIterator[P]: ...

    def iter(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        limit: int = 500,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        into: type[P] | None = None,
        timeout: float | None = None,
    ) -> PageIterator[Any]:
        """Read the whole collection page by page: GET for each page when it is needed.

        All objects are of one version, unless the server drops that version in the middle: the rest is then read by one
        list of the current version, and no object is repeated.

        Args:
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            limit: Most items of a page; 0 reads all at once.
            resource_version: Begin with this version or a newer one; "0" accepts any version that the server has
                cached.
            resource_version_match: How `resource_version` is meant.
            timeout_seconds: Seconds after which the server gives up, for each page.
            into: A projection: a struct with the fields that are wanted, named as in the model; nothing else is built.
            timeout: Seconds for the request of each page, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            An iterator of the objects. Nothing is sent before its first step, which raises the same errors as `list`.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore.rest.page_iterator import PageIterator
        from kubecore.rest.pager import Pager

        query = options.query(
            label_selector=label_selector,
            field_selector=field_selector,
            shard_selector=shard_selector,
            limit=limit,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            timeout_seconds=timeout_seconds,
        )
        call: Call[Any] = self._resource.list(self._namespace, query, into)
        return PageIterator(self._client, Pager(call, into), timeout=timeout)
