# Derived from kubecore/rest/async_page_iterator.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""An iterator over all objects of a collection: sends the calls of a `Pager`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from kubecore import errors
from kubecore.rest.pager import Pager

if TYPE_CHECKING:
    from kubecore.rest.client import Client

__all__ = ["PageIterator"]

T = TypeVar("T")


class PageIterator(Generic[T]):
    """All objects of a collection, one after the other. It holds one page at a time, and no connection.

    After a network error, the next call requests the same page again.

    Args:
        client: Sends the calls.
        pager: Returns the calls.
        timeout: Seconds for the request of each page; None for the limits of `Config.timeouts`.
    """

    def __init__(self, client: Client, pager: Pager[T], *, timeout: float | None = None) -> None:
        self._client = client
        self._pager = pager
        self._timeout = timeout
        self._items: Iterator[T] = iter(())

    def __iter__(self) -> Iterator[T]:
        """Return the iterator itself."""
        return self

    def __next__(self) -> T:
        """Return the next object; at the end of a page, request the next one.

        Raises:
            StatusError: The server responded with an error.
            TransportError: The response is missing or incomplete.
            DecodeError: The response is not the requested object, or the list would be endless.
        """
        while True:
            for item in self._items:
                return item
            call = self._pager.call
            if call is None:
                raise StopIteration
            try:
                page = self._client.send(call, timeout=self._timeout)
            except errors.StatusError as error:
                if not self._pager.failed(error):
                    raise
            else:
                self._items = iter(self._pager.took(page))
