"""Names become exactly one segment of a path, or are refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore import errors
from kubecore.calls import path

REFUSED: tuple[Any, ...] = (
    "",
    ".",
    "..",
    "a/b",
    "../../x",
    "a%2fb",
    "%2e%2e",
    "\ud800",
    "a\udfff",
    None,
    5,
    b"a",
    ["a"],
)

ACCEPTED = (
    *("a", "web-1", "system:node", "a.b", "...", "Ünïcode", "a+b", "A_b", "{x}", "a;b", "a&b=c", "a b", " ", "a,b"),
    *("a#b", "a?b", "DOMAIN\\group", "..\\x", "..;x", "a\n", "\x00", "\x7f", "\u202e", "\u00a0", "\u2028", "\ufeff"),
    "x" * 10_000,
)


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize("what", ["name", "namespace", "subresource"])
def test_names_that_lead_to_another_path_are_refused(value: Any, what: str) -> None:
    with pytest.raises(errors.InvalidRequestError, match=what) as caught:
        path.segment(value, what)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("value", ACCEPTED, ids=lambda value: ascii(value)[:20])
def test_names_that_the_server_accepts_are_one_segment(value: str) -> None:
    made = path.segment(value, "name")
    assert unquote(made) == value
    assert made.isascii()
    assert made.isprintable()


@given(st.text(max_size=30))
def test_any_text_is_one_segment_or_refused(value: str) -> None:
    try:
        made = path.segment(value, "name")
    except errors.InvalidRequestError:
        assert value in ("", ".", "..") or not set(value).isdisjoint("/%")
        return
    assert unquote(made) == value
    assert not set(made) & set("/?#\\; ")
    assert made.isprintable()
    assert made not in ("", ".", "..")


def test_paths_have_the_apis_shape() -> None:
    core, apps = path.api_prefix("", "v1"), path.api_prefix("apps", "v1")
    assert path.object_path(path.collection_path(core, "", "nodes"), "n") == "/api/v1/nodes/n"
    assert path.object_path(path.collection_path(core, "d", "pods"), "p", "log") == "/api/v1/namespaces/d/pods/p/log"
    assert path.collection_path(apps, "", "deployments") == "/apis/apps/v1/deployments"
