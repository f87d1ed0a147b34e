"""kubecore's HTTP parser and h11 read the same bytes alike, except for the differences in docs/http.md."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.torture.http import LOOSER, STRICTER, Difference, Refused, compare, ours, theirs
from tests.torture.http_messages import Drawn, Message, cut, message

PAGE = Path(__file__).parents[2] / "docs/http.md"


EXAMPLES = 2_000
MESSAGES = 10


@pytest.mark.thorough
@settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate])
@given(st.binary(min_size=60, max_size=250))
def test_kubecore_and_h11_parse_messages_alike(choices: bytes) -> None:
    """Compare 20,000 messages. hypothesis chooses the first of every ten and the seed of the others."""
    for number in range(MESSAGES):
        chance = random.Random(choices + bytes([number])) if number else Drawn(choices)
        sent = message(chance)
        chunks = cut(sent.data, chance)
        assert compare(sent, chunks) is None, (sent, chunks)


@pytest.mark.parametrize("difference", STRICTER.values(), ids=STRICTER)
def test_kubecore_refuses_each_message_of_the_page(difference: Difference) -> None:
    sent = difference.example
    refused = ours(sent, [sent.data])
    assert isinstance(refused, Refused)
    assert difference.explains(sent, refused)
    assert not isinstance(theirs(sent, [sent.data]), Refused)


@pytest.mark.parametrize("difference", LOOSER.values(), ids=LOOSER)
def test_kubecore_accepts_each_message_of_the_page(difference: Difference) -> None:
    sent = difference.example
    refused = theirs(sent, [sent.data])
    assert isinstance(refused, Refused)
    assert difference.explains(sent, refused)
    assert not isinstance(ours(sent, [sent.data]), Refused)


def rows(heading: str) -> list[str]:
    """Return the first cells of the table below a heading of the page."""
    section = PAGE.read_text("utf-8").split(f"### {heading}\n")[1].split("\n#")[0]
    return re.findall(r"^\| ([a-zA-Z0-9/. -]+) \|", section, re.MULTILINE)[1:]


def test_the_page_lists_every_difference() -> None:
    assert rows("Refused here, accepted by h11") == list(STRICTER)
    assert rows("Accepted here, refused by h11") == list(LOOSER)


def test_a_disagreement_is_reported() -> None:
    """A message that only one parser refuses is reported if the difference is not listed."""
    known = STRICTER.copy(), LOOSER.copy()
    STRICTER.clear()
    LOOSER.clear()
    try:
        for difference in known[0].values():
            assert "only kubecore" in str(compare(difference.example, [difference.example.data]))
        for difference in known[1].values():
            assert "only h11" in str(compare(difference.example, [difference.example.data]))
    finally:
        STRICTER.update(known[0])
        LOOSER.update(known[1])


def test_the_comparison_reports_a_different_result(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Message("GET", False, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
    assert compare(sent, [sent.data]) is None
    mine = ours(sent, [sent.data])
    assert not isinstance(mine, Refused)
    for other in (
        mine._replace(status=201),
        mine._replace(headers={}),
        mine._replace(body=b""),
        mine._replace(rest=b"x"),
        mine._replace(keep=False),
    ):
        monkeypatch.setattr("tests.torture.http.theirs", lambda sent, chunks, other=other: other)
        assert compare(sent, [sent.data]) is not None
