"""Comments of a Python source, found the same by every version of Python."""

from __future__ import annotations

import io
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgen.python_source import comments

_TEXT = st.text(alphabet="a#'\"\\ \n", max_size=20)
_LINE = st.one_of(
    _TEXT.map(repr),
    _TEXT.map(lambda text: '"""' + text.replace("\\", "\\\\").replace('"', '\\"') + '"""'),
    st.text(alphabet="a#'\"\\ ", max_size=20).map("#{}".format),
    st.just("x = 1"),
)


@given(st.lists(_LINE, max_size=12))
def test_comments_are_those_of_pythons_tokenizer(lines: list[str]) -> None:
    source = "\n".join(lines) + "\n"
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    assert [text for _, text in comments(source)] == [it.string for it in tokens if it.type == tokenize.COMMENT]


@pytest.mark.parametrize("part", ["a", '"', "\\\\", "# a\n", '""'])
def test_long_text_is_read_in_one_pass(part: str) -> None:
    text = (part * 200_000).replace('"', '\\"')
    assert list(comments(f'"""{text}"""\n# end\n')) == [(len(text) + 7, "# end")]
