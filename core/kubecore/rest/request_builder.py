"""From a call to the request that carries it. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from kubecore._auth.credential import Credential
from kubecore._config.config import DEFAULT_BURST, Config, Server, default_user_agent
from kubecore._config.credentials import Impersonate
from kubecore._config.ratelimit import RateLimiter, TokenBucket
from kubecore._config.warnings import LogOnce, WarningHandler
from kubecore._http.request import IdleLimit, Request
from kubecore.calls.call import Call
from kubecore.errors import ConfigError
from kubecore.rest.hooks import WriteHooks

__all__ = ["RequestBuilder", "replace_headers"]

_JSON: Final = b"application/json"


_IMPERSONATE: Final = b"impersonate-"


_NAME_MARKS: Final = "!#$&'*+-.^_`|~"  # The characters of a header's name in addition to letters and digits, without %.


class RequestBuilder:
    """Makes the requests of one client.

    Args:
        config: The server and the settings of its connections.

    Raises:
        ConfigError: The configuration contradicts itself.
    """

    def __init__(self, config: Config) -> None:
        config.check()
        self.config: Config = config.copy()
        self.server: Server = config.server()
        self.max_bytes: int = config.max_response_bytes
        self.limiter: RateLimiter | None = _limiter(config)
        self.write_hooks: WriteHooks = WriteHooks()
        self.warning_handler: WarningHandler = config.warning_handler or LogOnce()
        agent = config.user_agent or default_user_agent()
        self._fixed = [
            (b"Host", self.server.authority.encode("idna" if not self.server.authority.isascii() else "ascii")),
            (b"User-Agent", _header(agent, "user_agent")),
            *_impersonation(config.impersonate),
        ]
        if config.compression:
            self._fixed.append((b"Accept-Encoding", b"gzip"))
        self._timeouts = config.timeouts

    def make(
        self,
        call: Call[Any],
        credential: Credential,
        *,
        streaming: bool,
        deadline: float | None,
        target: str | None = None,
        idle_timeout: IdleLimit = False,
        ends_at: float | None = None,
        upgrade: Sequence[tuple[bytes, bytes]] = (),
        head_deadline: float | None = None,
        seconds: float | None = None,
        fresh: bool = False,
    ) -> Request:
        """Make the request for a call.

        Args:
            call: The call.
            credential: The credentials.
            streaming: Whether the response may pause for as long as it likes, as a watch does.
            deadline: When the whole must be done, on the monotonic clock.
            target: Path and query of the target of a redirect, None for the call's own.
            idle_timeout: Whether `Timeouts.idle` applies to an endless response, or a lower limit.
            ends_at: When an endless response is abandoned, on the monotonic clock.
            upgrade: The headers that request another protocol.
            head_deadline: When the headers of an endless response must have arrived, on the monotonic clock.
            seconds: The `timeout=` of the call.
            fresh: Whether it is sent over a new connection, and over one only.
        """
        headers = [
            *self._fixed,
            (b"Accept", _JSON if call.accept == "application/json" else _header(call.accept, "accept")),
            *upgrade,
        ]
        if credential.header is not None:
            headers.append((b"Authorization", credential.header))
        if call.content_type is not None:
            headers.append((b"Content-Type", call.content_type.encode("ascii")))
        if call.headers:
            headers += [(name.encode("ascii"), value.encode("latin-1")) for name, value in call.headers]
        if call.body is not None or call.method in ("POST", "PUT", "PATCH"):
            headers.append((b"Content-Length", str(len(call.body or b"")).encode("ascii")))
        if target is None:
            target = self.server.prefix + call.target
        return Request(
            call.method,
            self.server,
            target,
            headers,
            call.body,
            self._timeouts,
            deadline,
            streaming,
            idle_timeout,
            ends_at,
            bool(upgrade),
            head_deadline,
            seconds,
            fresh,
            call.is_proxied,
            self.config.origin,
        )


def replace_headers(headers: list[tuple[bytes, bytes]], more: Sequence[tuple[bytes, bytes]]) -> None:
    """Put the headers of observers into a request: one that it has already is replaced.

    Args:
        headers: The request's headers.
        more: The headers of observers. If they impersonate, the configured impersonation is left out as a whole.
    """
    names = {name.lower() for name, _ in more}
    impersonates = any(name.startswith(_IMPERSONATE) for name in names)
    headers[:] = [
        (name, value)
        for name, value in headers
        if name.lower() not in names and not (impersonates and name.lower().startswith(_IMPERSONATE))
    ]
    headers.extend(more)


def _limiter(config: Config) -> RateLimiter | None:
    if config.rate_limiter is not None or config.qps is None or config.qps <= 0:
        return config.rate_limiter
    return TokenBucket(config.qps, DEFAULT_BURST if config.burst is None else config.burst)


def _impersonation(who: Impersonate | None) -> list[tuple[bytes, bytes]]:
    if who is None:
        return []
    headers = [(b"Impersonate-User", _utf8(who.user, "impersonate.user"))]
    if who.uid:
        headers.append((b"Impersonate-Uid", _utf8(who.uid, "impersonate.uid")))
    headers.extend((b"Impersonate-Group", _utf8(group, "impersonate.groups")) for group in who.groups)
    for key, values in who.extra.items():
        # Header names are case-insensitive, and the server lowers them; invalid characters are percent-encoded.
        name = b"Impersonate-Extra-" + quote(key, safe=_NAME_MARKS).encode("ascii")
        headers.extend((name, _utf8(value, "impersonate.extra")) for value in values)
    return headers


def _utf8(value: str, what: str) -> bytes:
    """Write a header's value in UTF-8, as Go does; users and groups may have any name."""
    if not value.isprintable():
        raise ConfigError(f"{what} holds characters that no header can hold")
    return value.encode("utf-8")


def _header(value: str, what: str) -> bytes:
    if not value.isprintable():
        raise ConfigError(f"{what} holds characters that no header can hold")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise ConfigError(f"{what} holds characters that no header can hold") from None
