"""HTTP/1.1 parser: any chunking gives the same response, and ambiguous messages are refused."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore._http.http1 import CutError, MalformedError, ResponseParser, request_head

Parsed = tuple[int, dict[str, str], bytes, bool]


def parse(data: bytes, cuts: list[int], method: str = "GET") -> Parsed:
    """Parse a response that arrives in chunks, and then the end of the connection."""
    places = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    pieces = [data[a:b] for a, b in itertools.pairwise(places)]
    answer = ResponseParser(method)
    body = b""
    has_head = False
    for piece in pieces:
        if not has_head:
            has_head = answer.feed_head(piece)
            body += answer.first if has_head else b""
        else:
            body += answer.body.feed(piece)
    if not has_head:
        answer.feed_head(b"")
    if not answer.body.done:
        answer.body.end()
    return answer.status, answer.headers, body, answer.keep and answer.body.done


def length(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-A: b\r\n\r\n%b" % (len(body), body)


def chunked(*chunks: bytes, trailer: bytes = b"") -> bytes:
    parts = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n" + trailer + b"\r\n"


@given(st.binary(max_size=200), st.lists(st.integers(0, 400), max_size=30))
def test_a_body_with_a_length_is_read_from_any_chunks(body: bytes, cuts: list[int]) -> None:
    assert parse(length(body), cuts) == (200, {"content-length": str(len(body)), "x-a": "b"}, body, True)


@given(st.lists(st.binary(max_size=50), max_size=8), st.lists(st.integers(0, 600), max_size=40))
def test_a_chunked_body_is_read_from_any_chunks(chunks: list[bytes], cuts: list[int]) -> None:
    data = chunked(*chunks, trailer=b"X-T: 1\r\n")
    assert parse(data, cuts)[2:] == (b"".join(chunks), True)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_a_truncated_response_is_never_a_short_success(body: bytes, at: int) -> None:
    for data in (length(body), chunked(body, body)):
        if at < len(data):
            with pytest.raises(CutError):
                parse(data[:at], [])


@pytest.mark.parametrize("at", range(1, 8))
def test_a_connection_with_garbage_after_the_last_chunk_is_not_kept(at: int) -> None:
    answer = ResponseParser("GET")
    data = chunked(b"whole")
    assert answer.feed_head(data[:-1])
    with pytest.raises(MalformedError):
        answer.body.feed(data[-1:] + b"garbage"[:at])
    assert not answer.body.done


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_bytes_are_a_response_or_one_of_two_errors(data: bytes, cuts: list[int]) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        try:
            parse(start + data, cuts)
        except (MalformedError, CutError):
            continue


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",
        "HTTP/1.1 200 OK\r\nContent-Length: ２\r\n\r\nxy".encode(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1" + b"0" * 20 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 1000 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 17 + b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\nbody",
        b"HTTP/1.1 304 Not Modified\r\n\r\nbody",
        b"<html>",
        b"x" * 10,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 60_000,
    ],
)
def test_ambiguous_responses_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(data, [])
    with pytest.raises(MalformedError):
        parse(data, list(range(0, len(data), max(1, len(data) // 100))))


def test_interim_responses_are_skipped() -> None:
    data = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3 + length(b"ok")
    assert parse(data, [5, 50, 70])[2] == b"ok"


def test_a_body_without_length_ends_with_the_connection() -> None:
    assert parse(b"HTTP/1.1 200 OK\r\n\r\nall of it", [3]) == (200, {}, b"all of it", False)
    assert parse(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", [])[3] is False
    assert parse(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", [])[3] is False


def test_repeated_headers_are_joined() -> None:
    data = b"HTTP/1.1 200 OK\r\nWarning: 1\r\nwarning:  2 \r\nContent-Length: 0\r\n\r\n"
    assert parse(data, [])[1]["warning"] == "1, 2"


@pytest.mark.parametrize(
    "header", [(b"A", b"b\r\nC: d"), (b"A\r\n", b"b"), (b"A", b"b\n"), (b"A", b"\0"), (b"A\r", b"")]
)
def test_a_header_with_a_line_break_is_refused(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(MalformedError) as caught:
        request_head("GET", "/", [header])
    assert "C: d" not in str(caught.value)


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: y", "/ä", "/\0", ""])
def test_a_path_can_not_smuggle_a_header(target: str) -> None:
    with pytest.raises(MalformedError):
        request_head("GET", target, [])
