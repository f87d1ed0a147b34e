"""The pages of a list of which each is used when it arrives: the token of the next one. No I/O."""

from __future__ import annotations

from kubecore import errors
from kubecore.calls.continue_tokens import Trail

__all__ = ["PageTokens"]


class PageTokens:
    """The progress of a list that is read page by page.

    Attributes:
        token: The token of the next page; None for the first one.
        is_whole: Whether the list is read in one page, because the version of its pages had expired.
        is_open: Whether a page was used, and others follow.
    """

    __slots__ = ("_trail", "is_open", "is_whole", "token")

    def __init__(self) -> None:
        self._trail = Trail()
        self.token: str | None = None
        self.is_whole: bool = False
        self.is_open: bool = False

    def took(self, place: str, token: str | None, *, is_empty: bool) -> bool:
        """Continue after a page that was used.

        Args:
            place: The method and the path of the list, for errors.
            token: The token of the page after it, None or "" if it was the last one.
            is_empty: Whether the page had no objects.

        Returns:
            Whether it was the last one.

        Raises:
            DecodeError: The list would never end.
        """
        if not token:
            self._restart(is_whole=False)
            return True
        self.token, self.is_open = token, True
        try:
            self._trail.follow(place, token, is_empty=is_empty)
        except errors.DecodeError:
            self._restart(is_whole=False)
            raise
        return False

    def failed(self, error: errors.KubeError) -> None:
        """Handle a failed request: if the version of the pages has expired, the list begins again.

        Args:
            error: The error.
        """
        if isinstance(error, errors.StatusError) and error.code == 410:
            self._restart(is_whole=self.is_open)

    def _restart(self, *, is_whole: bool) -> None:
        self._trail = Trail()
        self.token, self.is_open, self.is_whole = None, False, is_whole
