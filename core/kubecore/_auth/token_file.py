"""Tokens in files that are replaced from time to time, such as those of service accounts."""

from __future__ import annotations

import logging
import os
import time
from typing import Final

from kubecore._auth.credential import Credential, bearer
from kubecore._config.secret import SecretText, read_file
from kubecore._http.daemon_thread import Aside, file_seconds
from kubecore.errors import ConfigError

__all__ = ["TokenFile"]

_FRESH_SECONDS: Final = 50.0
"""How long a token file's content is used before it is read again: client-go's minute less its leeway."""


_LOG: Final = logging.getLogger("kubecore")


class TokenFile:
    """A file that somebody writes new tokens to, such as the kubelet; read again about once a minute."""

    def __init__(self, file: str, static: Credential) -> None:
        self.certificate: None = None  # The file has a token only.
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

    def renew(self, deadline: float | None = None) -> Credential:
        """Read the file; if it cannot be read or used, the last valid token is kept."""
        if self._reading.is_running:  # It waits for its file system; its result is used when it comes.
            return self._last()
        try:
            self._reading.run(file_seconds(deadline))
        except (ConfigError, TimeoutError) as error:
            return self._kept(error)
        return self._credential

    async def renew_async(self, deadline: float | None = None) -> Credential:
        if self._reading.is_running:
            return self._last()
        import anyio

        try:
            with anyio.fail_after(file_seconds(deadline)):
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
