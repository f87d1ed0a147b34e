"""Text of documents becomes Markdown that shows the text: no HTML, no links but to http, no additional cells."""

from __future__ import annotations

import html.parser

import markdown as renderer  # type: ignore[import-untyped]
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kgen import markdown, text
from tests.kgen.hostile import PAYLOADS

EXTENSIONS = [
    "admonition",
    "attr_list",
    "md_in_html",
    "tables",
    "toc",
    "abbr",
    "def_list",
    "footnotes",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.details",
]
MARKS = (
    *"`*_[]()<>&|\\{}#!~^$=+-.:;\"'/ \n\t",
    "<b>",
    "<script>alert(1)</script>",
    "<!-- x -->",
    "&lt;",
    "&#60;",
    "[x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "![x](https://a.b/c)",
    "https://example.com/a_b#c",
    "http://a](javascript:x)",
    "[x]: javascript:y\n\n",
    "`a | b`",
    "`` ` ``",
    "{: onclick=x }",
    "{: .x }",
    "!!! note\n    x",
    '=== "x"\n    y',
    "??? x",
    "```",
    "~~~",
    "\n\n",
    "\n\n    ",
    "\n\n1. x",
    "\n\n- x",
    "\n\n> x",
    "\n\n# x",
    "\n\n| a |\n|---|\n| b |",
    "[TOC]",
    "[^1]",
    "[^1]: x",
    "*[a]: b",
    "\n\n:   x",
    "---",
    "name",
    "a_b_c",
    "\x02",
    "\x03",
    "\x02klzzwxh:0000\x03",
    "klzzwxh:0000",
    "wzxhzdk:0",
)
texts = st.one_of(
    st.text(st.characters()),
    st.sampled_from(PAYLOADS),
    st.lists(st.sampled_from(MARKS), max_size=12).map("".join),
)


class _Parsed(html.parser.HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.others: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)


def parsed(source: str) -> _Parsed:
    return _Parsed(renderer.markdown(source, extensions=EXTENSIONS))


def check_inert(found: _Parsed, tags: set[str]) -> None:
    assert set(found.tags) <= {*tags, "a", "code", "p"}
    assert found.others == []
    for name, value in found.attributes:
        assert name == "href"
        assert value is not None
        assert value.startswith(("http://", "https://"))


def spoken(payload: str) -> str:
    """Return the words that a page shows: code spans lose their backticks."""
    return "".join(text.clean(payload).replace("`", "").split())


@given(texts)
@example("a|b")
@example("`a | b`")
@example("x {: .c }")
def test_a_cell_shows_the_text_and_nothing_else(payload: str) -> None:
    cell = markdown.inline(payload)
    assert "\n" not in cell
    found = parsed(f"| a | b |\n|---|---|\n| {cell} | end |\n| {markdown.span(payload)} | end |\n")
    check_inert(found, {"table", "thead", "tbody", "tr", "th", "td"})
    assert [found.tags.count(tag) for tag in ("table", "tr", "td")] == [1, 3, 4]
    assert "".join(found.words.replace("`", "").split()) == f"ab{spoken(payload)}end{spoken(payload)}end"


@given(texts)
@example("- x")
@example("1. x")
@example("    code")
@example('=== "x"\n    y')
@example("[x]: javascript:y")
def test_paragraphs_show_the_text_and_nothing_else(payload: str) -> None:
    found = parsed(f"start\n\n{markdown.blocks(payload)}\n\nend\n")
    check_inert(found, set())
    assert "".join(found.words.replace("`", "").split()) == f"start{spoken(payload)}end"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("see https://example.com/a_b#c.", "see [https://example.com/a_b&#35;c](https://example.com/a_b#c)."),
        ("one of `a` or `b_c`", "one of `a` or `b_c`"),
        ("snake_case stays, <b> does not", "snake_case stays, &#60;b&#62; does not"),
        ("[x](javascript:alert)", "&#91;x&#93;(javascript:alert)"),
    ],
)
def test_common_descriptions(payload: str, expected: str) -> None:
    assert markdown.inline(payload) == expected


def test_a_span_with_a_backtick_is_plain_text() -> None:
    assert markdown.span("a.b/c") == "`a.b/c`"
    assert markdown.span("a`b") == "a&#96;b"
    assert markdown.span("a|b") == "a&#124;b"
