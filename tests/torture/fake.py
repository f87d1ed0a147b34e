"""Random histories on the fake and on the real API server: `python -m tests.torture fake --n N --seed S`.

The command sends about N requests to both servers. Their transcripts must be equal; a history that fails is shrunk
and printed. The real server is replaced by a new one after each batch. Each batch prints the seed with which the next
one begins, so that a run that was stopped can be resumed.
"""

from __future__ import annotations

from typing import Final

from tests.cluster import Cluster
from tests.conformance.backends import FakeServer, RealServer
from tests.conformance.histories import Step, define, differences, history, play, shown, shrunk
from tests.conformance.transcripts import Transcript
from tests.torture.tally import Tally

__all__ = ["run"]

_DEFAULT: Final = 2_000
_BATCH: Final = 20_000
"""Requests to one real server: its objects are never removed."""

_SHRUNK: Final = 10
"""How many failing histories are shrunk; of the others, the first difference is printed."""


class _Servers:
    """A real server with the definitions of the custom kinds, and a new fake one for each history."""

    def __init__(self, real: RealServer) -> None:
        self._real = real
        self._group = define(real)

    def transcripts(self, steps: list[Step]) -> tuple[Transcript, Transcript]:
        """Return the responses of both servers to a history."""
        return play(steps, self._real, self._group), play(steps, FakeServer())

    def shown(self, steps: list[Step]) -> str:
        """Return the description of a failing history, which is shrunk before."""
        fewer = shrunk(steps, lambda steps: bool(differences(*self.transcripts(steps))))
        return shown(fewer, *self.transcripts(fewer))


def run(n: int | None, seed: int) -> Tally:
    """Send about `n` requests to both servers."""
    tally = Tally("fake")
    wanted, requests = n or _DEFAULT, 0
    while requests < wanted:
        with Cluster(controllers=False) as cluster:
            real = RealServer(cluster)
            servers = _Servers(real)
            sent, seed = _batch(servers, seed, min(wanted - requests, _BATCH), tally)
            real.close()
        requests += sent
        print(f"{requests:,} requests, {len(tally.bad)} bad of {tally.tries} histories, next seed {seed}", flush=True)
    tally.figure("requests", requests)
    tally.figure("next-seed", seed)
    return tally


def _batch(servers: _Servers, seed: int, wanted: int, tally: Tally) -> tuple[int, int]:
    """Send a number of requests to one real server.

    Returns:
        The number of requests, and the next seed.
    """
    requests = 0
    while requests < wanted:
        steps = history(seed)
        real, fake = servers.transcripts(steps)
        found = differences(real, fake)
        tally.check(not found, f"seed {seed}: {found[:1]}")
        if found:
            is_shrunk = len(tally.bad) <= _SHRUNK
            print(f"seed {seed}: {servers.shown(steps) if is_shrunk else found[0]}", flush=True)
        requests += len(real)
        seed += 1
    return requests, seed
