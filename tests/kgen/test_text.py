from __future__ import annotations

import ast
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgen import text
from tests.kgen.hostile import PAYLOADS


def surrogates() -> st.SearchStrategy[str]:
    return st.text(st.characters())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_string_literal_reads_as_the_text_it_was_made_from(payload: str) -> None:
    literal = text.string(payload)
    assert ast.literal_eval(literal) == payload
    assert literal.isascii()
    assert "\n" not in literal


@given(surrogates())
def test_any_text_makes_a_string_literal_that_reads_the_same(payload: str) -> None:
    assert ast.literal_eval(text.string(payload)) == payload


@pytest.mark.parametrize("indent", [0, 4, 8])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_docstring_is_one_string_and_nothing_else(payload: str, indent: int) -> None:
    check_docstring(payload, indent)


@given(surrogates(), st.sampled_from([0, 4, 8]))
def test_any_text_makes_a_docstring(payload: str, indent: int) -> None:
    check_docstring(payload, indent)


def check_docstring(payload: str, indent: int) -> None:
    source = "if True:\n" * (indent // 4)
    lines = [" " * (4 * i) + "if True:" for i in range(indent // 4)]
    source = "\n".join([*lines, " " * indent + text.docstring(payload, indent)]) + "\n"
    node: ast.AST = ast.parse(source)
    while not isinstance(node, ast.Expr):
        assert isinstance(node, (ast.Module, ast.If))
        assert len(node.body) == 1
        node = node.body[0]
    assert isinstance(node.value, ast.Constant)
    assert isinstance(node.value.value, str)
    assert inspect.cleandoc(node.value.value).split() == text.wrapped(payload, indent).split()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_comment_stays_on_its_line(payload: str) -> None:
    words = text.comment(payload)
    assert len(f"# {words}".splitlines()) == 1
    assert ast.parse(f"# {words}\nx = 1\n").body[0].lineno == 2


def test_characters_that_do_not_show_are_written_as_escapes() -> None:
    assert text.clean("a\u202eb\x00c\ud800") == "a\\u202eb\\u0000c\\ud800"


def test_every_end_of_a_line_becomes_a_newline() -> None:
    assert text.clean("a\r\nb\rc\x85d\u2028e\x0cf") == "a\nb\nc\nd\ne\nf"


def test_long_words_wrap_at_the_line_length_and_keep_their_paragraphs() -> None:
    words = text.docstring("one two three " * 30 + "\n\nfour", indent=4)
    lines = words.split("\n")
    assert all(len(line) <= text.LINE_LENGTH for line in lines)
    assert lines[-3:] == ["", "    four", '    """']


def test_items_of_a_list_hang() -> None:
    lines = text.wrapped("- " + "word " * 40, 0).split("\n")
    assert lines[0].startswith("- word")
    assert lines[1].startswith("  word")
