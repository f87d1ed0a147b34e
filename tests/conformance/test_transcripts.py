"""Both servers send the recorded responses to the requests of all cases."""

from __future__ import annotations

from typing import Final

import pytest

from tests.conformance import transcripts
from tests.conformance.backends import FakeServer, RealServer
from tests.conformance.cases import Case, all_cases

CASES: Final = list(all_cases().values())

Recorded = dict[str, transcripts.Transcript]


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    """The transcript of each case, read once: the file is large."""
    return transcripts.read()


@pytest.mark.thorough  # The responses of a real server do not depend on Python.
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_real_server_sends_the_recorded_responses(case: Case, recorded: Recorded, bare_cluster: RealServer) -> None:
    found = case.run(bare_cluster)
    assert transcripts.differing(recorded[case.name], found) == [], (
        f"renew it: python -m tests.conformance record {case.name}"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_fake_server_sends_the_recorded_responses(case: Case, recorded: Recorded) -> None:
    known = {number for name, number in transcripts.known_gaps() if name == case.name}
    found = set(transcripts.differing(recorded[case.name], case.run(FakeServer())))
    assert found - known == set(), f"show them: python -m tests.conformance check {case.name}"
    assert known - found == set(), "these requests do not differ any more: remove them from differences.jsonl"


def test_every_case_is_recorded_and_every_difference_belongs_to_a_request(recorded: Recorded) -> None:
    assert set(recorded) == {case.name for case in CASES}
    assert [place for place in transcripts.known_gaps() if place[1] > len(recorded.get(place[0], []))] == []
