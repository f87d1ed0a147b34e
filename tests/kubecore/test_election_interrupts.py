"""Ctrl-C at every instruction of an elector for threads: its fence closes, its threads end, the next block can lead."""

from __future__ import annotations

import threading
from typing import Final

import httpx
import pytest

from kubeclient import Clientset
from kubecore import election, rest
from kubecore.clocks import FakeClock
from kubecore.election import Elector, base, driving, elector, fence
from tests.kubecore.election_runs import LeaseServer
from tests.kubecore.interrupts import LostError, interrupted
from tests.ready import wait_until

pytestmark = pytest.mark.slow

_FILES: Final = frozenset(str(module.__file__) for module in (base, driving, elector, election, fence))


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("kubecore-election")]


class Election:
    """One block, whose Lease is in memory.

    Attributes:
        elector: The elector.
        server: Has the Lease.
        left: The seconds until the fence closes, when the release arrives.
    """

    def __init__(self, clientset: Clientset, server: LeaseServer) -> None:
        self.elector = Elector(clientset, "lock", "ns", identity="a", on_stuck=list, clock=FakeClock())
        self.server = server
        self.left: list[float] = []
        server.next["PUT"] = [self._release]

    def work(self) -> None:
        with self.elector.lead() as term:
            assert term.valid_for() > 0

    def _release(self, request: httpx.Request) -> httpx.Response:
        self.left.append(self.elector._fence.left)
        return self.server.store(request)


def test_an_interrupt_at_any_instruction_closes_the_fence_before_the_release() -> None:
    number, released, is_over = 0, 0, False
    while not is_over:
        number += 1
        server = LeaseServer()
        client = httpx.Client(transport=httpx.MockTransport(server.handle))
        with Clientset(rest.Config(host="http://h", max_retries=0), http_client=client) as clientset:
            run = Election(clientset, server)
            error = interrupted(number, run.work, _FILES)
            assert isinstance(error, (KeyboardInterrupt, LostError, type(None))), f"instruction {number}: {error!r}"
            is_over, error = error is None, None  # A traceback keeps the generator of a block that did not begin.
            assert not run.elector.is_leading, f"instruction {number}"
            assert run.elector._fence.left == 0, f"instruction {number}"
            assert run.elector._tenure is None, f"instruction {number}"
            assert run.left in ([], [0.0]), f"instruction {number}: released before the fence was closed"
            released += bool(run.left)
    assert number > 300
    assert released > 100
    wait_until(lambda: not threads())
