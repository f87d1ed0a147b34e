"""Other views of a collection: metadata alone, and the server's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecore import options
from kubecore.async_verbs.base import ResourceClient
from kubecore.model.meta import PartialObjectMetadata, PartialObjectMetadataList
from kubecore.options import ResourceVersionMatch

if TYPE_CHECKING:
    from kubecore.calls.table import Table
    from kubecore.rest.async_page_iterator import AsyncPageIterator
    from kubecore.selectors import FieldSelector, LabelSelector

__all__ = ["ListViews"]


class ListViews(ResourceClient):
    """Reads the collection as metadata, or as a table."""

    async def list_metadata(
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
        timeout: float | None = None,
    ) -> PartialObjectMetadataList:
        """Read the metadata of the collection, or of a page of it: GET, the rest is not sent.

        Args:
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            limit: The maximum number of items in a response; continue with the list's `metadata.continue_`.
            continue_token: The token of the page before.
            resource_version: Return this version or a newer one; "0" accepts any version that the server has cached.
            resource_version_match: How `resource_version` is meant.
            timeout_seconds: Seconds after which the server gives up.
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
        return await self._client.send(self._resource.list_metadata(self._namespace, query), timeout=timeout)

    def iter_metadata(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        limit: int = 500,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        timeout: float | None = None,
    ) -> AsyncPageIterator[PartialObjectMetadata]:
        """Read the metadata of the whole collection page by page, as `iter` reads the objects.

        Args:
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            limit: Most items of a page; 0 reads all at once.
            resource_version: Begin with this version or a newer one; "0" accepts any version that the server has
                cached.
            resource_version_match: How `resource_version` is meant.
            timeout_seconds: Seconds after which the server gives up, for each page.
            timeout: Seconds for the request of each page, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            An iterator of the objects' metadata. Nothing is sent before its first step, which raises the same errors as
            `list_metadata`.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore.rest.async_page_iterator import AsyncPageIterator
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
        call = self._resource.list_metadata(self._namespace, query)
        return AsyncPageIterator(self._client, Pager(call), timeout=timeout)

    async def table(
        self,
        name: str | None = None,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        limit: int | None = None,
        continue_token: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        timeout: float | None = None,
    ) -> Table:
        """Read the collection, or one object, as the server's table, as in `kubectl get`.

        Args:
            name: The object's name; None is the collection.
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            limit: The maximum number of items in a response; continue with the list's `metadata.continue_`.
            continue_token: The token of the page before.
            resource_version: Return this version or a newer one; "0" accepts any version that the server has cached.
            resource_version_match: How `resource_version` is meant.
            timeout_seconds: Seconds after which the server gives up.
            timeout: Seconds for the call, with its retries; None for the limits of `Config.timeouts`.

        Returns:
            The table: `print` it, or let a notebook show it.

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
        return await self._client.send(self._resource.table(self._namespace, name, query), timeout=timeout)
