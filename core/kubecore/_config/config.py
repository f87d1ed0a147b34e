"""Address of the API server, and how to reach it: client-go's `rest.Config`."""

from __future__ import annotations

import copy
import dataclasses
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

from kubecore._config import rules, value_types
from kubecore._config.credentials import ExecConfig, Impersonate, OIDCConfig, TLSConfig, shown
from kubecore._config.observe import Observer
from kubecore._config.ratelimit import RateLimiter
from kubecore._config.warnings import WarningHandler
from kubecore._version import __version__
from kubecore.errors import ConfigError

__all__ = ["DEFAULT_BURST", "Config", "Server", "Timeouts", "TransportFactory", "default_user_agent", "unescaped_zone"]

DEFAULT_BURST: Final = 10
"""How many requests may go at once if only `qps` is set: client-go's."""

_PATH_FOLLOWS: Final = re.compile(r"https?://[^/@?#]+/")
"""A URL whose host is complete: an `@` behind it belongs to the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait, in seconds; None waits for ever.

    Attributes:
        connect: For a connection, TLS included.
        read: For the next chunk of the response. Longer than the 60 s after which a server gives up on a request.
        write: For the next chunk of the request to be accepted, regardless of the total time.
        pool: For a free connection of the pool.
        total: For a complete request, regardless of progress; watches have no such limit.
        idle: For the next chunk of a watch, which is then resumed on another connection. Longer than the 60 to 75 s
            after which a server sends a bookmark if nothing else happens.
    """

    connect: float | None = 30.0
    read: float | None = 75.0
    write: float | None = 75.0
    pool: float | None = 75.0
    total: float | None = 600.0
    idle: float | None = 90.0


class Server(NamedTuple):
    """A host taken apart.

    Attributes:
        scheme: `https` or `http`.
        host: Name or address, without brackets; an IPv6 address may have a zone: `fe80::1%eth0`.
        port: The port, or None for the scheme's own.
        prefix: The path before all others, "" or such as `/k8s/clusters/c-1`.
    """

    scheme: str
    host: str
    port: int | None
    prefix: str

    @property
    def netloc(self) -> str:
        """Host and port as in a URL: an IPv6 address in brackets, `%25` in front of its zone."""
        return self._with_port(self.host.replace("%", "%25"))

    @property
    def authority(self) -> str:
        """Host and port as in the header `Host`: without the zone of an IPv6 address, which only this machine knows."""
        return self._with_port(self.name)

    @property
    def name(self) -> str:
        """The host without the zone of an IPv6 address, as in certificates."""
        return self.host.partition("%")[0]

    def _with_port(self, host: str) -> str:
        host = f"[{host}]" if ":" in host else host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """All of it."""
        return f"{self.scheme}://{self.netloc}{self.prefix}"


class TransportFactory(Protocol):
    """Makes the transports of clients. Transports are private interfaces of kubecore (`kubecore._http.protocols`)."""

    def make_transport(self, config: Config) -> Any:
        """Return the transport of a synchronous client."""
        ...

    def make_async_transport(self, config: Config) -> Any:
        """Return the transport of an asynchronous client."""
        ...


