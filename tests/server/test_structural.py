"""Random structural schemas, installed, and random objects of them: what typed clients read, they write back whole."""

from __future__ import annotations

import random

from tests.cluster import Cluster
from tests.torture.structural import play
from tests.torture.tally import Tally


def test_what_the_server_takes_is_read_and_written_back_whole(cluster: Cluster) -> None:
    """`python -m tests.torture structural` is the long form; each try of this test draws others."""
    seed = random.randrange(10**6)
    tally = Tally("structural")
    counts = play(tally, cluster, 24, seed)
    assert not tally.bad, f"--n 24 --seed {seed}\n" + "\n".join(tally.shown())
    assert counts["refused schemas"] * 2 <= counts["schemas"], counts
    assert counts["refused objects"] <= tally.tries, counts
