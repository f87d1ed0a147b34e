"""Random histories are the same for the same seed, and a server's responses to them depend on nothing else."""

from __future__ import annotations

import pytest

from tests.conformance.backends import RealServer
from tests.conformance.histories import NAMES, VERBS, define, differences, history, play, shrunk
from tests.conformance.history_kinds import KINDS


def test_a_seed_decides_about_a_history() -> None:
    assert history(1) == history(1)
    assert history(1) != history(2)


def test_histories_have_all_verbs_kinds_and_names() -> None:
    steps = [step for seed in range(100) for step in history(seed)]
    assert {step.verb for step in steps} == set(VERBS)
    assert {step.plural for step in steps} == set(KINDS)
    assert {step.name for step in steps} == set(NAMES)


def test_a_failing_history_is_shrunk_to_the_steps_that_fail() -> None:
    steps = history(3)
    needed = {steps[1], steps[-1]}
    assert set(shrunk(steps, lambda fewer: needed <= set(fewer))) == needed


@pytest.fixture(scope="module")
def group(bare_cluster: RealServer) -> str:
    """The group of the custom kinds on the real server."""
    return define(bare_cluster)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(100, 108))
def test_the_real_server_repeats_its_responses(seed: int, bare_cluster: RealServer, group: str) -> None:
    steps = history(seed)
    assert differences(play(steps, bare_cluster, group), play(steps, bare_cluster, group)) == []
