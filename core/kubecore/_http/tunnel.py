"""The handshakes with a proxy that lead to a tunnel, without I/O.

Each is a generator: it yields bytes to send, receives the received bytes, and ends when the tunnel is open.
Source: RFC 9110 9.3.6 for CONNECT; RFC 1928 and 1929 for SOCKS5.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Generator
from typing import Final

from kubecore._config.secret import SecretBytes
from kubecore._http.http1 import CutError, MalformedError, ResponseParser, request_head
from kubecore._http.proxy import Proxy

__all__ = ["Handshake", "RefusedError", "handshake"]

Handshake = Generator[bytes, bytes, None]

_REPLIES: Final = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "the network can't be reached",
    4: "the host can't be reached",
    5: "the host refused the connection",
    6: "the time is up",
    7: "it does not know the command",
    8: "it does not know this kind of address",
}


class RefusedError(CutError):
    """The proxy does not open a tunnel."""


def handshake(proxy: Proxy, host: str, port: int) -> Handshake:
    """Request a tunnel to a host from a proxy.

    Args:
        proxy: The proxy.
        host: Name or address; a name is looked up by the proxy.
        port: The port.

    Raises:
        RefusedError: It refuses.
        MalformedError: Its response is invalid.
    """
    return _socks5(proxy, host, port) if proxy.scheme == "socks5" else _connect(proxy, host, port)


def _connect(proxy: Proxy, host: str, port: int) -> Handshake:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    parser = ResponseParser("CONNECT")
    target = target.encode("ascii" if target.isascii() else "idna").decode("ascii")
    data = SecretBytes(request_head("CONNECT", target, [(b"Host", target.encode("ascii")), *proxy.authorization]))
    while not parser.feed_head((yield data)):
        data = SecretBytes()
    if not 200 <= parser.status < 300:
        hint = "; it wants a name and a password, in the proxy's URL" if parser.status == 407 else ""
        raise RefusedError(f"it responded with {parser.status}{hint}")
    if parser.first:
        raise MalformedError("the proxy spoke into the tunnel")


def _socks5(proxy: Proxy, host: str, port: int) -> Handshake:
    methods = b"\x00\x02" if proxy.username else b"\x00"
    chosen, rest = yield from _exactly(2, bytes((5, len(methods))) + methods)
    if chosen[0] != 5:
        raise RefusedError("it does not speak SOCKS5")
    if chosen[1] not in methods:
        raise RefusedError("it wants another way to log in than name and password")
    if chosen[1] == 2:
        name, password = SecretBytes(proxy.username.encode()), SecretBytes(proxy.password.encode())
        if len(name) > 255 or len(password) > 255:
            raise RefusedError("name or password are longer than SOCKS5 allows")
        login = SecretBytes(b"\x01" + bytes((len(name),)) + name + bytes((len(password),)) + password)
        reply, rest = yield from _exactly(2, login, rest)
        if reply[1] != 0:
            raise RefusedError("it does not accept the name and the password")
    head, rest = yield from _exactly(4, b"\x05\x01\x00" + _address(host) + port.to_bytes(2, "big"), rest)
    if head[0] != 5 or head[1] != 0:
        raise RefusedError(_REPLIES.get(head[1], f"reply {head[1]}"))
    if head[3] == 3:
        size, rest = yield from _exactly(1, b"", rest)
        length = size[0]
    else:
        length = {1: 4, 4: 16}.get(head[3], 0)
    _, rest = yield from _exactly(length + 2, b"", rest)
    if rest:
        raise MalformedError("the proxy spoke into the tunnel")


def _exactly(size: int, data: bytes, come: bytes = b"") -> Generator[bytes, bytes, tuple[bytes, bytes]]:
    """Send, and return that many bytes of the response, and the rest of the received data."""
    if data:
        come += yield data
    while len(come) < size:
        piece = yield b""
        if not piece:
            raise RefusedError("it closed the connection")
        come += piece
    return come[:size], come[size:]


def _address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("idna") if not host.isascii() else host.encode("ascii")
        if len(name) > 255:
            raise RefusedError("the host's name is longer than SOCKS5 allows") from None
        return b"\x03" + bytes((len(name),)) + name
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed
