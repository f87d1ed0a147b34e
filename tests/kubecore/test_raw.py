"""Raw requests without a server: the paths, methods and bodies that they accept."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kubecore import errors
from kubecore.calls import raw


def call(method: str = "GET", place: str = "/x", **options: Any) -> Any:
    given = {"query": None, "body": None, "content_type": "application/json", "accept": "*/*", **options}
    return raw.call(method, place, **given)


@pytest.mark.parametrize(
    ("place", "sent"),
    [
        ("/healthz", "/healthz"),
        ("/", "/"),
        ("/apis/", "/apis/"),
        (
            "/api/v1/namespaces/x/services/https:web:443/proxy/a b",
            "/api/v1/namespaces/x/services/https:web:443/proxy/a%20b",
        ),
        ("/a%2Fb", "/a%2Fb"),
        ("/DOMAIN%5Cgroup%3F%23", "/DOMAIN%5Cgroup%3F%23"),
        ("/ü", "/%C3%BC"),
        ("/a...b/.c", "/a...b/.c"),
    ],
)
def test_paths_are_encoded_once(place: str, sent: str) -> None:
    assert call(place=place).target == sent


@pytest.mark.parametrize(
    "place",
    ["", "x", "//x", "/..", "/a/../b", "/a/./b", "/%2e%2E/x", "/a/..%2fb", "/..;x/b", "/a\\..\\b", "/a\\b", "/a%5c..%5Cb", "/..%255c/b", "/a?b",
     "/a#b", "/a%", "/a%zz", "/a\n", "/a%0d%0ab", "/a\x00", "/a\u202eb", "/\ud800", "/" + "x" * 9000, 5],
)  # fmt: skip
def test_paths_that_lead_elsewhere_are_refused(place: str) -> None:
    with pytest.raises(errors.InvalidRequestError):
        call(place=place)


@given(st.text(max_size=30).map("/".__add__))
@example("/.%2e/")
def test_an_accepted_path_stays_below_the_root(place: str) -> None:
    try:
        sent = call(place=place).target
    except errors.InvalidRequestError:
        return
    assert sent.isascii()
    assert sent.isprintable()
    assert " " not in sent
    assert not {".", ".."} & set(unquote(sent).split("/"))


def test_queries_are_encoded() -> None:
    query = {"labelSelector": "a in (b, c)", "limit": 5, "watch": True, "command": ["sh", "-c"], "ü&": "=&"}
    assert call(query=query).target == (
        "/x?labelSelector=a%20in%20(b,%20c)&limit=5&watch=true&command=sh&command=-c&%C3%BC%26==%26"
    )


@pytest.mark.parametrize(
    "options",
    [
        {"method": "get"},
        {"method": "GET / HTTP/1.1\r\nX: y"},
        {"body": "text"},
        {"content_type": "a\r\nb"},
        {"accept": ""},
        {"query": {"a": 1.5}},
        {"query": {"": "x"}},
        {"query": {"a\n": "x"}},
    ],
)
def test_an_invalid_raw_request_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidRequestError):
        call(**options)


def test_a_response_does_not_show_its_body() -> None:
    answer = call().parse(202, {"a": "b"}, bytearray(b"secret"))
    assert (answer.status, answer.headers, answer.content, answer.text) == (202, {"a": "b"}, b"secret", "secret")
    assert repr(answer) == "<RawResponse 202, 6 bytes>"
    with pytest.raises(errors.StatusError):
        call().parse(304, {}, b"")
