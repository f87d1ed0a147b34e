"""The pages of a list, put together. No I/O."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from kubecore import errors
from kubecore._support.json_types import is_json_object
from kubecore.calls.continue_tokens import Trail
from kubecore.codec import decode
from kubecore.model.meta import ListMeta

__all__ = ["Pages", "parts"]

T = TypeVar("T")


def parts(page: Any) -> tuple[ListMeta, list[Any]]:
    """Return metadata and items of a list, which is a model or a mapping."""
    if is_json_object(page):
        return decode.convert(page.get("metadata") or {}, ListMeta), list(page.get("items") or ())
    return page.metadata, page.items


class Pages(Generic[T]):
    """The pages of a list that were read so far.

    Attributes:
        token: The token of the next page; None for the first page, or if there is no other.
    """

    def __init__(self) -> None:
        self._items: list[T] = []
        self._trail = Trail()
        self.token: str | None = None

    def restart(self) -> None:
        """Drop the pages: the list is read from its beginning."""
        self._items, self.token = [], None
        self._trail = Trail()

    def add(self, place: str, meta: ListMeta, items: list[T]) -> list[T] | None:
        """Add a page.

        Args:
            place: The method and the path of the list, for errors.
            meta: The metadata of the page.
            items: The items of the page.

        Returns:
            The items of all pages; None if there is another page.

        Raises:
            DecodeError: The list would never end.
        """
        self._items.extend(items)
        self.token = meta.continue_ or None
        if self.token is None:
            whole = self._items
            self.restart()
            return whole
        try:
            self._trail.follow(place, self.token, is_empty=not items)
        except errors.DecodeError:
            self.restart()
            raise
        return None
