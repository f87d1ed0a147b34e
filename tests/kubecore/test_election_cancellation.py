"""Electors of tasks whose blocks are cancelled, with a Lease in memory and on virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from kubecore import errors
from tests.kubecore.election_runs import Run, Scenario, drive, fail
from tests.ready import wait_until_async


@pytest.fixture(params=["asyncio", "trio"])
def run_async(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenario], None]:
    return lambda scenario: drive(request.param, monkeypatch, scenario)


def test_the_block_of_a_lost_term_is_cancelled(run_async: Any) -> None:
    async def scenario(run: Run) -> None:
        ended: list[float] = []
        with pytest.raises(errors.LeadershipLostError):
            async with run.leading(run.elector()):
                run.server.next["PUT"] = [fail(500)] * 100
                try:
                    run.clock.advance(10.0)
                    await anyio.sleep_forever()
                finally:
                    with anyio.CancelScope(shield=True):
                        await run.write()  # Until the fence closes, the block may clean up.
                        ended.append(run.clock.monotonic())
        assert ended == [1010.0]

    run_async(scenario)


def test_a_block_that_is_cancelled_from_outside_leads_until_its_end_and_releases(run_async: Any) -> None:
    async def scenario(run: Run) -> None:
        elector = run.elector()
        with anyio.CancelScope() as scope:
            async with run.leading(elector):
                try:
                    scope.cancel()
                    await anyio.sleep_forever()
                finally:
                    with anyio.CancelScope(shield=True):
                        for count in (3, 4, 5, 6, 7, 8, 9):  # Longer than the lease.
                            run.clock.advance(2.0)
                            await run.renewed(count)
                        await wait_until_async(lambda: elector.is_leading)
                        assert run.server.holder == "a"
                        await run.write()
        assert scope.cancelled_caught
        assert run.server.holder == ""

    run_async(scenario)


def test_a_release_is_not_cancelled_although_the_block_was(run_async: Any) -> None:
    async def scenario(run: Run) -> None:
        with anyio.CancelScope() as scope:
            async with run.leading(run.elector()):
                scope.cancel()
                await anyio.lowlevel.checkpoint()
        assert run.server.requests[-1] == "PUT "
        assert run.server.holder == ""

    run_async(scenario)


def test_a_release_during_a_renewal_reads_the_lease_again(run_async: Any) -> None:
    async def scenario(run: Run) -> None:
        def lost(request: httpx.Request) -> httpx.Response:
            run.server.store(request)
            raise httpx.ReadError("the response is lost")

        async with run.leading(run.elector()):
            run.server.next["PUT"] = [lost]
            run.clock.advance(2.0)
            await run.renewed(3)
        assert run.server.requests == ["GET -", "POST a", "PUT a", "PUT ", "GET -", "PUT "]
        assert run.server.holder == ""

    run_async(scenario)


def test_a_candidate_that_is_cancelled_while_it_acquires_the_lease_releases_it(run_async: Any) -> None:
    async def scenario(run: Run) -> None:
        with anyio.CancelScope() as scope:

            def taken(request: httpx.Request) -> httpx.Response:
                scope.cancel()
                return run.server.store(request)

            run.server.next["POST"] = [taken]
            async with run.leading(run.elector()):
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        assert run.server.holder == ""

    run_async(scenario)


def test_errors_of_tasks_of_the_block_are_not_hidden(run_async: Any) -> None:
    async def fenced() -> None:
        raise errors.FencedError("refused")

    async def scenario(run: Run) -> None:
        async def block(*tasks: Any) -> None:
            async with run.leading(run.elector(on_stuck=lambda: None)):
                run.clock.advance(10.0)
                with anyio.CancelScope(shield=True):
                    async with anyio.create_task_group() as group:
                        for task in tasks:
                            group.start_soon(task)

        async def broken() -> None:
            raise ZeroDivisionError

        with pytest.raises(errors.LeadershipLostError):
            await block(fenced)
        run.server.lease = None
        run.clock.advance(60)
        with pytest.raises(ExceptionGroup):
            await block(fenced, broken)

    run_async(scenario)


def test_another_thread_may_close_a_candidate(run_async: Any) -> None:
    async def scenario(run: Run) -> None:
        run.server.hold("other")
        elector = run.elector()

        async def close() -> None:
            await run.renewed(1)
            await anyio.to_thread.run_sync(elector.close)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(close)
            with pytest.raises(errors.ClosedError):
                async with run.leading(elector):
                    pass

    run_async(scenario)


def test_close_cancels_a_request_that_is_under_way(run_async: Any) -> None:
    async def scenario(run: Run) -> None:
        elector = run.elector()

        async def hang(*_: Any) -> None:
            elector.close()
            await anyio.sleep_forever()

        elector._requests.send = hang
        with pytest.raises(errors.ClosedError):
            async with run.leading(elector):
                pass

    run_async(scenario)
