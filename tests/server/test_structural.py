"""Typed clients read and write random objects of random structural schemas without loss."""

from __future__ import annotations

import pytest

from tests.cluster import Cluster
from tests.torture.structural import play
from tests.torture.tally import Tally

SEED = 7


@pytest.mark.thorough
def test_objects_that_the_server_accepts_round_trip_unchanged(cluster: Cluster) -> None:
    """`python -m tests.torture structural` runs longer, and `--seed` draws other kinds."""
    tally = Tally("structural")
    counts = play(tally, cluster, 24, SEED)
    assert not tally.bad, f"--n 24 --seed {SEED}\n" + "\n".join(tally.shown())
    assert counts["refused schemas"] * 2 <= counts["schemas"], counts
    assert counts["refused objects"] <= tally.tries, counts
    assert counts["passed over"] <= tally.tries, counts  # Each object is compared at least twice.
