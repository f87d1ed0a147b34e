"""TLS: certificates and keys of a configuration, and of files that change while the program runs."""

from __future__ import annotations

import dataclasses
import logging
import os
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from kubecore._config.credentials import TLSConfig
from kubecore._config.secret import SecretBytes, read_file
from kubecore.errors import ConfigError

__all__ = ["Identity", "Rotating", "ca_bytes", "check_pair", "context"]

_LOG: Final = logging.getLogger("kubecore")

_LOOK_SECONDS: Final = 1.0
"""How often, at most, files are looked at for a change: client-go's certificate files."""

_MOST_BYTES: Final = 16 << 20
"""Largest file of certificates or a key: the CAs of a system have 1 MiB."""

Identity = tuple[bytes, bytes]
"""A client's certificate and its key, PEM."""

_Stamp = tuple[int, int, int]


def context(tls: TLSConfig, identity: Identity | None = None) -> ssl.SSLContext:
    """Make the context that connections are secured with.

    TLS 1.2 at least; names and addresses are checked. Not `ssl.create_default_context`: from Python 3.13 on that
    refuses CAs without key identifiers, which many clusters have.

    Args:
        tls: Certificates and keys.
        identity: The client's certificate and key, if they don't come from the configuration.

    Returns:
        The context.

    Raises:
        ConfigError: A file can't be read or is empty, or a certificate or key can't be used.
    """
    return _context(tls, _read_material(tls), identity)


def _context(tls: TLSConfig, material: _Material, identity: Identity | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Python before 3.11.3 sets this option: a truncated body would count as complete.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.hostname_checks_common_name = False  # As Go: a name counts only among the alternative names.
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _load_ca(context, tls, material.ca)
    if material.cert is not None and material.key is not None:
        identity = material.cert, material.key
    if identity is not None:
        try:
            _load_pair(context, *identity)
        except (ssl.SSLError, ValueError, OSError) as error:
            raise ConfigError(f"the client's certificate and key can't be used: {error}") from None
    return context


def check_pair(cert: bytes, key: bytes) -> None:
    """Check that a certificate and a key belong together.

    Raises:
        ssl.SSLError: They do not, or are invalid; ValueError if the key is encrypted.
    """
    _load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), cert, key)


def ca_bytes(tls: TLSConfig) -> bytes | None:
    """Return the CA's certificates, None if the system's are trusted.

    Raises:
        ConfigError: The file can't be read.
    """
    return _bytes(tls.ca_data, tls.ca_file, "tls.ca")


class _Material(NamedTuple):
    """The bytes of certificates and key, None for those that are not configured."""

    ca: bytes | None
    cert: bytes | None
    key: bytes | None

    def __repr__(self) -> str:
        """Hide the key."""
        return "_Material(<hidden>)"


def _read_material(tls: TLSConfig) -> _Material:
    return _Material(
        None if tls.insecure else ca_bytes(tls),
        _bytes(tls.cert_data, tls.cert_file, "tls.cert"),
        _bytes(tls.key_data, tls.key_file, "tls.key"),
    )


class Rotating:
    """The context of now: files that changed are read again, and an identity may come from elsewhere.

    Args:
        tls: Certificates and keys.

    Attributes:
        generation: A number that changes with the context; connections of an older one are not used again.

    Raises:
        ConfigError: A file can't be read, or a certificate or key can't be used.
    """

    def __init__(self, tls: TLSConfig) -> None:
        self._tls = tls = _with_absolute_paths(tls)
        self._files = [
            Path(file)
            for file, data in ((tls.ca_file, tls.ca_data), (tls.cert_file, tls.cert_data), (tls.key_file, tls.key_data))
            if file is not None and data is None
        ]
        self._identity: Identity | None = None
        self._state: list[_Stamp | None] = self._look()
        self._refused_state: list[_Stamp | None] | None = None
        self._looked_at = time.monotonic()
        self._material = _read_material(tls)
        self._context = _context(tls, self._material, None)
        self.generation: int = 0

    def context(self) -> tuple[ssl.SSLContext, int]:
        """Return the context for a new connection, and its generation."""
        self.refresh()
        return self.current

    @property
    def current(self) -> tuple[ssl.SSLContext, int]:
        """The context and its generation as of the last `refresh`."""
        return self._context, self.generation

    @property
    def is_due(self) -> bool:
        """Whether it is time to look at the files again."""
        return bool(self._files) and time.monotonic() - self._looked_at >= _LOOK_SECONDS

    def identify(self, identity: Identity | None) -> None:
        """Show this certificate from now on.

        Raises:
            ConfigError: It can't be used.
        """
        if identity is not self._identity:
            self._context = _context(self._tls, self._material, identity)
            self._identity = identity
            self.generation += 1

    def refresh(self) -> None:
        """Read files that changed.

        If the new files can't be used, the last usable ones stay in use, and one warning is logged for each change. If
        the content is the same as before, connections are kept.
        """
        if not self.is_due:
            return
        self._looked_at = time.monotonic()
        state = self._look()
        if state == self._state:
            return
        try:
            material = _read_material(self._tls)
            made = None if material == self._material else _context(self._tls, material, self._identity)
        except ConfigError as error:
            # A certificate and its key are not written at once; the next look may find both.
            if state != self._refused_state:
                _LOG.warning("changed TLS files can't be used, the last ones are kept: %s", error)
            self._refused_state = state
            return
        self._state = state
        if made is not None:
            self._context, self._material = made, material
            self.generation += 1

    def _look(self) -> list[_Stamp | None]:
        return [_stamp(file) for file in self._files]


def _stamp(file: Path) -> _Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _with_absolute_paths(tls: TLSConfig) -> TLSConfig:
    """Return a copy whose files stay the same ones if the program changes its folder."""
    files = {name: getattr(tls, name) for name in ("ca_file", "cert_file", "key_file")}
    return dataclasses.replace(
        tls,
        **{name: os.path.abspath(file) for name, file in files.items() if file},  # noqa: PTH100 - links are not followed
    )


def _load_ca(made: ssl.SSLContext, tls: TLSConfig, data: bytes | None) -> None:
    if data is None:
        made.load_default_certs()
        return
    try:
        made.load_verify_locations(cadata=data.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError) as error:
        source = "tls.ca_data" if tls.ca_data else f"tls.ca_file {tls.ca_file}"
        raise ConfigError(f"{source} contains no certificate in PEM: {error}") from None


def _bytes(data: bytes | None, file: str | None, what: str) -> bytes | None:
    """Return the configured bytes, None if nothing is configured. An empty file or value is an error, not "none"."""
    if data is not None:
        if not data.strip():
            raise ConfigError(f"{what}_data is empty")
        return SecretBytes(data)
    if file is None:
        return None
    try:
        content = read_file(file, most=_MOST_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is invalid"
        raise ConfigError(f"{what}_file can't be read: {file}: {reason}") from None
    if not content.strip():
        raise ConfigError(f"{what}_file is empty: {file}")
    return content


def _load_pair(made: ssl.SSLContext, cert: bytes, key: bytes) -> None:
    with _file(cert.rstrip() + b"\n" + key) as path:
        made.load_cert_chain(path, password=_no_password)


def _no_password() -> bytes:
    # Otherwise OpenSSL would prompt at the terminal.
    raise ValueError("the key is encrypted; a key without a password is needed")


@contextmanager
def _file(data: bytes) -> Generator[str]:
    """Provide a temporary file with a key: in memory if possible, otherwise readable only by this user."""
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
