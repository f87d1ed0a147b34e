"""Random histories on the fake and on the real API server: `python -m tests.torture fake --n N --seed S`.

The command sends about N requests to both servers. Their transcripts must be equal; a history that fails is shrunk.
"""

from __future__ import annotations

from typing import Final

from tests.cluster import Cluster
from tests.conformance.backends import FakeServer, RealServer
from tests.conformance.histories import Step, first_difference, history, play, shrunk
from tests.torture.tally import Tally

__all__ = ["run"]

_DEFAULT: Final = 2_000
_SHRUNK: Final = 3
"""How many failing histories are shrunk; the others are only counted."""


def run(n: int | None, seed: int) -> Tally:
    """Send about `n` requests to both servers."""
    tally = Tally("fake")
    requests = 0
    with Cluster(controllers=False) as cluster:
        real = RealServer(cluster)

        def difference(steps: list[Step]) -> str:
            return first_difference(play(steps, real), play(steps, FakeServer()))

        while requests < (n or _DEFAULT):
            steps = history(seed)
            found = difference(steps)
            if found and len(tally.bad) < _SHRUNK:
                steps = shrunk(steps, lambda fewer: bool(difference(fewer)))
                found = f"{difference(steps)}\n  {steps}"
            tally.check(not found, f"seed {seed}: {found}")
            requests += len(steps)
            seed += 1
        real.close()
    tally.figure("requests", requests)
    return tally
