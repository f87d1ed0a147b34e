"""The verbs that follow a collection: watch, and list and watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import msgspec

# Not by its own name, which is the verb's in the class.
from kubecore.async_verbs.informing import Informers
from kubecore.calls.body import Body
from kubecore.model.meta import PartialObjectMetadata
from kubecore.options import ResourceVersionMatch

if TYPE_CHECKING:
    from kubecore import watch as watches
    from kubecore.selectors import FieldSelector, LabelSelector

__all__ = ["Watch"]

T = TypeVar("T", bound=Body)
P = TypeVar("P", bound=msgspec.Struct)


class Watch(Informers[T], Generic[T]):
    """Follows the changes of the collection."""

    @overload
    def watch(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        allow_watch_bookmarks: bool | None = None,
        send_initial_events: bool | None = None,
        into: None = None,
        timeout: float | None = None,
    ) -> watches.AsyncWatch[T]: ...

    @overload
    def watch(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        allow_watch_bookmarks: bool | None = None,
        send_initial_events: bool | None = None,
        into: type[P],
        timeout: float | None = None,
    ) -> watches.AsyncWatch[P]: ...

    def watch(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        allow_watch_bookmarks: bool | None = None,
        send_initial_events: bool | None = None,
        into: type[P] | None = None,
        timeout: float | None = None,
    ) -> watches.AsyncWatch[Any]:
        """Follow the collection: GET with `watch=true`. Nothing is sent before the `async with` block begins.

        Existing objects are yielded first, each as an ADDED event, then changes. The watch reconnects automatically if
        a connection ends, breaks or is idle, and yields no change twice; see docs/watch.md.

        Args:
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            resource_version: Yield only changes after this version; "0" accepts any cached version for the existing
                objects.
            resource_version_match: How `resource_version` is meant.
            timeout_seconds: Seconds after which the iteration ends; None and 0 for no end.
            allow_watch_bookmarks: Also yield BOOKMARK events, which only contain the current resource version.
            send_initial_events: True lets the server stream the existing objects, followed by a BOOKMARK with the
                annotation `k8s.io/initial-events-end`; False leaves them out.
            into: A projection: a struct with the fields that are wanted, named as in the model; nothing else is built.
            timeout: Seconds until the block begins: until the existing objects are listed or, without a list, until the
                watch is open. After that it has no effect; `timeout_seconds` limits the watch. None for the limits of
                `Config.timeouts`.

        Returns:
            A context manager that opens the watch, and an iterator of its events.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore import watch as watches

        options = watches.WatchOptions[Any](
            list=lambda query: self._resource.list(self._namespace, query, into),
            watch=lambda query: self._resource.watch(self._namespace, query, into),
            label_selector=label_selector,
            field_selector=field_selector,
            shard_selector=shard_selector,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            timeout_seconds=timeout_seconds,
            allow_watch_bookmarks=allow_watch_bookmarks,
            send_initial_events=send_initial_events,
            timeout=timeout,
        )
        return watches.AsyncWatch(self._client, options)

    def watch_metadata(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        resource_version: str | None = None,
        resource_version_match: ResourceVersionMatch | None = None,
        timeout_seconds: int | None = None,
        allow_watch_bookmarks: bool | None = None,
        send_initial_events: bool | None = None,
        timeout: float | None = None,
    ) -> watches.AsyncWatch[PartialObjectMetadata]:
        """Follow the metadata of the collection, as `watch` follows the objects; the rest is not sent.

        Args:
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            resource_version: Yield only changes after this version; "0" accepts any cached version for the existing
                objects.
            resource_version_match: How `resource_version` is meant.
            timeout_seconds: Seconds after which the iteration ends; None and 0 for no end.
            allow_watch_bookmarks: Also yield BOOKMARK events, which only contain the current resource version.
            send_initial_events: True lets the server stream the existing objects, followed by a BOOKMARK with the
                annotation `k8s.io/initial-events-end`; False leaves them out.
            timeout: Seconds until the block begins: until the existing objects are listed or, without a list, until the
                watch is open. After that it has no effect; `timeout_seconds` limits the watch. None for the limits of
                `Config.timeouts`.

        Returns:
            A context manager that opens the watch, and an iterator of its events.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore import watch as watches

        options = watches.WatchOptions[PartialObjectMetadata](
            list=lambda query: self._resource.list_metadata(self._namespace, query),
            watch=lambda query: self._resource.watch_metadata(self._namespace, query),
            label_selector=label_selector,
            field_selector=field_selector,
            shard_selector=shard_selector,
            resource_version=resource_version,
            resource_version_match=resource_version_match,
            timeout_seconds=timeout_seconds,
            allow_watch_bookmarks=allow_watch_bookmarks,
            send_initial_events=send_initial_events,
            timeout=timeout,
        )
        return watches.AsyncWatch(self._client, options)

    def list_and_watch(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        timeout_seconds: int | None = None,
        timeout: float | None = None,
    ) -> watches.AsyncListAndWatch[T]:
        """Read the collection, then follow it: see `watch`. Nothing is sent before the `async with` block begins.

        If the server no longer has the current version of the watch, the collection is listed again, and the
        differences are yielded as events. For that, the last state of each object is kept in memory.

        Args:
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            timeout_seconds: Seconds after which the iteration ends; None and 0 for no end.
            timeout: Seconds until the block begins: until the existing objects are listed. After that it has no effect;
                `timeout_seconds` limits the watch. None for the limits of `Config.timeouts`.

        Returns:
            A context manager whose `items` are the state, and an iterator of what changes after it.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore import watch as watches

        options = watches.WatchOptions[T](
            list=lambda query: self._resource.list(self._namespace, query),
            watch=lambda query: self._resource.watch(self._namespace, query),
            label_selector=label_selector,
            field_selector=field_selector,
            shard_selector=shard_selector,
            timeout_seconds=timeout_seconds,
            relists=True,
            timeout=timeout,
        )
        return watches.AsyncListAndWatch(self._client, options)
