"""Leaders under faults, on the real server: `python -m tests.torture election --n TERMS --seed S`.

Processes of all three kinds are candidates for one Lease, each through its own proxy. While they take turns, leaders are
stopped for up to twice the lease, killed, made to release, and cut off; responses are slow, or are lost although the
server carried out the request. Leaders write all the time. Each write must have been stored while its writer held the
Lease, by the order in which the server stored both.

Only responses are delayed: a write that a proxy delivers late is beyond any fence.
"""

from __future__ import annotations

import random
import signal
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from kubeclient import Clientset
from kubecore import kubeconfig
from tests.cluster import Cluster
from tests.torture.candidates import Judge, Process, python_candidate
from tests.torture.proxy import FaultProxy, Plan
from tests.torture.tally import Tally

_LEASE: Final = 5.0
_TIMES: Final = "5,3,1"
_KINDS: Final = ("sync", "asyncio", "trio")
_PATIENCE: Final = 60.0
_FAULTS: Final = ("release", "stop", "release", "kill", "cut", "release", "slow", "lose", "stop")


class _Candidate:
    """A process behind its proxy. Both are replaced if the process was killed."""

    def __init__(self, stack: ExitStack, cluster: Cluster, namespace: str) -> None:
        self._stack = stack
        self._cluster = cluster
        self._namespace = namespace
        self._number = 0
        self.kind = ""
        self.proxy = stack.enter_context(FaultProxy(cluster.port))
        self.process: Process

    def start(self, kind: str) -> None:
        """Start a process, with an identity that no other one had."""
        self._number += 1
        self.kind = kind
        identity = f"{kind}-{self.proxy.port}-{self._number}"
        url = f"https://127.0.0.1:{self.proxy.port}"
        file: Path = self._cluster.kubeconfig
        self.process = self._stack.enter_context(
            python_candidate(file, self._namespace, identity, kind, url=url, times=_TIMES)
        )


class _Torture:
    """The candidates, and the faults."""

    def __init__(self, candidates: list[_Candidate], judge: Judge, chance: random.Random) -> None:
        self._candidates = candidates
        self._judge = judge
        self._chance = chance
        self._next_release = 0.0
        self.counts = dict.fromkeys(_FAULTS, 0)

    def strike(self, fault: str) -> bool:
        """Let a leader have a fault; return whether there was a new term in time."""
        leader = self._leader()
        if leader is None:
            return False
        time.sleep(self._chance.uniform(0.1, 1.5))
        terms = self._judge.terms
        self.counts[fault] += 1
        if fault == "stop":
            self._stop(leader)
        elif fault == "kill":
            self._kill(leader)
        else:
            self._disturb(leader, fault)
        return self._waited(lambda: self._has_changed(leader, terms))

    def _has_changed(self, leader: _Candidate, terms: int) -> bool:
        """Return whether there is a new term; a leader that survived the fault is made to release the Lease."""
        if self._judge.terms > terms:
            return True
        if leader.process.leads and time.monotonic() > self._next_release:
            self._next_release = time.monotonic() + 2
            leader.process.signal(signal.SIGUSR1)
        return False

    def _leader(self) -> _Candidate | None:
        """Wait until a process leads according to the Lease and to itself."""

        def leaders() -> list[_Candidate]:
            holder = self._judge.holder
            return [one for one in self._candidates if one.process.identity == holder and one.process.leads]

        self._waited(leaders)
        return next(iter(leaders()), None)

    def _stop(self, leader: _Candidate) -> None:
        """Stop the process for a time around the length of the lease."""
        leader.process.signal(signal.SIGSTOP)
        time.sleep(self._chance.uniform(0.5, 2.0) * _LEASE)
        leader.process.signal(signal.SIGCONT)

    def _kill(self, leader: _Candidate) -> None:
        leader.process.signal(signal.SIGKILL)
        leader.process.wait()
        leader.start(self._chance.choice(_KINDS))

    def _disturb(self, leader: _Candidate, fault: str) -> None:
        """Change the responses of the server for a time."""
        proxy, chance = leader.proxy, self._chance
        if fault == "cut":
            proxy.plan = Plan(cut_after=0)
            proxy.cut()
        elif fault == "slow":
            proxy.plan = Plan(delay=chance.uniform(0.3, 2.0))
            proxy.cut()
        elif fault == "lose":  # After the handshake of TLS, so that requests are carried out.
            proxy.plan = lambda number: Plan(mute_after=chance.randrange(2_500, 6_000))
            proxy.cut()
        if fault != "release":
            time.sleep(chance.uniform(0.5, 1.5) * _LEASE)
            proxy.plan = Plan()
            proxy.cut()

    def _waited(self, is_so: Callable[[], object]) -> bool:
        end = time.monotonic() + _PATIENCE
        while not is_so():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True


def play(cluster: Cluster, n: int, seed: int) -> Tally:
    """Let candidates lead until there were a number of terms.

    Args:
        cluster: The server.
        n: The number of terms.
        seed: The seed of the faults.
    """
    tally, chance = Tally("election"), random.Random(seed)
    with ExitStack() as stack:
        clientset = stack.enter_context(Clientset(kubeconfig.load_config(cluster.kubeconfig)))
        namespace = f"election-{uuid.uuid4().hex[:8]}"
        clientset.core_v1.namespaces().create({"metadata": {"name": namespace}})
        judge = stack.enter_context(Judge(clientset, namespace))
        candidates = [_Candidate(stack, cluster, namespace) for _ in _KINDS]
        for candidate, kind in zip(candidates, _KINDS, strict=True):
            candidate.start(kind)
        faults, number = _Torture(candidates, judge, chance), 0
        while judge.terms < n:
            fault = _FAULTS[number % len(_FAULTS)]
            tally.check(faults.strike(fault), f"nobody leads after {fault}, fault {number}")
            number += 1
            if len(tally.bad) > 3:
                break
        for problem in judge.verdict():
            tally.check(False, problem)
        dead = [f"{one.process.identity} with {one.process.code}" for one in candidates if one.process.code is not None]
        tally.check(not dead, f"ended by themselves: {', '.join(dead)}")
        tally.figures["terms"] = str(judge.terms)
        tally.figures["writes"] = str(len(judge.writes()))
        tally.figures.update((fault, str(count)) for fault, count in faults.counts.items())
    return tally


def run(n: int | None, seed: int) -> Tally:
    """Start a cluster, and let candidates lead: see `play`.

    Args:
        n: The number of terms; None for 30.
        seed: The seed.
    """
    with Cluster(controllers=False) as cluster:
        return play(cluster, 30 if n is None else n, seed)
