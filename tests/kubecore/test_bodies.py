"""Bodies of responses: content codings, limits, and responses without a body."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import httpx
import pytest

from kubeclient import Clientset
from kubecore import errors, rest
from kubecore._http.gzip import is_compressed
from kubecore._http.request import codings
from tests.kubecore.loopback import loopback, response_bytes
from tests.kubecore.test_client import POD
from tests.torture.callers import MODES, callers


def bomb(megabytes: int) -> bytes:
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(pack.compress(bytes(1 << 20)) for _ in range(megabytes)), pack.flush()])


USES: dict[str, Any] = {
    "proxy": lambda c: c.core_v1.pods("d").proxy("w"),
    "get": lambda c: c.core_v1.pods("d").get("p"),
    "raw": lambda c: c.raw("GET", "/x"),
    "logs": lambda c: c.core_v1.pods("d").get_logs("p"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 Oh"])
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.slow
def test_a_body_may_not_be_far_larger_than_its_compressed_form(mode: Any, status: str, use: str, framing: str) -> None:
    script = response_bytes(BOMB, "Content-Encoding: gzip", "Content-Type: application/json", status=status)
    if framing == "chunked":
        head = f"HTTP/1.1 {status}\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        script = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BOMB), BOMB)
    with loopback(script) as server, callers(mode) as make:
        with make(rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)) as caller:
            with pytest.raises(errors.BodyTooLargeError, match="unpacks to more than 100 times its size"):
                caller.run(USES[use])


BOMB = bomb(20)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.slow
def test_a_small_body_may_have_any_ratio_and_a_large_one_a_usual_ratio(mode: Any) -> None:
    small = bomb(15)
    large = (
        b'{"items":[' + b",".join(b'{"name":"pod-%d","uid":"%x"}' % (i, hash(str(i))) for i in range(500_000)) + b"]}"
    )
    assert len(large) > 16 << 20
    with (
        loopback(
            response_bytes(small, "Content-Encoding: gzip"),
            response_bytes(gzip.compress(large, 1), "Content-Encoding: gzip"),
        ) as server,
        callers(mode) as make,
    ):
        with make(rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)) as caller:
            assert len(caller.run(USES["proxy"]).content) == 15 << 20
            assert caller.run(USES["proxy"]).content == large


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("framing", ["length", "chunked", "close", "gzip"])
def test_a_body_of_more_than_the_limit_is_refused(mode: Any, framing: str) -> None:
    body = b"x" * 5000
    script = {
        "length": response_bytes(body),
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + body + b"\r\n0\r\n\r\n",
        "close": b"HTTP/1.1 200 OK\r\n\r\n" + body,
        "gzip": response_bytes(gzip.compress(body), "Content-Encoding: gzip"),
    }[framing]
    with loopback(script) as server, callers(mode) as make:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0, max_response_bytes=4999)
        with make(config) as caller, pytest.raises(errors.BodyTooLargeError, match="4999 bytes"):
            caller.run(USES["raw"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("encoding", ["identity", "", " Identity ", "identity, identity"])
def test_content_encoding_identity_is_accepted(mode: Any, encoding: str) -> None:
    with loopback(response_bytes(POD, f"Content-Encoding: {encoding}")) as server, callers(mode) as make:
        with make(rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)) as caller:
            assert caller.get().metadata.name == "p"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "gzip, identity"])
def test_gzip_has_several_spellings(encoding: str) -> None:
    with loopback(response_bytes(gzip.compress(POD), f"Content-Encoding: {encoding}")) as server:
        with Clientset(rest.Config(host=f"http://127.0.0.1:{server.port}")) as clientset:
            assert clientset.core_v1.pods("d").get("p").metadata.name == "p"


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate", "identity, br"])
def test_another_coding_is_refused(encoding: str) -> None:
    assert codings(encoding) not in ([], ["gzip"])
    with loopback(response_bytes(gzip.compress(POD), f"Content-Encoding: {encoding}")) as server:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)
        with Clientset(config) as clientset, pytest.raises(errors.ProtocolError, match="encoding"):
            clientset.core_v1.pods("d").get("p")


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Encoding: gzip", "Content-Length: 123"],
        ["Content-Encoding: br", "Content-Length: 123"],
        ["Content-Length: 3000000000"],
        ["Transfer-Encoding: chunked", "Content-Encoding: gzip"],
        [],
    ],
)
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("HEAD", 404), ("GET", 204), ("GET", 304)])
def test_a_response_without_a_body_may_describe_any_body(
    mode: Any, fields: list[str], method: str, status: int
) -> None:
    script = "\r\n".join([f"HTTP/1.1 {status} X", *fields, "", ""]).encode()
    with loopback(script, script, close=False) as server, callers(mode) as make:
        with make(rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)) as caller:
            for _ in range(2):  # The connection serves another request.
                got = caller.run(lambda c: c.core_v1.pods("d").proxy("w", method))
                assert (got.status, got.content) == (status, b"")


@pytest.mark.parametrize(
    ("host", "name", "authority", "url"),
    [
        ("https://[fe80::1%25eth0]:6443", "fe80::1", "[fe80::1]:6443", "https://[fe80::1%25eth0]:6443"),
        ("https://[fe80::1%eth0]:6443", "fe80::1", "[fe80::1]:6443", "https://[fe80::1%25eth0]:6443"),
        ("https://[::1]", "::1", "[::1]", "https://[::1]"),
        ("https://example.com:1", "example.com", "example.com:1", "https://example.com:1"),
    ],
)
def test_the_zone_of_an_address_is_not_sent_to_the_server(host: str, name: str, authority: str, url: str) -> None:
    """In a URL, the zone follows `%25` (RFC 6874). Only the system uses it, not the server or its certificate."""
    from kubecore._http import connector, proxy

    config = rest.Config(host=host, tls=rest.TLSConfig(insecure=True), proxy_url="")
    server = config.server()
    assert (server.name, server.authority, server.url) == (name, authority, url)
    assert server.host == (f"{name}%eth0" if "%" in host else name)
    way: Any = connector.Connector(config)
    assert way._name == name
    if "%" in host:
        assert proxy.parse(host, "proxy").host == "fe80::1%eth0"


def test_a_response_of_httpx_is_not_unpacked_twice() -> None:
    def packed(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(POD))

    with httpx.Client(transport=httpx.MockTransport(packed)) as own:
        clientset = Clientset(rest.Config(host="http://h"), http_client=own)
        assert clientset.core_v1.pods("d").get("p").metadata.name == "p"


def test_only_a_response_with_a_body_is_compressed() -> None:
    request: Any = type("Request", (), {"method": "GET"})
    assert is_compressed(request, 200, {"content-encoding": "gzip"})
    assert not is_compressed(request, 101, {"content-encoding": "gzip"})
    assert not is_compressed(request, 200, {})
