"""The base class of the generated clients of a group version."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubecore.rest import AsyncClient

__all__ = ["AsyncGroup"]


class AsyncGroup:
    """The clients of the resources of one group version.

    Args:
        client: Sends the calls.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    def __repr__(self) -> str:
        """Show the group version and the server."""
        return f"{type(self).__name__}({self._client.host!r})"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> None:
            from kubecore.model import hints

            raise hints.missing_in_group(self, name)
