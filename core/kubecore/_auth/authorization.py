"""Who asks: the sources of credentials, and the two shells that renew them."""

from __future__ import annotations

import base64
import logging
import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from kubecore._config.config import Config
from kubecore._config.secret import SecretBytes, SecretText, read_file
from kubecore._http.daemon_thread import Aside, file_seconds
from kubecore._http.timed_lock import Turn
from kubecore.errors import ConfigError

if TYPE_CHECKING:
    import anyio

    from kubecore._http.per_loop import PerLoop

__all__ = ["AsyncAuthorization", "Authorization", "Credential", "Source", "bearer", "source"]

_FRESH_SECONDS: Final = 50.0
"""How long a token file's content is used before it is read again: client-go's minute less its leeway."""

_LOG: Final = logging.getLogger("kubecore")


class Credential(NamedTuple):
    """What a request shows.

    Attributes:
        header: the value of the header `Authorization`, None for none.
        pair: a client's certificate and its key, PEM, where they don't come from the configuration.
    """

    header: bytes | None
    pair: tuple[bytes, bytes] | None = None

    def __repr__(self) -> str:
        """Show that there is one."""
        return "Credential(<hidden>)"


class Source(Protocol):
    """Where credentials come from."""

    def current(self) -> Credential | None:
        """Return the credential of now, None where it must be renewed first."""
        ...

    def refuse(self, credential: Credential) -> bool | None:
        """Take note that the server answered 401.

        Args:
            credential: what it was shown.

        Returns:
            Whether there is another one, or may be after a renewal; None if only the renewal shows that.
        """
        ...

    def renew(self, until: float | None = None) -> Credential:
        """Get a new credential.

        Args:
            until: when the call must be done, on the monotonic clock; None for no limit.

        Raises:
            ConfigError: there is none.
            TimeoutError: the time is up.
        """
        ...

    async def renew_async(self, until: float | None = None) -> Credential:
        """Get a new credential: see `renew`. It is cancelled when the time is up."""
        ...


class Authorization:
    """Gives credentials to a synchronous client; many threads that need a new one wait for one renewal.

    Args:
        source: where they come from.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._turn = Turn()

    def current(self) -> Credential | None:
        """Return the credential of now, None if it must be renewed."""
        return self._source.current()

    def get(self, until: float | None = None) -> Credential:
        """Return the credential to show.

        Args:
            until: when the call must be done, on the monotonic clock; None for no limit.

        Raises:
            ConfigError: there is none.
            TimeoutError: the time is up.
        """
        found = self._source.current()
        if found is not None:
            return found
        token = self._turn.take(until)
        try:
            # Who waited for another's renewal needs none. What has expired as it came is used all the same.
            return self._source.current() or self._source.renew(until)
        finally:
            self._turn.give(token)

    def refuse(self, credential: Credential, until: float | None = None) -> bool:
        """Take note of a 401; return whether to try again with what `get` then gives.

        Args:
            credential: what the server was shown.
            until: when the call must be done, on the monotonic clock; None for no limit.
        """
        found = self._source.refuse(credential)
        return self.get(until).header != credential.header if found is None else found


class AsyncAuthorization:
    """Gives credentials to an asynchronous client: see `Authorization`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._locks: PerLoop[anyio.Lock] | None = None

    def current(self) -> Credential | None:
        """Return the credential of now, None if it must be renewed."""
        return self._source.current()

    async def get(self, until: float | None = None) -> Credential:
        """Return the credential to show.

        Args:
            until: when the call must be done, on the monotonic clock; None for no limit.

        Raises:
            ConfigError: there is none.
            TimeoutError: the time is up.
        """
        found = self._source.current()
        if found is not None:
            return found
        import anyio

        with anyio.fail_after(None if until is None else max(0.0, until - time.monotonic())):
            async with self._renewing():
                return self._source.current() or await self._source.renew_async(until)

    async def refuse(self, credential: Credential, until: float | None = None) -> bool:
        """Take note of a 401; return whether to try again with what `get` then gives.

        Args:
            credential: what the server was shown.
            until: when the call must be done, on the monotonic clock; None for no limit.
        """
        found = self._source.refuse(credential)
        return (await self.get(until)).header != credential.header if found is None else found

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
        config: the configuration. A token, or a name and password, come before a program, as in client-go; so does a
            certificate.

    Raises:
        ConfigError: a credential holds what can't stand in a header, or the token file can't be read and there is no
            other token.
    """
    if config.bearer_token_file:
        return _TokenFile(config.bearer_token_file, _static(config))
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
    """What never changes."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    def current(self) -> Credential | None:
        return self._credential

    def refuse(self, credential: Credential) -> bool:
        return False

    def renew(self, until: float | None = None) -> Credential:
        return self._credential

    async def renew_async(self, until: float | None = None) -> Credential:
        return self._credential


