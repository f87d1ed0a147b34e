# Derived from kubecore/clientset/async_group.py by tools/async_to_sync.py. Edit that file and run `make sync`.
"""The base class of the generated clients of a group version."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubecore.rest import Client

__all__ = ["Group"]


class Group:
    """The clients of the resources of one group version.

    Args:
        client: Sends the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def __repr__(self) -> str:
        """Show the group version and the server."""
        return f"{type(self).__name__}({self._client.host!r})"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> None:
            from kubecore.model import hints

            raise hints.missing_in_group(self, name)
