"""Names become exactly one segment of a path, or are refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore import errors, path

BAD: tuple[Any, ...] = (
    *(
        "",
        ".",
        "..",
        "a/b",
        "a%2fb",
        "%2e%2e",
        "a#b",
        "a?b",
        "a\\b",
        "../../x",
        "a b",
        "a\n",
        "\x00",
        "\x7f",
        "\u202e",
        "\ud800",
    ),
    *("x" * 10_000, None, 5, b"a", ["a"], "\u00a0", "\u2028"),
)


@pytest.mark.parametrize("value", BAD, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize("what", ["name", "namespace", "subresource"])
def test_what_is_no_name_is_refused(value: Any, what: str) -> None:
    """R1 and row A1."""
    with pytest.raises(errors.InvalidRequestError, match=what) as caught:
        path.segment(value, what)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("value", ["a", "web-1", "system:node", "a.b", "Ünïcode", "a+b", "A_b", "{x}", "a;b", "a&b=c"])
def test_a_name_is_one_segment(value: str) -> None:
    made = path.segment(value, "name")
    assert unquote(made) == value
    assert made.isascii()


@given(st.text(max_size=30))
def test_any_text_is_one_segment_or_refused(value: str) -> None:
    try:
        made = path.segment(value, "name")
    except errors.InvalidRequestError:
        return
    assert unquote(made) == value
    assert not set(made) & set("/?#\\ ")
    assert made not in ("", ".", "..")


def test_paths_have_the_apis_shape() -> None:
    core, apps = path.api_prefix("", "v1"), path.api_prefix("apps", "v1")
    assert path.under(path.build(core, "", "nodes"), "n") == "/api/v1/nodes/n"
    assert path.under(path.build(core, "d", "pods"), "p", "log") == "/api/v1/namespaces/d/pods/p/log"
    assert path.build(apps, "", "deployments") == "/apis/apps/v1/deployments"
