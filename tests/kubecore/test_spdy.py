"""SPDY frames from chunks of any size, and one forwarded connection with frames of the node in any order."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore import errors
from kubecore.streams.port_forward import spdy
from kubecore.streams.port_forward.tunnel import Tunnel

STREAMS = st.integers(1, 2**31 - 1)
FRAMES = st.one_of(
    st.builds(spdy.Data, STREAMS, st.binary(max_size=300), st.booleans()),
    st.builds(spdy.Reply, STREAMS),
    st.builds(spdy.Opened, STREAMS),
    st.builds(spdy.Reset, STREAMS, st.integers(0, 2**32 - 1)),
    st.builds(spdy.Ping, st.integers(0, 2**32 - 1)),
    st.just(spdy.GoAway()),
)


def control(kind: int, payload: bytes, flags: int = 0) -> bytes:
    return struct.pack(">HHI", 0x8003, kind, flags << 24 | len(payload)) + payload


def written(frame: spdy.Frame) -> bytes:
    """Write a frame as a node does."""
    match frame:
        case spdy.Data(stream, data, is_last):
            return struct.pack(">II", stream, is_last << 24 | len(data)) + data
        case spdy.Reply(stream):
            return control(2, struct.pack(">I", stream) + b"packed headers")
        case spdy.Opened(stream):
            return control(1, struct.pack(">IIH", stream, 0, 0) + b"packed headers")
        case spdy.Reset(stream, code):
            return control(3, struct.pack(">II", stream, code))
        case spdy.Ping(number):
            return control(6, struct.pack(">I", number))
        case spdy.GoAway():
            return control(7, struct.pack(">II", 0, 0))


def joined(frames: Iterable[spdy.Frame]) -> list[spdy.Frame]:
    """Join consecutive data frames of one stream."""
    found: list[spdy.Frame] = []
    for frame in frames:
        match (found[-1] if found else None), frame:
            case spdy.Data(one, data, False), spdy.Data(other, more, is_last) if one == other:
                found[-1] = spdy.Data(one, data + more, is_last)
            case _:
                found.append(frame)
    return found


@given(st.lists(FRAMES, max_size=12), st.lists(st.integers(0, 10**6), max_size=12))
def test_frames_are_decoded_from_any_chunks(frames: list[spdy.Frame], cuts: list[int]) -> None:
    data = b"".join(map(written, frames))
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    decoder = spdy.Decoder()
    found: list[spdy.Frame] = []
    for start, end in zip([0, *places], [*places, len(data)], strict=True):
        found += decoder.feed(data[start:end])
    assert joined(found) == joined(frames)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_raise_protocol_error(data: bytes) -> None:
    try:
        list(spdy.Decoder().feed(data))
    except errors.ProtocolError as error:
        assert "SPDY" in str(error)


@pytest.mark.parametrize(
    "data",
    [control(99, b""), control(6, b"\0"), control(4, b"x" * 70_000)[:8], b"\x80\x02" + bytes(6)],
)
def test_invalid_frames_are_refused(data: bytes) -> None:
    with pytest.raises(errors.ProtocolError):
        list(spdy.Decoder().feed(data))


def test_frames_without_effect_are_skipped() -> None:
    settings, headers, window = control(4, bytes(12)), control(8, bytes(4)), control(9, bytes(8))
    assert list(spdy.Decoder().feed(settings + headers + window)) == []


def headers_in(frames: bytes) -> list[tuple[int, dict[str, str]]]:
    """Decode the headers in frames of an encoder, without code of the project."""
    inflate = zlib.decompressobj(zdict=spdy.DICTIONARY)
    found: list[tuple[int, dict[str, str]]] = []
    while frames:
        _, kind, length = struct.unpack_from(">HHI", frames)
        payload, frames = frames[8 : 8 + length], frames[8 + length :]
        assert kind == 1
        block = inflate.decompress(payload[10:])
        (count,), at = struct.unpack_from(">I", block), 4
        texts: list[str] = []
        for _ in range(2 * count):
            (size,) = struct.unpack_from(">I", block, at)
            texts.append(block[at + 4 : at + 4 + size].decode())
            at += 4 + size
        assert at == len(block)
        found.append((struct.unpack_from(">I", payload)[0], dict(zip(texts[::2], texts[1::2], strict=True))))
    return found


def test_headers_are_packed_with_the_dictionary_of_the_protocol() -> None:
    assert zlib.adler32(spdy.DICTIONARY) == 0xE3C6A7C2
    encoder = spdy.Encoder()
    frames = encoder.open(1, {"streamType": "error", "port": "80"}) + encoder.open(3, {"a": "b" * 300})
    assert headers_in(frames) == [(1, {"streamtype": "error", "port": "80"}), (3, {"a": "b" * 300})]


ERROR, DATA = 1, 3
REPLIES: Sequence[spdy.Frame] = (spdy.Reply(ERROR), spdy.Reply(DATA))


def tunnel(*frames: spdy.Frame) -> Tunnel:
    made = Tunnel(80, "GET /portforward")
    made.open()
    assert made.feed(b"".join(map(written, [*REPLIES, *frames]))) == b""
    return made


def test_a_connection_is_open_when_the_node_has_responded_for_both_streams() -> None:
    made = Tunnel(80, "GET /portforward")
    asked = made.open()
    assert asked.count(b"\x80\x03\x00\x01") == 2
    made.feed(written(REPLIES[0]))
    assert not made.is_open
    made.feed(written(REPLIES[1]))
    assert made.is_open
    assert made.take(10) is None


def test_received_data_is_taken_in_any_size_until_the_end() -> None:
    made = tunnel(spdy.Data(DATA, b"hello", False), spdy.Data(ERROR, b"", True), spdy.Data(DATA, b"!", True))
    assert [made.take(2) for _ in range(6)] == [b"he", b"ll", b"o", b"!", b"", b""]


@pytest.mark.parametrize(
    "frames",
    [
        (spdy.Data(ERROR, b"refu", False), spdy.Data(ERROR, b"sed\x1b", True), spdy.Data(DATA, b"", True)),
        (spdy.Data(DATA, b"", True), spdy.Data(ERROR, b"refused\x1b", True)),
        (spdy.Data(ERROR, b"refused\x1b", False), spdy.Reset(DATA, 5), spdy.Reset(ERROR, 5)),
        (spdy.Reset(DATA, 5), spdy.Data(ERROR, b"refused\x1b", False), spdy.Reset(ERROR, 5)),
    ],
)
def test_the_error_of_the_node_is_raised_after_the_data(frames: Sequence[spdy.Frame]) -> None:
    """The error message escapes control characters of terminals."""
    made = tunnel(spdy.Data(DATA, b"before", False), *frames)
    assert made.take(100) == b"before"
    with pytest.raises(errors.PortForwardError, match=r"(?m)port 80: refused\\x1b$"):
        made.take(100)


def test_a_broken_connection_raises_read_error_after_the_data() -> None:
    """The received bytes are returned first, then an error is raised."""
    made = tunnel(spdy.Data(DATA, b"before", False))
    made.end("1006")
    assert made.take(100) == b"before"
    with pytest.raises(errors.ReadError, match="the node ended the connection to port 80 with 1006"):
        made.take(100)
    with pytest.raises(errors.ReadError, match="reset"):
        tunnel(spdy.Reset(DATA, 5), spdy.Reset(ERROR, 5)).take(1)


def test_the_end_of_data_counts_even_if_the_error_stream_stays_open() -> None:
    made = tunnel(spdy.Data(DATA, b"", True))
    assert made.take(1) is None
    made.end("1000")
    assert made.take(1) == b""


def test_pings_get_a_pong_and_unrequested_streams_are_refused() -> None:
    made = Tunnel(80, "GET /portforward")
    assert made.feed(written(spdy.Ping(2)) + written(spdy.Ping(1))) == written(spdy.Ping(2))
    assert made.feed(written(spdy.Opened(4))) == written(spdy.Reset(4, 5))


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad", written(spdy.Data(5, b"x", False)), written(spdy.Reply(2))])
def test_data_of_no_stream_ends_the_connection(data: bytes) -> None:
    made = tunnel(spdy.Data(DATA, b"before", False))
    made.feed(data)
    assert made.take(100) == b"before"
    with pytest.raises(errors.ProtocolError, match="GET /portforward: the received data is not SPDY"):
        made.take(100)


@pytest.mark.parametrize("port", [0, -1, 65536, True, "80", 80.0, None])
def test_a_port_is_a_number(port: int) -> None:
    with pytest.raises(errors.InvalidRequestError):
        Tunnel(port, "")