@dataclass(slots=True, kw_only=True)
class Config:
    """Address of the API server, and how to reach it.

    Attributes:
        host: A URL such as `https://10.0.0.1:6443`, or a host with or without port; a path is kept as a prefix of every
            request.
        bearer_token: The token to show. A token file that can be read wins over it.
        bearer_token_file: A file that holds the token; it is read again about once a minute, since such tokens expire.
        username: The name for basic authentication.
        password: The password for basic authentication.
        impersonate: As whom to act.
        exec: A program that gives the credentials.
        oidc: An OpenID Connect provider that gives the token.
        tls: Certificates and keys.
        proxy_url: The proxy, `http://`, `https://` or `socks5://`; "" for none, None for the one of the variables
            HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
        user_agent: The name of the program in the server's logs; by default its name, the version of kubecore and the
            platform.
        timeouts: The time limits of each step.
        compression: Whether compressed responses are accepted: only useful on slow networks.
        follow_redirects: Whether redirects on the same server are followed; those to another never are.
        max_retries: How often a request is retried: if the server requests it with the header Retry-After, or if the
            connection of a read, such as `get` or `list`, breaks before the response begins. A response that breaks off
            is never requested again.
        qps: Most requests a second, on average; None for no limit.
        burst: How many requests may go at once before `qps` holds; None for 10, as in client-go.
        rate_limiter: A custom limiter, instead of `qps` and `burst`; clientsets may share one.
        warning_handler: Called with each warning that the server sends; by default a client logs each text once,
            with method and path of the first request.
        observers: Called at the start and the end of every request, for traces and metrics.
        max_connections: Most requests at a time. Watches, followed logs and streams have additional connections.
        origin: Whose configuration it is, for errors, such as `user 'admin' of context 'lab'`.
        namespace: The namespace of the context or the pod, "" if it is not known: for objects without a namespace in
            `apply_file`. Paths of requests do not depend on it.
        max_response_bytes: Largest body of a response that is read, in bytes. Watches have no such limit, their events
            have.
        transport: Makes the transports of clients, instead of connections to `host`: an API server in the same process.
            A custom client (`http_client=`) wins over it.
    """

    host: str = "localhost"
    bearer_token: str | None = None
    bearer_token_file: str | None = None
    username: str | None = None
    password: str | None = None
    impersonate: Impersonate | None = None
    exec: ExecConfig | None = None
    oidc: OIDCConfig | None = None
    tls: TLSConfig = field(default_factory=TLSConfig)
    proxy_url: str | None = None
    user_agent: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    compression: bool = False
    follow_redirects: bool = False
    max_retries: int = 10
    qps: float | None = None
    burst: int | None = None
    rate_limiter: RateLimiter | None = None
    warning_handler: WarningHandler | None = None
    observers: Sequence[Observer] = ()
    max_connections: int = 100
    max_response_bytes: int = 1 << 31
    transport: TransportFactory | None = None
    origin: str = field(default="", compare=False, repr=False)
    namespace: str = field(default="", compare=False, repr=False)

    def __repr__(self) -> str:
        """Show the fields that are set; every secret is hidden."""
        # A URL with a user name has a password, too.
        urls = {name for name in ("host", "proxy_url") if "@" in str(getattr(self, name))}
        return shown(self, hidden={"bearer_token", "password"} | urls)

    def copy(self) -> Self:
        """Return a copy that shares nothing that can be changed, but limiter, hooks and transport."""
        shared = {"rate_limiter", "warning_handler", "observers", "transport"}
        return dataclasses.replace(
            self,
            **{f.name: copy.deepcopy(getattr(self, f.name)) for f in dataclasses.fields(self) if f.name not in shared},
        )

    def anonymous(self) -> Self:
        """Return a copy without any credential: the same server, as an anonymous user."""
        config = self.copy()
        config.bearer_token = config.bearer_token_file = config.username = config.password = None
        config.impersonate = config.exec = config.oidc = None
        config.tls.cert_file = config.tls.cert_data = config.tls.key_file = config.tls.key_data = None
        return config

    def server(self) -> Server:
        """Parse `host`.

        Returns:
            Scheme, host, port and prefix. Query and fragment are dropped. Without a scheme it is https if TLS is
            configured, else http.

        Raises:
            ConfigError: It is not a URL of a server.
        """
        for mistake in value_types.mistakes_in({"host": self.host, "tls": self.tls}, value_types.TYPES["Config"]):
            raise ConfigError(mistake)
        if "@" in (self.host or "") and not _PATH_FOLLOWS.match(self.host):
            # First of all: no other error may show the password, nor the variables of its frame.
            raise ConfigError("host holds a user name or password: set username and password instead")
        text = self.host or "localhost"
        has_scheme = "://" in text
        if not has_scheme:
            text = f"{'https' if self._has_tls() else 'http'}://{text}"
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigError(f"host {self.host[:200]!r} is not a valid URL: {error}") from None
        if parts.scheme not in ("http", "https") or not host or not text.isprintable() or " " in text:
            raise ConfigError(f"host {self.host[:200]!r} is not an http:// or https:// URL of a server")
        if not _is_host_name(host):
            raise ConfigError(f"host {self.host[:200]!r} has no valid host name")
        if not has_scheme and parts.path not in ("", "/"):
            raise ConfigError(f"host {self.host[:200]!r} has a path but no scheme: write https:// in front")
        return Server(parts.scheme, unescaped_zone(host), port, parts.path.rstrip("/"))

    def check(self) -> None:
        """Refuse contradictory settings.

        Raises:
            ConfigError: The configuration is invalid; the error names the fields.
        """
        for mistake in self._mistakes():
            raise ConfigError(mistake)

    def _mistakes(self) -> Iterator[str]:
        yield from value_types.mistakes(self)  # The other rules depend on the types.
        yield from rules.authorities(self.tls)
        yield from rules.client_certificate(self.tls)
        yield from rules.login(
            token=self.bearer_token,
            token_file=self.bearer_token_file,
            username=self.username,
            password=self.password,
        )
        yield from rules.two_programs(self.exec, self.oidc)
        if self.impersonate is not None:
            yield from rules.impersonation(self.impersonate)
        if self.exec is not None:
            yield from rules.exec_plugin(self.exec)
        if self.oidc is not None:
            yield from rules.oidc_provider(self.oidc)
        yield from rules.proxy(self.proxy_url)
        if self.rate_limiter is None and (self.qps or 0) > 0 and self.burst is not None and self.burst < 1:
            yield f"burst is {self.burst}: set it to how many requests may go at once, 1 or more"
        if self.server().scheme == "http":
            yield from self._unencrypted()

    def _unencrypted(self) -> Iterator[str]:
        """Yield the credentials that must not, or can't, be sent over http."""
        has_login = bool(self.bearer_token or self.bearer_token_file or self.username or self.password)
        if has_login or self.exec or self.oidc:
            yield f"credentials would go unencrypted to {self.server().url}: use https, or remove them"
        if self.tls.cert_file or self.tls.cert_data:
            yield f"a client certificate is not shown over {self.server().url}: use https, or remove the certificate"

    def _has_tls(self) -> bool:
        tls = self.tls
        return bool(tls.ca_file or tls.ca_data or tls.cert_file or tls.cert_data or tls.insecure)


def _architecture() -> str:
    """Return the machine's architecture by Go's name, as other Kubernetes clients send it."""
    import platform

    machine = platform.machine().lower() or "unknown"
    return {"x86_64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386"}.get(machine, machine)


def _is_host_name(host: str) -> bool:
    """Return whether a host is an address or a name that has a form in ASCII."""
    try:
        return host.isascii() or bool(host.encode("idna"))
    except UnicodeError:
        return False


def unescaped_zone(host: str) -> str:
    """Return the host of a URL with its IPv6 zone as the system needs it: `fe80::1%25eth0` is `fe80::1%eth0`."""
    address, sign, zone = host.partition("%25")
    return f"{address}%{zone}" if sign and zone and ":" in address else host


def default_user_agent() -> str:
    """Return the program's name, kubecore's version and the platform: `web.py/0.1.0 (linux/amd64) kubecore`."""
    program = os.path.basename(sys.argv[0] if sys.argv else "")  # noqa: PTH119 - argv[0] is no path to follow
    if program in ("", "-", "-c", "-m"):  # For a prompt and one-liners; the server derives the field manager from it.
        program = "python"
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in program)[:64]
    return f"{plain}/{__version__} ({sys.platform}/{_architecture()}) kubecore"
