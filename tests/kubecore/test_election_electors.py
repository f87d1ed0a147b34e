"""Several electors of one clientset: their fences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kubecore import errors
from tests.kubecore.election_runs import KINDS, Run, Scenario, drive


@pytest.fixture(params=KINDS)
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenario], None]:
    return lambda scenario: drive(request.param, monkeypatch, scenario)


def test_two_electors_of_one_clientset_can_both_renew(run: Any) -> None:
    """The Lease of each passes the fence of the other."""

    async def scenario(run: Run) -> None:
        async with run.leading(run.elector("a")):
            run.server.lease = None
            async with run.leading(run.elector("b")):
                await run.write()
            with pytest.raises(errors.FencedError):
                await run.write()

    run(scenario)


def test_electors_that_follow_each_other_can_write(run: Any) -> None:
    async def scenario(run: Run) -> None:
        first = run.elector("a")
        for elector in (first, run.elector("b"), first, run.elector("a")):
            async with run.leading(elector):
                await run.write()
            with pytest.raises(errors.FencedError):
                await run.write()
            assert len(run.clientset.rest_client.write_hooks.registered) == 1
        assert run.server.writes == 4

    run(scenario)


def test_a_candidate_that_waits_keeps_its_fence(run: Any) -> None:
    async def scenario(run: Run) -> None:
        waiting = run.elector("a")
        waiting._fence.is_used = True
        run.clientset.rest_client.write_hooks.add(waiting._fence)
        async with run.leading(run.elector("b")):
            with pytest.raises(errors.FencedError):
                await run.write()
        assert len(run.clientset.rest_client.write_hooks.registered) == 2

    run(scenario)


def test_the_fence_of_another_lease_stays(run: Any) -> None:
    """Work of its term that is left must not write, although the process leads again, for another Lease."""

    async def scenario(run: Run) -> None:
        async with run.leading(run.elector("a")):
            pass
        async with run.leading(run.elector("b", name="other")):
            with pytest.raises(errors.FencedError, match="does not lead ns/lock"):
                await run.write()

    run(scenario)
