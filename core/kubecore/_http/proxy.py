"""The proxy to use, and the requests to it, without I/O.

Source: Go's `golang.org/x/net/http/httpproxy`, whose NO_PROXY Kubernetes extends by networks (`10.0.0.0/8`); RFC 9110
9.3.6 for CONNECT; RFC 1928 and 1929 for SOCKS5.
"""

from __future__ import annotations

import base64
import ipaddress
import os
from typing import Final, NamedTuple
from urllib.parse import unquote

from kubecore._config.config import Server, unescaped_zone
from kubecore._config.rules import proxy_parts
from kubecore._config.secret import SecretBytes, SecretText
from kubecore.errors import ConfigError

__all__ = ["Proxy", "from_environment", "parse"]

_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Proxy(NamedTuple):
    """A proxy.

    Attributes:
        scheme: `http`, `https` or `socks5`.
        host: Its name or address.
        port: Its port.
        username: The name to show it, "" for none.
        password: The password to show it.
    """

    scheme: str
    host: str
    port: int
    username: str
    password: str

    def __repr__(self) -> str:
        """Show its address, without the password."""
        return f"Proxy({self.url})"

    @property
    def url(self) -> str:
        """Its address, without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def authorization(self) -> list[tuple[bytes, bytes]]:
        """The header with the credentials; it is sent only to the proxy."""
        if not self.username and not self.password:
            return []
        pair = SecretBytes(f"{self.username}:{self.password}".encode())
        return [(b"Proxy-Authorization", SecretBytes(b"Basic " + base64.b64encode(pair)))]


def parse(url: str, what: str) -> Proxy:
    """Read a proxy's URL.

    Args:
        url: The URL; without a scheme it is http.
        what: Its origin, for the error.

    Raises:
        ConfigError: It is not a supported proxy URL. The URL is not quoted, since it may hold a password.
    """
    url = SecretText(url)  # It may hold a password, which the variables of a traceback would show.
    found = _parse(url)
    if found is None:
        raise ConfigError(f"invalid {what}: expected http://, https:// or socks5:// followed by a host")
    return found


def _parse(url: str) -> Proxy | None:
    parts = proxy_parts(url if "://" in url else f"http://{url}", _PORTS)
    if parts is None:
        return None
    return Proxy(
        "socks5" if parts.scheme == "socks5h" else parts.scheme,
        unescaped_zone(parts.hostname or ""),
        parts.port or _PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def from_environment(server: Server) -> Proxy | None:
    """Return the proxy that HTTPS_PROXY or HTTP_PROXY name, unless NO_PROXY excepts the server.

    Args:
        server: The server of the requests.

    Raises:
        ConfigError: A variable is not a valid URL.
    """
    name = f"{server.scheme.upper()}_PROXY"
    url = SecretText(_variable(name))
    if not url or _is_excepted(server, _variable("NO_PROXY")):
        return None
    if name == "HTTP_PROXY" and os.environ.get("HTTP_PROXY") and "REQUEST_METHOD" in os.environ:
        # In a CGI program this variable is the header `Proxy` of the client's request.
        raise ConfigError(
            "HTTP_PROXY is not used in a CGI program (REQUEST_METHOD is set), "
            "because clients can set it there; unset it, or set Config.proxy_url"
        )
    return parse(url, f"the variable {name}")


def _variable(name: str) -> str:
    """Return a variable in upper case, else in lower case, as Go's httpproxy does."""
    return os.environ.get(name) or os.environ.get(name.lower()) or ""


def _is_excepted(server: Server, exceptions: str) -> bool:
    host = _ascii(server.host.lower().rstrip("."))
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    port = server.port or _PORTS[server.scheme]
    return any(_matches(host, address, port, rule.strip().lower()) for rule in exceptions.split(",") if rule.strip())


def _matches(host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int, rule: str) -> bool:
    if rule == "*":
        return True
    if address is not None and "/" in rule:
        try:
            return address in ipaddress.ip_network(rule, strict=False)
        except ValueError:
            return False
    name, wanted = _split_port(rule)
    if wanted is not None and wanted != port:
        return False
    if address is not None:
        try:
            return address == ipaddress.ip_address(name)
        except ValueError:
            return False
    name = _ascii(name)
    if name.startswith("*."):
        name = name[1:]
    if name.startswith("."):
        return host.endswith(name)
    return host == name or host.endswith(f".{name}")


def _ascii(name: str) -> str:
    """Return a name in the form in which DNS has it (IDNA); one that has none stays as it is."""
    if name.isascii():
        return name
    prefix = "." if name.startswith(".") else ""
    try:
        return prefix + name.removeprefix(".").encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _split_port(rule: str) -> tuple[str, int | None]:
    if rule.startswith("["):
        name, _, rest = rule[1:].partition("]")
        return name, _port(rest[1:]) if rest.startswith(":") else None
    name, colon, port = rule.rpartition(":")
    found = _port(port) if colon and ":" not in name else None
    return (rule, None) if found is None else (name, found)


def _port(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else None
