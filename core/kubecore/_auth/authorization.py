"""Credentials of a client: their sources, and the synchronous and asynchronous shells that renew them."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

from kubecore._auth.credential import Credential, Source, bearer
from kubecore._config.config import Config
from kubecore._config.secret import SecretBytes, SecretText
from kubecore._http.timed_lock import Turn

if TYPE_CHECKING:
    import anyio

    from kubecore._http.per_loop import PerLoop

__all__ = ["AsyncAuthorization", "Authorization", "source"]


class Authorization:
    """Provides credentials to a synchronous client.

    Threads that need new credentials at the same time share one renewal.

    Args:
        source: The source of the credentials.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._turn = Turn()

    def certificate(self) -> tuple[bytes, bytes] | None:
        """Return the client certificate and its key for new connections, PEM; None for those of the configuration."""
        return self._source.certificate

    def current(self) -> Credential | None:
        """Return the credential of now, None if it must be renewed."""
        return self._source.current()

    def get(self, deadline: float | None = None) -> Credential:
        """Return the credential to show.

        Args:
            deadline: When the call must be done, on the monotonic clock; None for no limit.

        Raises:
            ConfigError: There is none.
            TimeoutError: The time is up.
        """
        found = self._source.current()
        if found is not None:
            return found
        token = self._turn.take(deadline)
        try:
            # A caller that waited for another renewal needs no own one. A credential that is expired on arrival is used
            # all the same.
            return self._source.current() or self._source.renew(deadline)
        finally:
            self._turn.give(token)

    def refuse(self, credential: Credential, deadline: float | None = None) -> bool:
        """Handle a 401; return whether to retry with the credential that `get` then returns.

        Args:
            credential: The credential that the server received.
            deadline: When the call must be done, on the monotonic clock; None for no limit.
        """
        found = self._source.refuse(credential)
        return self.get(deadline).header != credential.header if found is None else found


class AsyncAuthorization:
    """Gives credentials to an asynchronous client: see `Authorization`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._locks: PerLoop[anyio.Lock] | None = None

    def certificate(self) -> tuple[bytes, bytes] | None:
        """Return the client certificate and its key for new connections, PEM; None for those of the configuration."""
        return self._source.certificate

    def current(self) -> Credential | None:
        """Return the credential of now, None if it must be renewed."""
        return self._source.current()

    async def get(self, deadline: float | None = None) -> Credential:
        """Return the credential to show.

        Args:
            deadline: When the call must be done, on the monotonic clock; None for no limit.

        Raises:
            ConfigError: There is none.
            TimeoutError: The time is up.
        """
        found = self._source.current()
        if found is not None:
            return found
        import anyio

        with anyio.fail_after(None if deadline is None else max(0.0, deadline - time.monotonic())):
            async with self._renewing():
                return self._source.current() or await self._source.renew_async(deadline)

    async def refuse(self, credential: Credential, deadline: float | None = None) -> bool:
        """Handle a 401; return whether to retry with the credential that `get` then returns.

        Args:
            credential: The credential that the server received.
            deadline: When the call must be done, on the monotonic clock; None for no limit.
        """
        found = self._source.refuse(credential)
        return (await self.get(deadline)).header != credential.header if found is None else found

    def _renewing(self) -> anyio.Lock:
        """Return the lock of this event loop: tasks can't wait for one of another."""
        if self._locks is None:
            import anyio

            from kubecore._http.per_loop import PerLoop

            self._locks = PerLoop(anyio.Lock, lambda lock: None)
        return self._locks.get()


def source(config: Config) -> Source:
    """Return the source of a configuration's credentials.

    Args:
        config: The configuration. A token, or a name and password, come before a program, as in client-go; so does a
            certificate.

    Raises:
        ConfigError: A credential contains characters that are invalid in a header, or the token file can't be read and
            there is no other token.
    """
    if config.bearer_token_file:
        from kubecore._auth.token_file import TokenFile

        return TokenFile(config.bearer_token_file, _static(config))
    static = _static(config)
    has_certificate = bool(config.tls.cert_file or config.tls.cert_data)
    if static.header is None and not has_certificate:
        if config.exec is not None:
            from kubecore._auth.exec_plugin import ExecSource

            return ExecSource(config.exec, config)
        if config.oidc is not None:
            from kubecore._auth.oidc import OIDCSource

            return OIDCSource(config.oidc)
    return _Fixed(static)


class _Fixed:
    """Credentials that never change."""

    certificate: None = None

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def current(self) -> Credential | None:
        return self._credential

    def refuse(self, credential: Credential) -> bool:
        return False

    def renew(self, deadline: float | None = None) -> Credential:
        return self._credential

    async def renew_async(self, deadline: float | None = None) -> Credential:
        return self._credential


def _static(config: Config) -> Credential:
    if config.bearer_token is not None:
        return Credential(bearer(SecretText(config.bearer_token.strip()), "bearer_token"))
    if config.username or config.password:
        pair = SecretBytes(f"{config.username or ''}:{config.password or ''}".encode())
        return Credential(SecretBytes(b"Basic " + base64.b64encode(pair)))
    return Credential(None)
