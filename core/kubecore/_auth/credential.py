"""The credential of a request, and its sources."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from kubecore._config.secret import SecretBytes, SecretText
from kubecore.errors import ConfigError

__all__ = ["Credential", "Source", "bearer"]


class Credential(NamedTuple):
    """Credential of a request.

    Attributes:
        header: The value of the header `Authorization`, None for none.
    """

    header: bytes | None

    def __repr__(self) -> str:
        """Show that there is one."""
        return "Credential(<hidden>)"


class Source(Protocol):
    """Source of credentials."""

    @property
    def certificate(self) -> tuple[bytes, bytes] | None:
        """The client certificate and its key for new connections, PEM; None if the source has none."""
        ...

    def current(self) -> Credential | None:
        """Return the current credential, None if it must be renewed first."""
        ...

    def refuse(self, credential: Credential) -> bool | None:
        """Handle a 401 response.

        Args:
            credential: The credential that the server received.

        Returns:
            Whether there is another one, or may be after a renewal; None if only the renewal shows that.
        """
        ...

    def renew(self, deadline: float | None = None) -> Credential:
        """Get a new credential.

        Args:
            deadline: When the call must be done, on the monotonic clock; None for no limit.

        Raises:
            ConfigError: There is none.
            TimeoutError: The time is up.
        """
        ...

    async def renew_async(self, deadline: float | None = None) -> Credential:
        """Get a new credential: see `renew`. It is cancelled when the time is up."""
        ...


def bearer(token: SecretText, what: str) -> bytes:
    """Write the header of a token.

    Args:
        token: The token; it never appears in the error, nor in the variables of a traceback.
        what: Its name, for the error.

    Raises:
        ConfigError: It is empty, or contains characters that are invalid in a token.
    """
    if not token:
        raise ConfigError(f"{what} is empty")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ConfigError(f"{what} contains invalid characters")
    return SecretBytes(f"Bearer {token}".encode("ascii"))
