"""An iterator over all objects of a collection: sends the calls of a `Pager`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from kubecore import errors
from kubecore.rest.pager import Pager

if TYPE_CHECKING:
    from kubecore.rest.async_client import AsyncClient

__all__ = ["AsyncPageIterator"]

T = TypeVar("T")


class AsyncPageIterator(Generic[T]):
    """All objects of a collection, one after the other. It holds one page at a time, and no connection.

    After a network error, the next call requests the same page again.

    Args:
        client: Sends the calls.
        pager: Returns the calls.
        timeout: Seconds for the request of each page; None for the limits of `Config.timeouts`.
    """

    def __init__(self, client: AsyncClient, pager: Pager[T], *, timeout: float | None = None) -> None:
        self._client = client
        self._pager = pager
        self._timeout = timeout
        self._items: Iterator[T] = iter(())

    def __aiter__(self) -> AsyncIterator[T]:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> T:
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
                raise StopAsyncIteration
            try:
                page = await self._client.send(call, timeout=self._timeout)
            except errors.StatusError as error:
                if not self._pager.failed(error):
                    raise
            else:
                self._items = iter(self._pager.took(page))
