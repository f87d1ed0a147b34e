"""The verb that keeps a copy of a collection: informer."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import msgspec

from kubecore.async_verbs.base import ResourceClient
from kubecore.calls.body import Body

if TYPE_CHECKING:
    from kubecore.cache.async_informer import AsyncInformer
    from kubecore.cache.keep import Keep
    from kubecore.selectors import FieldSelector, LabelSelector

__all__ = ["Informers"]

T = TypeVar("T", bound=Body)
P = TypeVar("P", bound=msgspec.Struct)


class Informers(ResourceClient, Generic[T]):
    """Keeps copies of the collection."""

    @overload
    def informer(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        indexes: Iterable[Callable[[T], Iterable[Hashable]]] = (),
        keep: Keep | None = None,
        into: None = None,
        timeout: float | None = None,
    ) -> AsyncInformer[T]: ...

    @overload
    def informer(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        indexes: Iterable[Callable[[P], Iterable[Hashable]]] = (),
        keep: Keep | None = None,
        into: type[P],
        timeout: float | None = None,
    ) -> AsyncInformer[P]: ...

    def informer(
        self,
        *,
        label_selector: LabelSelector | None = None,
        field_selector: FieldSelector | None = None,
        shard_selector: str | None = None,
        indexes: Iterable[Callable[[Any], Iterable[Hashable]]] = (),
        keep: Keep | None = None,
        into: type[P] | None = None,
        timeout: float | None = None,
    ) -> AsyncInformer[Any]:
        """Keep a copy of the collection and follow its changes. Nothing is sent before the `async with` block begins.

        Entering the block waits until the copy is complete. Reads need no request, and contain the writes of this
        clientset at once. See docs/informers.md.

        Args:
            label_selector: Only objects with these labels: text such as `app=web,tier!=cache`, a mapping or a selector.
            field_selector: Only objects with these fields: text such as `spec.nodeName=node-1`, or a mapping.
            shard_selector: Only one shard of the collection, if the server supports it.
            indexes: Functions that return values for an object, by which `indexed` finds it.
            keep: How objects are kept: see `kubecore.cache.Keep`; None for `Keep.JSON`.
            into: A projection: a struct with the fields that are wanted, named as in the model; nothing else is kept.
                With `PartialObjectMetadata`, the server sends only metadata.
            timeout: Seconds until the copy is complete; after that it has no effect. None for no limit.

        Returns:
            A context manager that starts the informer.

        Raises:
            InvalidRequestError: Refused before anything was sent.
        """
        from kubecore.cache.async_informer import AsyncInformer
        from kubecore.cache.declaration import declare

        return AsyncInformer(
            self._client,
            declare(
                self._resource,
                self._namespace,
                label_selector=label_selector,
                field_selector=field_selector,
                shard_selector=shard_selector,
                indexes=indexes,
                keep=keep,
                into=into,
                timeout=timeout,
            ),
        )
