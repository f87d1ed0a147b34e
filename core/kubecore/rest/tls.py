"""From `TLSConfig` to an `ssl.SSLContext`."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from kubecore.errors import ConfigError
from kubecore.rest.config import TLSConfig

__all__ = ["context"]


def context(tls: TLSConfig) -> ssl.SSLContext:
    """Make the context that connections are secured with.

    TLS 1.2 at least; names and addresses are checked. Not `ssl.create_default_context`: from Python 3.13 on that
    refuses CAs without key identifiers, which many clusters have.

    Args:
        tls: certificates and keys.

    Returns:
        The context.

    Raises:
        ConfigError: a file can't be read, or a certificate or key can't be used.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    else:
        _load_ca(made, tls)
    cert = tls.cert_data or _read(tls.cert_file, "tls.cert_file")
    key = tls.key_data or _read(tls.key_file, "tls.key_file")
    if cert and key:
        _load_pair(made, cert, key)
    return made


def _load_ca(made: ssl.SSLContext, tls: TLSConfig) -> None:
    data = tls.ca_data or _read(tls.ca_file, "tls.ca_file")
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
    try:
        with _file(cert.rstrip() + b"\n" + key) as path:
            made.load_cert_chain(path, password=_no_password)
    except (ssl.SSLError, ValueError, OSError) as error:
        raise ConfigError(f"the client's certificate and key can't be used: {error}") from None


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
    with tempfile.NamedTemporaryFile(prefix="kubecore-") as file:
        file.write(data)
        file.flush()
        yield file.name
