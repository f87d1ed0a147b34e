"""Proxies: which one is used, the tunnel through it, and credentials that only their recipient receives."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore._config.config import Server
from kubecore._http import proxy
from tests.kubecore.loopback import loopback, response_bytes
from tests.ready import closed_port
from tests.sockets import SocketServer, read_head

POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[]}}'
LIST = b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}'


class OneAtATime:
    """A TLS socket for two threads. OpenSSL allows one at a time, and Python before 3.13 does not enforce that."""

    def __init__(self, inner: ssl.SSLSocket) -> None:
        self._inner = inner
        self._turn = threading.Lock()
        self.close = inner.close
        inner.setblocking(False)

    def recv(self, most: int) -> bytes:
        while True:
            with self._turn, contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return self._inner.recv(most)
            select.select([self._inner], [], [], 10)

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            with self._turn, contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                left = left[self._inner.send(left) :]
                continue
            select.select([], [self._inner], [], 10)

    def shutdown(self, how: int) -> None:
        with self._turn:
            self._inner.shutdown(how)


class Proxy(SocketServer):
    """A proxy that opens tunnels with CONNECT or SOCKS5, over TCP or TLS. It keeps the received request headers."""

    def __init__(self, *, socks: bool = False, reply: bytes = b"", context: ssl.SSLContext | None = None) -> None:
        self.socks, self.reply = socks, reply
        self.heads: list[bytes] = []
        self.leaked: list[bytes] = []
        super().__init__(self._serve, context=context, seconds=10)

    def _serve(self, client: socket.socket, number: int) -> None:
        place = self._socks5(client) if self.socks else self._connect(client)
        if place is None:
            return
        with socket.create_connection(place) as upstream:
            end = OneAtATime(client) if isinstance(client, ssl.SSLSocket) else client
            back = threading.Thread(target=self._pump, args=(upstream, end), daemon=True)
            back.start()
            self._pump(end, upstream)
            back.join(60)

    def _connect(self, client: socket.socket) -> tuple[str, int] | None:
        head = read_head(client)
        self.heads.append(head)
        client.sendall(self.reply or b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n")
        if self.reply:
            return None
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        return host.strip("[]"), int(port)

    def _socks5(self, client: socket.socket) -> tuple[str, int] | None:
        count = exactly(client, 2)[1]
        methods = exactly(client, count)
        self.heads.append(methods)
        if self.reply:
            client.sendall(self.reply)
            return None
        if 2 in methods:
            client.sendall(b"\x05")
            client.sendall(b"\x02")
            name = exactly(client, exactly(client, 2)[1])
            password = exactly(client, exactly(client, 1)[0])
            self.heads.append(name + b":" + password)
            client.sendall(b"\x01\x00" if password == b"p w" else b"\x01\x01")
        else:
            client.sendall(b"\x05\x00")
        kind = exactly(client, 4)[3]
        host = exactly(client, exactly(client, 1)[0] if kind == 3 else 4 if kind == 1 else 16)
        port = int.from_bytes(exactly(client, 2), "big")
        client.sendall(b"\x05\x00\x00\x03\x04host\x00\x00" if kind == 3 else b"\x05\x00\x00\x01\0\0\0\0\0\0")
        return (
            host.decode() if kind == 3 else socket.inet_ntop({1: socket.AF_INET, 4: socket.AF_INET6}[kind], host)
        ), port

    def _pump(self, source: socket.socket | OneAtATime, sink: socket.socket | OneAtATime) -> None:
        try:
            while piece := source.recv(65536):
                if b"Authorization" in piece or b"s3cret" in piece:
                    self.leaked.append(piece)
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()


def exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = client.recv(count - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data


@pytest.fixture(scope="module")
def pki() -> tuple[trustme.CA, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return authority, context


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Proxy]]:
    """Create a proxy. Requests to loopback usually bypass proxies, so this exception is disabled."""
    monkeypatch.setattr(proxy, "_is_excepted", lambda server, exceptions: False)
    made: list[Proxy] = []

    def make(**options: Any) -> Proxy:
        made.append(Proxy(**options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def get_sync(config: rest.Config) -> str:
    with Clientset(config) as clientset:
        return clientset.core_v1.pods("d").get("p").metadata.name


def get_async(config: rest.Config, backend: str = "asyncio") -> str:
    async def main() -> str:
        async with AsyncClientset(config) as clientset:
            return (await clientset.core_v1.pods("d").get("p")).metadata.name

    return anyio.run(main, backend=backend)


def get_trio(config: rest.Config) -> str:
    return get_async(config, "trio")


each = pytest.mark.parametrize("get", [get_sync, get_async, get_trio], ids=["sync", "asyncio", "trio"])


@each
@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_requests_go_through_the_tunnel_and_the_proxy_sees_no_credential(
    get: Any,
    scheme: str,
    through: Any,
    pki: tuple[trustme.CA, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    authority, context = pki
    way = through(socks=scheme == "socks5", context=context if scheme == "https" else None)
    (tmp_path / "ca").write_bytes(authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca"))  # The system's CAs verify the proxy.
    large = LIST[:-2] + b" " * 200_000 + LIST[-2:]
    with loopback(response_bytes(POD), response_bytes(large), context=context) as server:
        config = rest.Config(
            host=f"https://localhost:{server.port}",
            bearer_token="s3cret",
            tls=rest.TLSConfig(ca_data=authority.cert_pem.bytes()),
            proxy_url=f"{scheme}://u%20x:p%20w@127.0.0.1:{way.port}",
        )
        assert "p w" not in repr(config)
        assert get(config) == "p"
        assert b"Authorization: Bearer s3cret" in server.requests[0]
        assert b"Proxy-Authorization" not in server.requests[0]
    assert way.leaked == []
    if scheme == "socks5":
        assert way.heads == [b"\x00\x02", b"u x:p w"]
    else:
        assert way.heads[0].startswith(b"CONNECT localhost:%d HTTP/1.1\r\n" % server.port)
        assert b"Proxy-Authorization: Basic " + base64.b64encode(b"u x:p w") in way.heads[0]
        assert b"s3cret" not in way.heads[0]


@each
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reply": b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"}, "407; it wants a name"),
        ({"reply": b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html>"}, "502"),
        ({"reply": b"<html>what?"}, "not HTTP/1.1"),
        ({"reply": b"HTTP/1.1 200 OK\r\n\r\nsurprise"}, "longer than its Content-Length"),
        ({"reply": b"HTTP/1.1 200 "}, "without a response"),
        ({"socks": True, "reply": b"\x05\xff"}, "another way to log in"),
        ({"socks": True, "reply": b"HTTP/1.1 400"}, "does not speak SOCKS5"),
        ({"socks": True, "reply": b"\x05"}, "closed the connection"),
    ],
)
def test_a_proxy_that_refuses_is_named(get: Any, options: dict[str, Any], words: str, through: Any) -> None:
    way = through(**options)
    scheme = "socks5" if way.socks else "http"
    config = rest.Config(host="http://cluster.example", proxy_url=f"{scheme}://u:s3cret@127.0.0.1:{way.port}")
    with pytest.raises(errors.ProxyError, match=rf"the proxy {scheme}://127\.0\.0\.1:{way.port} .*{words}") as caught:
        get(config)
    assert "s3cret" not in str(caught.value)


@each
def test_a_refused_connection_to_the_proxy_raises_proxy_error(get: Any) -> None:
    with closed_port() as port, pytest.raises(errors.ProxyError, match=r"does not let us through: .*refused"):
        get(rest.Config(host="http://cluster.example", proxy_url=f"http://127.0.0.1:{port}"))


@each
def test_the_environment_names_a_proxy_and_the_configuration_wins(
    get: Any, through: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = through()
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{way.port}")
    with loopback(response_bytes(POD), response_bytes(POD)) as server:
        host = f"http://127.0.0.1:{server.port}"
        assert get(rest.Config(host=host)) == "p"
        assert len(way.heads) == 1
        assert way.heads[0].startswith(b"CONNECT 127.0.0.1:")
        assert get(rest.Config(host=host, proxy_url="")) == "p"
        assert len(way.heads) == 1


RULES = [
    ("10.1.2.3", "10.0.0.0/8", True),
    ("11.1.2.3", "10.0.0.0/8", False),
    ("10.1.2.3", "10.1.2.3", True),
    ("10.1.2.3", "10.1.2", False),
    ("fd00::1", "fd00::/8", True),
    ("fd00::1", "[fd00::1]:443", True),
    ("h.example.com", "example.com", True),
    ("h.example.com", ".example.com", True),
    ("example.com", ".example.com", False),
    ("example.com", "*.example.com", False),
    ("h.example.com", "*.example.com", True),
    ("notexample.com", "example.com", False),
    ("h.example.com", "EXAMPLE.com", True),
    ("h.example.com", "a, *", True),
    ("h.example.com", "h.example.com:443", True),
    ("h.example.com", "h.example.com:8443", False),
    ("h.example.com", "10.0.0.0/8,,junk/99, ", False),
    ("localhost", "", True),
    ("127.0.0.9", "", True),
    ("::1", "", True),
]


@pytest.mark.parametrize(("host", "rule", "excepted"), RULES)
def test_no_proxy_excepts_names_addresses_and_networks(
    host: str, rule: str, excepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", rule)
    found = proxy.from_environment(Server("https", host, None, ""))
    assert (found is None) is excepted


@pytest.mark.parametrize(
    "url",
    ["socks6://x", "ftp://h", "http://", "http://h:99999", "http://[", "http://h x", "://", "http://h\n", "h:3128"],
)
def test_a_wrong_proxy_url_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(errors.ConfigError, match="invalid proxy_url: expected http://, https:// or socks5://"):
        rest.Client(rest.Config(host="https://h", proxy_url=url))


@given(st.text(max_size=60))
def test_any_text_is_a_proxy_or_a_clear_error(text: str) -> None:
    try:
        found = proxy.parse(text, "it")
    except errors.ConfigError:
        return
    assert found.host
    assert 0 <= found.port < 65536
