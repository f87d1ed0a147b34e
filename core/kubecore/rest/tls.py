"""TLS: certificates and keys of a configuration, and of files that change while the program runs."""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kubecore.errors import ConfigError
from kubecore.rest.config import TLSConfig

__all__ = ["Identity", "Rotating", "ca_bytes", "check_pair", "context"]

_LOG: Final = logging.getLogger("kubecore")

_LOOK_SECONDS: Final = 1.0
"""How often, at most, files are looked at for a change: client-go's certificate files."""

Identity = tuple[bytes, bytes]
"""A client's certificate and its key, PEM."""

_Stamp = tuple[int, int, int]


def context(tls: TLSConfig, identity: Identity | None = None) -> ssl.SSLContext:
    """Make the context that connections are secured with.

    TLS 1.2 at least; names and addresses are checked. Not `ssl.create_default_context`: from Python 3.13 on that
    refuses CAs without key identifiers, which many clusters have.

    Args:
        tls: certificates and keys.
        identity: the client's certificate and key, where they don't come from the configuration.

    Returns:
        The context.

    Raises:
        ConfigError: a file can't be read, or a certificate or key can't be used.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    made.hostname_checks_common_name = False  # As Go: a name counts only among the alternative names.
    if tls.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    else:
        _load_ca(made, tls)
    cert = tls.cert_data or _read(tls.cert_file, "tls.cert_file")
    key = tls.key_data or _read(tls.key_file, "tls.key_file")
    if cert and key:
        identity = cert, key
    if identity is not None:
        try:
            _load_pair(made, *identity)
        except (ssl.SSLError, ValueError, OSError) as error:
            raise ConfigError(f"the client's certificate and key can't be used: {error}") from None
    return made


def check_pair(cert: bytes, key: bytes) -> None:
    """Check that a certificate and a key belong together.

    Raises:
        ssl.SSLError: they don't, or are none; ValueError where the key is encrypted.
    """
    _load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), cert, key)


def ca_bytes(tls: TLSConfig) -> bytes | None:
    """Return the CA's certificates, None where the system's are trusted.

    Raises:
        ConfigError: the file can't be read.
    """
    return tls.ca_data or _read(tls.ca_file, "tls.ca_file")


class Rotating:
    """The context of now: files that changed are read again, and an identity may come from elsewhere.

    Args:
        tls: certificates and keys.

    Attributes:
        generation: a number that changes with the context; connections of an older one are not used again.

    Raises:
        ConfigError: a file can't be read, or a certificate or key can't be used.
    """

    def __init__(self, tls: TLSConfig) -> None:
        self._tls = tls
        self._files = [
            Path(file)
            for file, data in ((tls.ca_file, tls.ca_data), (tls.cert_file, tls.cert_data), (tls.key_file, tls.key_data))
            if file is not None and data is None
        ]
        self._identity: Identity | None = None
        self._state: list[_Stamp | None] = self._look()
        self._looked_at = time.monotonic()
        self._context = context(tls)
        self.generation: int = 0

    def context(self) -> tuple[ssl.SSLContext, int]:
        """Return the context for a new connection, and its generation."""
        self.refresh()
        return self._context, self.generation

    def identify(self, identity: Identity | None) -> None:
        """Show this certificate from now on.

        Raises:
            ConfigError: it can't be used.
        """
        if identity is not self._identity:
            self._context = context(self._tls, identity)
            self._identity = identity
            self.generation += 1

    def refresh(self) -> None:
        """Read files that changed; where the new ones can't be used, the old ones are kept, as is said in the log."""
        if not self._files or time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        state = self._look()
        if state == self._state:
            return
        try:
            made = context(self._tls, self._identity)
        except ConfigError as error:
            # A certificate and its key are not written at once; the next look may find both.
            _LOG.warning("changed TLS files can't be used, the last ones are kept: %s", error)
            return
        self._context, self._state = made, state
        self.generation += 1

    def _look(self) -> list[_Stamp | None]:
        return [_stamp(file) for file in self._files]


def _stamp(file: Path) -> _Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _load_ca(made: ssl.SSLContext, tls: TLSConfig) -> None:
    data = ca_bytes(tls)
    if data is None:
        made.load_default_certs()
        return
    try:
        made.load_verify_locations(cadata=data.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError) as error:
        source = "tls.ca_data" if tls.ca_data else f"tls.ca_file {tls.ca_file}"
        raise ConfigError(f"{source} holds no certificate in PEM: {error}") from None


def _read(file: str | None, what: str) -> bytes | None:
    if file is None:
        return None
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"{what} can't be read: {file}: {error.strerror}") from None


def _load_pair(made: ssl.SSLContext, cert: bytes, key: bytes) -> None:
    with _file(cert.rstrip() + b"\n" + key) as path:
        made.load_cert_chain(path, password=_no_password)


def _no_password() -> bytes:
    # Without it OpenSSL would ask at the terminal.
    raise ValueError("the key is encrypted; a key without a password is needed")


@contextmanager
def _file(data: bytes) -> Generator[str]:
    """Lend a file that holds a key: in memory where the system can, else one that only we can read, removed at once."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("kubecore", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, data)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    import tempfile

    with tempfile.NamedTemporaryFile(prefix="kubecore-") as file:
        file.write(data)
        file.flush()
        yield file.name
