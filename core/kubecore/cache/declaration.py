"""The options of an informer, checked before anything is sent, and its empty store. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from kubecore import projection
from kubecore.cache.index import IndexFunction
from kubecore.cache.keep import Form, Keep, form
from kubecore.cache.selection import Selection
from kubecore.cache.store import Store
from kubecore.calls import collection_text
from kubecore.calls.resource import Resource
from kubecore.clocks import SYSTEM_CLOCK
from kubecore.model.meta import PartialObjectMetadata
from kubecore.watch.options import WatchOptions

if TYPE_CHECKING:
    from kubecore.selectors import FieldSelector, LabelSelector

__all__ = ["Declaration", "declare"]

T = TypeVar("T")

_PAGE_SIZE: Final = 500


# Without slots: with them, Python 3.11 can't make an instance of Declaration[T].
@dataclass(frozen=True, kw_only=True)
class Declaration(Generic[T]):
    """An informer that was not started yet.

    Attributes:
        resource: The resource.
        store: The empty store.
        options: The calls and their selectors.
        metadata_only: Whether only metadata is requested.
        timeout: Seconds until the first state must be complete; None for no limit.
    """

    resource: Resource[Any, Any]
    store: Store[T]
    options: WatchOptions[Any]
    metadata_only: bool
    timeout: float | None

    @property
    def name(self) -> str:
        """The plural name of the resource with its group, such as `deployments.apps`."""
        return f"{self.resource.plural}.{self.resource.group}" if self.resource.group else self.resource.plural

    @property
    def labels(self) -> tuple[str, str, str]:
        """The resource, the namespace and the selectors, for metrics."""
        selectors = self.options.query("list", version="", seconds=None, token=None, is_first=False)
        text = ",".join(f"{name}={value}" for name, value in selectors if name.endswith("Selector"))
        return self.name, self.store.selection.namespace, text


def declare(
    resource: Resource[Any, Any],
    namespace: str,
    *,
    label_selector: LabelSelector | None = None,
    field_selector: FieldSelector | None = None,
    shard_selector: str | None = None,
    indexes: Iterable[IndexFunction[T]] = (),
    keep: Keep | None = None,
    into: type[Any] | None = None,
    timeout: float | None = None,
) -> Declaration[T]:
    """Check the options of an informer.

    Args:
        resource: The resource.
        namespace: The namespace; "" for all of them, and for resources of the cluster.
        label_selector: The labels; None for any.
        field_selector: The fields; None for any.
        shard_selector: The shard; None for all.
        indexes: Functions whose values objects are found by.
        keep: How objects are kept; None for `Keep.JSON`.
        into: A projection, or `PartialObjectMetadata`; None for the objects themselves.
        timeout: Seconds until the first state must be complete; None for no limit.

    Raises:
        InvalidRequestError: An option is invalid, or the resource can't be listed.
    """
    metadata_only = into is PartialObjectMetadata
    if into is not None and not metadata_only:
        projection.check(into, resource.kind)
    options = WatchOptions[Any](
        list=lambda query: collection_text.list_text(resource, namespace, query, metadata_only=metadata_only),
        watch=lambda query: collection_text.watch_text(resource, namespace, query, metadata_only=metadata_only),
        label_selector=label_selector,
        field_selector=field_selector,
        shard_selector=shard_selector,
        send_initial_events=True,
        page_size=_PAGE_SIZE,
    )
    kind: Any = resource.kind if into is None else into
    kept: Form[T] = form(
        kind,
        Keep.JSON if keep is None else keep,
        is_projection=into is not None and not metadata_only,
        complete=resource.completion if into is None else None,
    )
    store: Store[T] = Store(
        kept,
        name=resource.plural,
        selection=Selection(namespace, label_selector, field_selector, shard_selector),
        indexes=indexes,
        now=SYSTEM_CLOCK.monotonic,
    )
    return Declaration(resource=resource, store=store, options=options, metadata_only=metadata_only, timeout=timeout)