class _TokenFile:
    """A file that somebody writes new tokens to, such as the kubelet; read again about once a minute."""

    def __init__(self, file: str, static: Credential) -> None:
        # The program may change its folder before the file is read again.
        self._file = os.path.abspath(file)  # noqa: PTH100 - links are followed at each reading
        self._credential = static
        self._read_at: float | None = None
        self._reading = Aside(self._read)
        if static.header is None:
            self._read()
            if self._credential.header is None:
                raise ConfigError(f"the token file is empty: {file}")

    def current(self) -> Credential | None:
        is_fresh = self._read_at is not None and time.monotonic() - self._read_at < _FRESH_SECONDS
        return self._credential if is_fresh else None

    def refuse(self, credential: Credential) -> bool | None:
        if self._credential is not credential:
            return self._credential.header != credential.header
        self._read_at = None
        return None

    def renew(self, until: float | None = None) -> Credential:
        """Read the file; what can't be read or used leaves the last good token in place."""
        if self._reading.is_running:  # It waits for its file system; its result is used when it comes.
            return self._last()
        try:
            self._reading.run(file_seconds(until))
        except (ConfigError, TimeoutError) as error:
            return self._kept(error)
        return self._credential

    async def renew_async(self, until: float | None = None) -> Credential:
        if self._reading.is_running:
            return self._last()
        import anyio

        try:
            with anyio.fail_after(file_seconds(until)):
                await self._reading.run_async()
        except (ConfigError, TimeoutError) as error:
            return self._kept(error)
        return self._credential

    def _kept(self, error: ConfigError | TimeoutError) -> Credential:
        text = error if isinstance(error, ConfigError) else f"the token file {self._file} can't be read in time"
        _LOG.warning("%s; the last token is used", text)
        return self._last()

    def _last(self) -> Credential:
        self._read_at = time.monotonic()
        return self._credential

    def _read(self) -> None:
        try:
            text = SecretText(read_file(self._file).decode("latin-1").strip())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "its name is invalid"
            raise ConfigError(f"the token file can't be read: {self._file}: {reason}") from None
        if text:
            self._credential = Credential(bearer(text, f"the token file {self._file}"))
        else:
            _LOG.warning("the token file is empty: %s; the last token is used", self._file)
        self._read_at = time.monotonic()


def _static(config: Config) -> Credential:
    if config.bearer_token is not None:
        return Credential(bearer(SecretText(config.bearer_token.strip()), "bearer_token"))
    if config.username or config.password:
        pair = SecretBytes(f"{config.username or ''}:{config.password or ''}".encode())
        return Credential(SecretBytes(b"Basic " + base64.b64encode(pair)))
    return Credential(None)


def bearer(token: SecretText, what: str) -> bytes:
    """Write the header of a token.

    Args:
        token: the token; it never stands in the error, nor in the variables of a traceback.
        what: what it is, for the error.

    Raises:
        ConfigError: it is empty, or holds what no token has.
    """
    if not token:
        raise ConfigError(f"{what} is empty")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ConfigError(f"{what} holds characters that no token has")
    return SecretBytes(f"Bearer {token}".encode("ascii"))
