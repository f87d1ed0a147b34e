"""Requests to an OpenID Connect provider: one over a new connection, without redirects."""

from __future__ import annotations

import base64
import string
import time
from typing import NamedTuple
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from kubecore._config.config import Config, Timeouts, default_user_agent
from kubecore._config.credentials import TLSConfig
from kubecore._config.secret import SecretBytes
from kubecore._http.pool import Pool
from kubecore._http.request import Request

__all__ = ["Form", "ProviderResponse", "send"]


class Form(NamedTuple):
    """The form of a POST, and name and secret of the client if the provider expects them in a header."""

    fields: dict[str, str]
    basic: tuple[str, str] | None

    def __repr__(self) -> str:
        """Hide token and secret."""
        return "Form(<hidden>)"

    def encoded(self) -> SecretBytes:
        """Return the body of the request."""
        return SecretBytes(urlencode(self.fields).encode())

    def authorization(self) -> list[tuple[bytes, bytes]]:
        """Return the header for name and secret, encoded as in a form: RFC 6749 2.3.1."""
        if self.basic is None:
            return []
        return [
            (
                b"Authorization",
                SecretBytes(b"Basic " + base64.b64encode(":".join(map(quote_plus, self.basic)).encode())),
            )
        ]


class ProviderResponse(NamedTuple):
    """A complete response of a provider."""

    status: int
    body: SecretBytes


def send(url: str, tls: TLSConfig, *, seconds: float, max_bytes: int, form: Form | None = None) -> ProviderResponse:
    """Send a GET, or a POST with a form, and return the response.

    Args:
        url: An https URL.
        tls: The authorities that verify the provider.
        seconds: Time limit for the complete response.
        max_bytes: Largest body that is read.
        form: The form of a POST, None for a GET.

    Raises:
        ConfigError: The URL, the authorities or the proxy of the environment are invalid.
        BodyTooLargeError: The body is larger than the limit.
        TransportError: There is no complete response.
    """
    parts = urlsplit(url)
    config = Config(host=f"https://{parts.netloc}", tls=tls, timeouts=Timeouts(total=seconds))
    server = config.server()
    headers = [
        (b"Host", server.authority.encode("ascii" if server.authority.isascii() else "idna")),
        (b"User-Agent", default_user_agent().encode("ascii", "replace")),
        (b"Accept", b"application/json"),
        (b"Accept-Encoding", b"identity"),
    ]
    body: SecretBytes | None = None
    if form is not None:
        body = form.encoded()
        headers.append((b"Content-Type", b"application/x-www-form-urlencoded"))
        headers.append((b"Content-Length", str(len(body)).encode()))
        headers += form.authorization()
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=string.punctuation)
    pool = Pool(config)
    try:
        stream = pool.open(
            Request(
                method="GET" if form is None else "POST",
                server=server,
                target=target,
                headers=headers,
                body=body,
                timeouts=config.timeouts,
                deadline=time.monotonic() + seconds,
                streaming=False,
                fresh=True,
            )
        )
        try:
            return ProviderResponse(stream.status, SecretBytes(stream.read(max_bytes)))
        finally:
            stream.close()
    finally:
        pool.close()
