"""Random histories of several candidates for one Lease, on virtual time: two never lead at once.

The rules are those of `kubecore.election.deciding` and `kubecore.election.fence`; this module has the server, the
network, the clocks and the processes around them. After each event, at most one process may write, and only one whose
block runs. At the end the network is good, and then one of them must lead.

Requests and responses are lost or take up to 40 s, candidates are cut off, stopped, suspended or killed, clocks differ in
rate by up to 7 %, wall clocks jump or stand still, labels change, and the Lease is given to others manually. In a quarter
of the histories it is also deleted manually, but nobody is killed, and all have the same times: a new candidate can't know
that a Lease existed, and no candidate can know the duration of a record that it never saw.
"""

from __future__ import annotations

import copy
import heapq
import random
from collections.abc import Callable
from typing import Any, Final

from kubecore import errors
from kubecore.calls.call import Call
from kubecore.calls.steps import Pause
from kubecore.election.deciding import Candidacy, Failure, Known, Release, Request, Tenure
from kubecore.election.fence import Fence
from kubecore.election.settings import Settings
from tests.torture.tally import Tally

__all__ = ["History", "run"]

SECONDS: Final = 600.0
"""The length of a history, in seconds of the real time of the simulated world."""

CALM: Final = 150.0
"""The last seconds, in which the network is good."""

HANDOVER: Final = 30.0
"""The longest time without a leader that is accepted at the end, in seconds."""

RATE: Final = 0.07

_TIMES: Final = ((15.0, 10.0, 2.0), (15.0, 10.0, 2.0), (10.0, 6.0, 2.0), (30.0, 20.0, 3.0))
_WRITE: Final[Call[Any]] = Call(method="PUT", path="/things/x", response=object, verb="update", resource="things")


class _Clock:
    """The clocks of one machine."""

    def __init__(self, history: History, chance: random.Random) -> None:
        self._history = history
        self.rate = 1 + chance.choice((-RATE, 0.0, RATE, chance.uniform(-RATE, RATE)))
        self._offset = chance.uniform(0, 10_000)
        self._frozen = 1e9 if chance.random() < 0.2 else None
        self.jump = 0.0
        self.suspended = 0.0
        self.counts_suspension = True

    def monotonic(self) -> float:
        lost = 0.0 if self.counts_suspension else self.suspended
        return (self._history.now - lost) * self.rate + self._offset

    def time(self) -> float:
        return 1.7e9 + self._history.now + self.jump if self._frozen is None else self._frozen


