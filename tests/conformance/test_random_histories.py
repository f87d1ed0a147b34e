"""Both servers send the same responses to 2,000 random requests; `python -m tests.torture fake` sends more."""

from __future__ import annotations

from typing import Final

import pytest

from tests.conformance.backends import FakeServer, RealServer
from tests.conformance.histories import define, differences, history, play

FIRST: Final = 1_000
REQUESTS: Final = 2_000
_POD: Final = "the message about a refused change of a Pod does not show the change"
KNOWN: Final = {1004: _POD, 1005: _POD}
"""Seeds of histories that still differ, with reasons. The list may only shrink."""


@pytest.mark.thorough  # The responses do not depend on Python.
def test_both_servers_send_the_same_responses_to_2000_random_requests(bare_cluster: RealServer) -> None:
    group = define(bare_cluster)
    found: dict[int, str] = {}
    requests, seed = 0, FIRST
    while requests < REQUESTS:
        steps = history(seed)
        real, fake = play(steps, bare_cluster, group), play(steps, FakeServer())
        requests += len(real)
        for text in differences(real, fake)[:1]:
            found[seed] = text
        seed += 1
    new = {seed: text for seed, text in found.items() if seed not in KNOWN}
    assert new == {}, "shrink them: python -m tests.torture fake --n 1 --seed SEED"
    assert KNOWN.keys() - found.keys() == set(), "these seeds do not differ any more: remove them from KNOWN"
