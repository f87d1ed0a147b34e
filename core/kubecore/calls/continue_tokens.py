"""The continue tokens of a list that is read page by page: a server must not make it endless. No I/O."""

from __future__ import annotations

from typing import Final

from kubecore.errors import DecodeError

__all__ = ["MAX_EMPTY", "Trail"]

MAX_EMPTY: Final = 1000
"""Pages without an object that may come one after the other."""


class Trail:
    """The tokens that were followed."""

    def __init__(self) -> None:
        self._tokens: set[str] = set()
        self._empty = 0

    def __len__(self) -> int:
        """Return how many were followed."""
        return len(self._tokens)

    def follow(self, place: str, token: str, *, is_empty: bool) -> None:
        """Record the token of the next page.

        Args:
            place: The method and the path of the list.
            token: The token.
            is_empty: Whether the page with this token has no objects.

        Raises:
            DecodeError: The token is one of an earlier page, or too many pages have no objects: the list would be
                endless.
        """
        if token in self._tokens:
            raise DecodeError(
                f"{place}: the server returned the continue token of an earlier page "
                f"after {len(self._tokens)} pages; to follow it would never end"
            )
        self._tokens.add(token)
        self._empty = self._empty + 1 if is_empty else 0
        if self._empty > MAX_EMPTY:
            raise DecodeError(f"{place}: more than {MAX_EMPTY} consecutive pages contained no object")
