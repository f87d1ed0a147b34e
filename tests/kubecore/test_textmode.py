"""Text instead of bytes: the options that select it, and how it decodes the bytes of logs."""

from __future__ import annotations

import itertools
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient import AsyncClientset, Clientset
from kubeclient.typed.core.v1.pod import PODS
from kubecore import errors, rest
from kubecore.calls.text_mode import TextMode, text_mode
from kubecore.logs import log_call
from kubecore.logs.lines import EncodedReader, TextReader, reader
from kubecore.streams.exec import command
from tests.kubecore.loopback import loopback, response_bytes

CALL = log_call(PODS, "default", "web", since_time=None)
ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-32-be", "utf-8-sig", "utf-7", "gb18030")


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({}, None),
        ({"text": False}, None),
        ({"text": True}, TextMode("utf-8", "strict")),
        ({"encoding": "utf8"}, TextMode("utf-8", "strict")),
        ({"errors": "replace"}, TextMode("utf-8", "replace")),
        ({"text": False, "encoding": "LATIN1"}, TextMode("iso8859-1", "strict")),
    ],
)
def test_any_of_three_options_chooses_text_as_in_subprocess(options: dict[str, Any], mode: TextMode | None) -> None:
    assert text_mode(**options) == mode


@pytest.mark.parametrize(
    "options",
    [{"encoding": name} for name in ("nope", "hex", "rot13", "", "a\0b", 5)] + [{"errors": "nope"}, {"errors": 5}],
)
def test_unknown_encodings_and_handlers_are_refused_before_anything_is_sent(options: dict[str, Any]) -> None:
    with Clientset(rest.Config(host="http://127.0.0.1:1")) as made:
        pods = made.core_v1.pods("default")
        for function in (pods.get_logs, pods.stream_logs, lambda name, **more: pods.run(name, ["ls"], **more)):
            with pytest.raises(errors.InvalidRequestError, match="is not an"):
                function("web", **options)


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


@given(
    st.text(st.sampled_from("a\n\r\u010a\u0a0d\u20ac\U0001f600\x85\u2028"), max_size=40),
    st.lists(st.integers(0, 10**4)),
    st.sampled_from(ENCODINGS),
)
def test_lines_of_every_encoding_end_at_newlines_wherever_chunks_are_cut(
    text: str, cuts: list[int], encoding: str
) -> None:
    mode = text_mode(encoding=encoding)
    assert mode is not None
    made = reader(10**6, mode, CALL)
    lines = [line for chunk in chunks(text.encode(encoding), cuts) for line in made.lines(chunk)]
    wanted = text.split("\n")
    assert [*lines, *made.last_line()] == (wanted if wanted[-1] else wanted[:-1])
    made = reader(10**6, mode, CALL)
    found = [made.piece(chunk) for chunk in chunks(text.encode(encoding), cuts)]
    assert "".join([*found, made.last_piece()]) == text


@given(st.text(st.sampled_from("ab\n\u20ac"), max_size=60), st.lists(st.integers(0, 10**4)), st.integers(1, 8))
def test_a_long_line_of_another_encoding_is_cut_at_the_limit(text: str, cuts: list[int], longest: int) -> None:
    made = EncodedReader(longest, TextMode("utf-16-le"), CALL)
    lines = [line for chunk in chunks(text.encode("utf-16-le"), cuts) for line in made.lines(chunk)]
    assert made._size <= longest
    lines += made.last_line()
    assert all(len(line) <= longest for line in lines)
    assert "".join(lines) == text.replace("\n", "")


def test_utf_8_is_cut_before_it_is_decoded() -> None:
    """A line that is not UTF-8 does not affect the lines around it."""
    assert isinstance(reader(10, TextMode(), CALL), TextReader)
    made = reader(10, TextMode("utf-8", "replace"), CALL)
    assert list(made.lines(b"a\xe2\nb\n")) == ["a\ufffd", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "ascii"])
def test_the_error_for_invalid_bytes_does_not_quote_them(encoding: str) -> None:
    mode = TextMode(encoding)
    made = reader(100, mode, CALL)
    with pytest.raises(errors.DecodeError, match=f"the log is not {encoding.upper()}") as raised:
        list(made.lines(b"\xff\xd8\xff\xd8\n\n"))
    assert "xff" not in str(raised.value)


@pytest.mark.parametrize(
    ("encoding", "handler", "text"),
    [("latin-1", None, "gl\u00fc\nb\n"), ("utf-8", "replace", "gl\ufffd\nb\n"), (None, "ignore", "gl\nb\n")],
)
def test_logs_are_text_in_the_encoding(encoding: Any, handler: Any, text: str) -> None:
    options = {"encoding": encoding, "errors": handler}

    async def scenario(config: rest.Config) -> None:
        async with AsyncClientset(config) as made:
            pods = made.core_v1.pods("default")
            assert await pods.get_logs("web", **options) == text
            async with pods.stream_logs("web", follow=False, **options) as lines:
                assert [line async for line in lines] == text.splitlines()

    data = response_bytes("gl\u00fc\nb\n".encode("latin-1"))
    with loopback(data, data, data, data) as server:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}")
        with Clientset(config) as made:
            pods = made.core_v1.pods("default")
            assert pods.get_logs("web", **options) == text
            with pods.stream_logs("web", follow=False, **options) as lines:
                assert list(lines) == text.splitlines()
        anyio.run(scenario, config)


def test_a_log_that_is_not_of_the_encoding_is_an_error_or_bytes() -> None:
    data = response_bytes(b"\xff")
    with (
        loopback(data, data) as server,
        Clientset(rest.Config(host=f"http://127.0.0.1:{server.port}")) as made,
    ):
        pods = made.core_v1.pods("default")
        with pytest.raises(errors.DecodeError, match="the log is not UTF-8"):
            pods.get_logs("web", encoding="utf-8")
        assert pods.get_logs("web") == b"\xff"


def test_input_must_have_the_type_of_the_output() -> None:
    assert command.input_of("\u20ac", TextMode()) == "\u20ac".encode()
    assert command.input_of(b"\xff", None) == b"\xff"
    assert command.input_of(None, TextMode()) is command.input_of(None, None) is None
    for given_, mode, hint in (
        ("a", None, "set text=True"),
        (b"a", TextMode(), "pass text"),
        ("\u20ac", TextMode("ascii"), "ASCII does not have"),
    ):
        with pytest.raises(errors.InvalidRequestError, match=hint):
            command.input_of(given_, mode)


@pytest.mark.parametrize("given_", ["ls -l", b"ls"])
def test_a_command_that_is_one_text_gets_a_hint(given_: Any) -> None:
    for clientset in (Clientset, AsyncClientset):
        pods: Any = clientset(rest.Config(host="http://127.0.0.1:1")).core_v1.pods("default")
        with pytest.raises(errors.InvalidRequestError, match=r"pass a list such as .* shlex\.split\(command\)"):
            pods.exec("x", given_)


def test_run_with_one_text_gets_the_same_hint() -> None:
    config = rest.Config(host="http://127.0.0.1:1")
    given_: Any = "ls"

    async def scenario() -> None:
        async with AsyncClientset(config) as other:
            await other.core_v1.pods("default").run("x", given_)

    with Clientset(config) as made, pytest.raises(errors.InvalidRequestError, match="the command is a str"):
        made.core_v1.pods("default").run("x", given_)
    with pytest.raises(errors.InvalidRequestError, match="the command is a str"):
        anyio.run(scenario)
