"""client-go's informer and ours follow one real server: they report the same objects, and keep the same store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster
from tests.conftest import running
from tests.torture.informer import KINDS, judge, play
from tests.torture.tally import Tally
from tests.torture.watch import NAMES, build_goclient

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A cluster that may be broken."""
    with running(all_apis=False, controllers=False) as started:
        yield started


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(["cut", "rst"] * 4, id="cut and reset at random"),
        pytest.param(["mute", "stop"], id="half-open", marks=pytest.mark.thorough),
        pytest.param(["expire", "cut"], id="compacted, killed and started", marks=pytest.mark.thorough),
    ],
)
def test_informers_agree_with_client_go(faults: list[str], own: Cluster, tmp_path: Path) -> None:
    """`python -m tests.torture informer` runs longer."""
    tally = Tally("informer")
    play(tally, own, tmp_path, 100, faults, 7, build_goclient())
    judge(tally, tmp_path)
    assert tally.bad == []
    assert tally.tries >= NAMES * (1 + len(KINDS))
