"""The memory of a watch stays constant over many replayed events, and no event is lost if connections end."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kubeclient import Clientset
from kubecore import rest
from tests.torture.callers import MODES, callers
from tests.torture.server import PodServer, Reply, Request
from tests.torture.tally import Tally

_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
_EVENT: Final = (
    b'{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1","metadata":'
    b'{"name":"p","namespace":"d","uid":"u","resourceVersion":"%d"},"spec":{"containers":[]}}}\n'
)
_TOGETHER: Final = 200
_GROWN: Final = 8 << 20
_TIMEOUTS: Final = rest.Timeouts(connect=5.0, read=5.0, write=5.0, pool=5.0, total=10.0, idle=5.0)


class _Events:
    """A server of numbered events, which ends each connection at a random event."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._chance = random.Random(seed)

    def reply(self, request: Request) -> Reply:
        version = int(request.target.partition("resourceVersion=")[2].partition("&")[0])
        return Reply(self._pieces(version + 1), "close")

    def _pieces(self, first: int) -> Iterator[bytes]:
        until = min(self._count, first + self._chance.randrange(self._count // 4 + _TOGETHER))
        yield _HEAD
        for at in range(first, until + 1, _TOGETHER):
            data = b"".join(_EVENT % number for number in range(at, min(at + _TOGETHER, until + 1)))
            is_cut = at + _TOGETHER > until < self._count
            yield data[: -self._chance.randrange(1, 100)] if is_cut else data


def run(n: int | None, seed: int) -> Tally:
    """Replay `n` events, 100,000 by default, to each kind of watch."""
    tally = Tally("replay")
    count = 100_000 if n is None else n
    for mode in MODES:
        with PodServer(_Events(count, seed).reply) as server, callers(mode) as make:
            with make(rest.Config(host=server.url, timeouts=_TIMEOUTS)) as caller:
                numbers, grown = caller.run(_follower(caller.clientset, count))
            tally.check(numbers == count, f"{mode}: {numbers} of {count} events, in order")
            tally.check(grown < _GROWN, f"{mode}: the memory grew by {grown >> 10} KiB")
            tally.figure(f"{mode}_grown", f"{grown >> 10}KiB")
            tally.figure(f"{mode}_connections", len(server.requests))
            tally.tries += count
    return tally


def _follower(clientset: Any, count: int) -> Any:
    """Return a function that counts the events in order, and the memory growth in the last three quarters of them."""

    def blocking(clientset: Any) -> tuple[int, int]:
        state = _State(count)
        with clientset.core_v1.pods("d").watch(resource_version="1") as events:
            for event in events:
                if state.take(event):
                    break
        return state.result

    async def waiting(clientset: Any) -> tuple[int, int]:
        state = _State(count)
        async with clientset.core_v1.pods("d").watch(resource_version="1") as events:
            async for event in events:
                if state.take(event):
                    break
        return state.result

    return blocking if isinstance(clientset, Clientset) else waiting


class _State:
    def __init__(self, count: int) -> None:
        self._count = count
        self._last = 1
        self._early = 0
        self._late = 0

    def take(self, event: Any) -> bool:
        """Process an event; return whether the replay is complete or out of order."""
        number = int(event.object.metadata.resource_version)
        if number != self._last + 1:
            return True
        self._last = number
        if number == self._count // 4:
            self._early = _resident()
        if number == self._count:
            self._late = _resident()
        return number == self._count

    @property
    def result(self) -> tuple[int, int]:
        return self._last, self._late - self._early


def _resident() -> int:
    """Return the resident memory of this process in bytes; the server in it does not store events."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")
