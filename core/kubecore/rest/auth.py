"""Who asks: the `Authorization` header."""

from __future__ import annotations

import base64
import logging
import threading
import time
from pathlib import Path
from typing import Final

from kubecore.errors import ConfigError
from kubecore.rest.config import Config

__all__ = ["Authorization"]

_FRESH_SECONDS: Final = 50.0
"""How long a token file's content is used before it is read again: client-go's minute less its leeway."""

_LOG: Final = logging.getLogger("kubecore")


class Authorization:
    """Gives the header's value for a request; a token file is read again about once a minute.

    Args:
        config: the credentials.

    Raises:
        ConfigError: a credential holds what can't stand in a header, or the token file can't be read and there is no
            other token.
    """

    def __init__(self, config: Config) -> None:
        self._file = config.bearer_token_file
        self._value = _static(config)
        self._read_at: float | None = None
        self._lock = threading.Lock()
        if self._file and self._value is None:
            self._read(self._file)
            if self._value is None:
                raise ConfigError(f"the token file is empty: {self._file}")

    def header(self) -> bytes | None:
        """Return the value of the header, None where there are no credentials."""
        if self._file is None:
            return self._value
        with self._lock:
            if self._read_at is None or time.monotonic() - self._read_at >= _FRESH_SECONDS:
                self._refresh(self._file)
            return self._value

    def _refresh(self, file: str) -> None:
        """Read the file; what can't be read or used leaves the last good token in place."""
        try:
            self._read(file)
        except ConfigError as error:
            self._read_at = time.monotonic()
            _LOG.warning("%s; the last token is used", error)

    def _read(self, file: str) -> None:
        try:
            text = Path(file).read_text("latin-1").strip()
        except OSError as error:
            raise ConfigError(f"the token file can't be read: {file}: {error.strerror}") from None
        if text:
            self._value = _bearer(text, f"the token file {file}")
        else:
            _LOG.warning("the token file is empty: %s; the last token is used", file)
        self._read_at = time.monotonic()


def _static(config: Config) -> bytes | None:
    if config.bearer_token and config.bearer_token.strip():
        return _bearer(config.bearer_token.strip(), "bearer_token")
    if config.username or config.password:
        pair = f"{config.username or ''}:{config.password or ''}".encode()
        return b"Basic " + base64.b64encode(pair)
    return None


def _bearer(token: str, what: str) -> bytes:
    """Write the header; the token itself never stands in an error."""
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ConfigError(f"{what} holds characters that no token has")
    return f"Bearer {token}".encode("ascii")