class _Server:
    """The Lease on the API server."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self._version = 0

    def handle(self, request: Request) -> dict[str, Any] | Failure:
        if request.verb == "create":
            return Failure.CONFLICT if self.lease else self.store(request.body or {}, uid=str(self._version))
        if self.lease is None:
            return Failure.NOT_FOUND
        if request.body is not None:
            sent, stored = request.body["metadata"], self.lease["metadata"]
            if sent.get("resourceVersion", stored["resourceVersion"]) != stored["resourceVersion"]:
                return Failure.CONFLICT
            return self.store(request.body, uid=stored["uid"])
        return copy.deepcopy(self.lease)

    def store(self, body: dict[str, Any], uid: str) -> dict[str, Any]:
        """Store a document; without a change it keeps its version, as on a real server."""
        body = copy.deepcopy(body)
        if self.lease is None or body != self.lease:
            self._version += 1
            body["metadata"] |= {"uid": uid, "resourceVersion": str(self._version)}
            self.lease = body
        return copy.deepcopy(self.lease)


class _Process:
    """One candidate: its machine, and the block of its term."""

    def __init__(self, history: History, number: int, chance: random.Random) -> None:
        chosen = history.times or chance.choice(_TIMES)
        times = dict(zip(("lease_duration", "renew_deadline", "retry_period"), chosen, strict=True))
        self.name = f"p{number}"
        self.settings = Settings(identity=self.name, **times)
        self.clock = _Clock(history, chance)
        self.known = Known(self.settings, "ns", "lease", self.clock)
        self.fence = Fence(self.clock, "ns/lease")
        self.machine: Candidacy | Tenure | Release | None = None
        self.tenure: Tenure | None = None
        self.stopped_until = 0.0
        self.cut_until = 0.0
        self.waiting_for = 0
        self.is_alive = True

    @property
    def can_write(self) -> bool:
        try:
            self.fence.before_write(_WRITE)
        except errors.FencedError:
            return False
        return True


class History:
    """One random history.

    Args:
        seed: The seed.

    Attributes:
        now: The real time, in seconds.
        times: The times of all processes; None if they differ.
        faults: The violations.
        terms: The number of terms.
        led: The seconds in which somebody could write.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._server = _Server()
        self._has_deletions = seed % 4 == 3
        self.times = self._chance.choice(_TIMES) if self._has_deletions else None
        self._processes: list[_Process] = []
        self._is_led = False
        self._led_at = 0.0
        self.now = 0.0
        self.faults: list[str] = []
        self.terms = 0
        self.led = 0.0

    def run(self) -> History:
        """Let it happen."""
        for _ in range(3):
            self._start()
        self._at(self._chance.uniform(5, 60), self._strike)
        while self._events and self._events[0][0] <= SECONDS and not self.faults:
            at, _, function, arguments = heapq.heappop(self._events)
            self.led += (at - self.now) * self._is_led
            self.now = at
            function(*arguments)
            self._check()
        if not self.faults and self._led_at < SECONDS - HANDOVER:
            self.faults.append("nobody leads at the end")
        return self

    def _check(self) -> None:
        writers = [process for process in self._processes if process.can_write]
        self._is_led = bool(writers)
        if writers:
            self._led_at = self.now
        if len(writers) > 1:
            names = " and ".join(f"{process.name} {process.fence.left:.2f}" for process in writers)
            self.faults.append(f"at {self.now:.2f} s {names} may write")
        for process in writers:
            if process.tenure is None:
                self.faults.append(f"at {self.now:.2f} s {process.name} may write after its block")

    @property
    def _is_calm(self) -> bool:
        return self.now > SECONDS - CALM

    def _at(self, seconds: float, function: Callable[..., None], *arguments: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + seconds, self._count, function, arguments))

    def _start(self) -> None:
        """Start a process, as a new candidate."""
        process = _Process(self, self._count, self._chance)
        self._processes.append(process)
        self._at(self._chance.uniform(0, 3), self._stand, process)

    def _stand(self, process: _Process) -> None:
        if process.is_alive:
            process.machine = Candidacy(process.known, self._chance.uniform)
            self._tick(process)

    def _delayed(self, process: _Process, function: Callable[..., None], *arguments: Any) -> bool:
        """Return whether a process is dead, or stopped: then the event happens when it continues."""
        if process.is_alive and self.now < process.stopped_until:
            self._at(process.stopped_until - self.now + self._chance.uniform(0, 0.01), function, *arguments)
            return True
        return not process.is_alive

    def _tick(self, process: _Process) -> None:
        """Carry out the next step of the machine of a process."""
        machine = process.machine
        if machine is None or self._delayed(process, self._tick, process):
            return
        step = machine.step()
        process.waiting_for += 1
        if isinstance(step, Pause):
            self._at(step.seconds / process.clock.rate, self._woken, process, process.waiting_for)
        elif step is not None:
            self._send(process, machine, step)
        elif isinstance(machine, Candidacy):
            self._lead(process, machine)
        elif isinstance(machine, Tenure):
            self._at(self._chance.uniform(0, process.settings.margin), self._end, process, machine)
        else:
            process.machine = None
            self._at(self._chance.uniform(0, 20), self._stand, process)

    def _woken(self, process: _Process, token: int) -> None:
        if process.waiting_for == token:
            self._tick(process)

    def _lead(self, process: _Process, candidacy: Candidacy) -> None:
        self.terms += 1
        process.tenure = process.machine = Tenure(process.known, process.fence, candidacy.sent or 0.0)
        if self._chance.random() < 0.5:
            self._at(self._chance.expovariate(1 / 40), self._end, process, process.tenure)
        self._tick(process)

    def _end(self, process: _Process, tenure: Tenure) -> None:
        """End the block of a term."""
        if process.tenure is not tenure or self._delayed(process, self._end, process, tenure):
            return
        is_lost = tenure.overdue()
        tenure.end()
        process.tenure = None
        process.machine = None if is_lost else Release(process.known)
        process.waiting_for += 1
        if is_lost:
            self._at(self._chance.uniform(0, 5), self._stand, process)
        else:
            self._tick(process)

    def _send(self, process: _Process, machine: Candidacy | Tenure | Release, request: Request) -> None:
        token = process.waiting_for
        self._at(request.timeout / process.clock.rate, self._respond, process, machine, token, Failure.OTHER)
        if self._is_calm or (self.now >= process.cut_until and self._chance.random() > 0.08):
            self._at(self._delay(), self._serve, process, machine, token, request)

    def _serve(self, process: _Process, machine: Candidacy | Tenure | Release, token: int, request: Request) -> None:
        result = self._server.handle(request)
        if self._is_calm or (self.now >= process.cut_until and self._chance.random() > 0.06):
            self._at(self._delay(), self._respond, process, machine, token, result)

    def _respond(
        self,
        process: _Process,
        machine: Candidacy | Tenure | Release,
        token: int,
        result: dict[str, Any] | Failure,
    ) -> None:
        if self._delayed(process, self._respond, process, machine, token, result):
            return
        if process.waiting_for != token:
            return
        if isinstance(result, Failure):
            machine.failed(result)
        else:
            machine.received(result)
        self._tick(process)

    def _delay(self) -> float:
        kind = self._chance.random()
        if self._is_calm or kind < 0.75:
            return self._chance.uniform(0, 0.2)
        return self._chance.uniform(0, 4) if kind < 0.93 else self._chance.uniform(4, 40)

    def _strike(self) -> None:
        """Cause a fault, and plan the next one."""
        self._at(self._chance.uniform(3, 25), self._strike)
        if self._is_calm:
            return
        process, fault = self._chance.choice(self._processes), self._chance.randrange(7)
        if fault == 0 and self._has_deletions:
            if all(other.known.lease for other in self._processes):
                self._server.lease = None
        elif fault == 0:
            process.is_alive = False
            self._processes.remove(process)
            self._start()
        elif fault == 1:
            process.clock.jump = self._chance.uniform(-3600, 3600)
        elif fault == 2:
            self._edit()
        elif fault < 5:
            seconds = self._chance.uniform(0, 30)
            process.stopped_until = self.now + seconds
            process.clock.suspended += seconds
        else:
            process.cut_until = self.now + self._chance.uniform(5, 40)

    def _edit(self) -> None:
        """Edit the Lease manually."""
        lease = copy.deepcopy(self._server.lease)
        if lease is None:
            return
        if self._chance.random() < 0.5:
            lease["metadata"]["labels"] = {"edited": str(self.now)}
        else:
            lease["spec"] |= {"holderIdentity": "somebody", "leaseDurationSeconds": 30}
        self._server.store(lease, uid=lease["metadata"]["uid"])


def run(n: int | None, seed: int) -> Tally:
    """Run histories, and check that two processes never lead at once.

    Args:
        n: How many; None for 300.
        seed: The seed of the first one.
    """
    tally = Tally("election")
    terms, led = 0, 0.0
    count = 300 if n is None else n
    for number in range(count):
        history = History(seed * 1_000_003 + number).run()
        terms += history.terms
        led += history.led
        tally.check(not history.faults, f"history {seed * 1_000_003 + number}: {'; '.join(history.faults)}")
    tally.figures["terms"] = str(terms)
    tally.figures["led"] = f"{led / SECONDS / max(count, 1):.0%}"
    return tally
