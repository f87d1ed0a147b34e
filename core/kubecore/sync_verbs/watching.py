"""The verb that follows a collection: watch."""

from __future__ import annotations

from typing import Generic, TypeVar

from kubecore import options, watch
from kubecore.call import Call
from kubecore.model import Model
from kubecore.options import ResourceVersionMatch
from kubecore.sync_verbs.base import ResourceClient

__all__ = ["Watch"]

T = TypeVar("T", bound=Model)


class Watch(ResourceClient, Generic[T]):
    """Follows the collection."""

    def watch(
        self,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        shard_selector: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        allow_watch_bookmarks: bool | None = None,
        send_initial_events: bool | None = None,
    ) -> watch.Watch[T]:
        """Follow the collection: GET with `watch=true`. Nothing is sent before the `with` block begins.

        One connection without a read timeout; it ends when the server closes it.

        Args:
            label_selector: only objects with these labels, such as `app=web,tier!=cache`.
            field_selector: only objects with these fields, such as `spec.nodeName=node-1`.
            shard_selector: only one shard of the collection, where the server has the feature.
            resource_version: answer with this version or a newer one; "0" takes whatever the server has at hand.
            resource_version_match: how `resource_version` is meant.
            timeout_seconds: seconds after which the server gives up.
            allow_watch_bookmarks: ask for BOOKMARK events, which only tell how far the watch has come.
            send_initial_events: begin with all that is there as ADDED events; needs `resource_version_match`.

        Returns:
            A context manager that opens the watch, and an iterator of its events.

        Raises:
            InvalidRequestError: refused before anything was sent.
        """
        query = options.query(
            watch=True,
            label_selector=label_selector,
            field_selector=field_selector,
            shard_selector=shard_selector,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            timeout_seconds=timeout_seconds,
            allow_watch_bookmarks=allow_watch_bookmarks,
            send_initial_events=send_initial_events,
        )
        call: Call[T] = self.resource.watch(self._namespace, query)
        return watch.Watch(self._client, call)
