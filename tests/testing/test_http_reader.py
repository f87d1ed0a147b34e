"""Requests are parsed like those of Go's server, at whatever bytes they are cut, and ambiguous ones are refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore.testing.machine import http_reader
from kubecore.testing.machine.http_reader import BadRequestError, HttpRequest, RequestReader

_GET = b"GET /api/v1/pods?watch=true&labelSelector=a%3Db HTTP/1.1\r\nHost: x\r\nAccept: a\r\naccept: b\r\n\r\n"
_POST = b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
_CHUNKED = (
    b"PATCH /a%20b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    b"3;more=1\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
)


def _read(parts: list[bytes]) -> list[HttpRequest]:
    reader = RequestReader()
    found: list[HttpRequest] = []
    for part in parts:
        request = reader.feed(part)
        while request is not None:
            found.append(request)
            request = reader.feed(b"")
    assert reader.is_idle
    return found


@given(st.lists(st.integers(1, 300)))
def test_requests_are_the_same_at_whatever_bytes_they_are_cut(cuts: list[int]) -> None:
    data = _GET + _POST + _CHUNKED
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    get, post, patch = _read([data[start:end] for start, end in itertools.pairwise(places)])
    assert (get.received.method, get.received.path) == ("GET", "/api/v1/pods")
    assert get.received.query == [("watch", "true"), ("labelSelector", "a=b")]
    assert get.received.headers == {"host": "x", "accept": "a, b"}
    assert (post.received.content, post.keeps_alive) == (b"hello", True)
    assert (patch.received.path, patch.received.content, patch.keeps_alive) == ("/a%20b", b"hello", False)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffff0\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", 400),
        (b"GET / HTTP/1.1\r\nHost: " + b"a" * http_reader.MAX_HEAD + b"\r\n\r\n", 431),
        (b"a" * (http_reader.MAX_HEAD + 1), 431),
    ],
)
def test_invalid_and_too_large_requests_are_refused(data: bytes, code: int) -> None:
    with pytest.raises(BadRequestError) as caught:
        RequestReader().feed(data)
    assert caught.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_a_part_of_one_or_refused(data: bytes) -> None:
    reader = RequestReader()
    try:
        for start in range(len(data)):
            reader.feed(data[start : start + 1])
    except BadRequestError:
        pass


def test_a_client_that_waits_before_it_sends_the_body_is_recognised() -> None:
    reader = RequestReader()
    assert reader.feed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n") is None
    assert reader.expects_continue
    assert reader.feed(b"ab") is not None


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("//[?a=//b", "//[", [("a", "//b")]),
        ("//host/api", "//host/api", []),
        ("http://host/api?a=b", "/api", [("a", "b")]),
        ("http://host", "/", []),
    ],
)
def test_target_of_a_request_is_a_path_or_a_url(target: str, path: str, query: list[tuple[str, str]]) -> None:
    (request,) = _read([f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()])
    assert (request.received.path, request.received.query) == (path, query)
