"""Electors: threads, asyncio and trio, with a Lease in memory and on virtual time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from kubecore import errors
from tests.kubecore.election_runs import KINDS, Run, Scenario, drive, fail
from tests.ready import wait_until_async


@pytest.fixture(params=KINDS)
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenario], None]:
    return lambda scenario: drive(request.param, monkeypatch, scenario)


class Sink:
    """Keeps events."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def normal(self, about: Any, reason: str, note: str, *, action: str) -> None:
        self.events.append((about["metadata"].get("uid"), reason, note, action))


def test_a_candidate_creates_the_lease_renews_and_releases_it(run: Any) -> None:
    async def scenario(run: Run) -> None:
        elector, sink = run.elector(events=(sink := Sink())), sink
        assert (elector.leader, elector.is_leading) == ("", False)
        async with run.leading(elector) as term:
            assert (elector.leader, elector.is_leading, elector.identity) == ("a", True, "a")
            assert (term.identity, term.transitions, term.valid_for()) == ("a", 0, 12.5)
            assert not term.lost.is_set()
            run.clock.advance(2.0)
            await run.renewed(3)
            await wait_until_async(lambda: term.valid_for() == 12.5)
            await run.write()
        assert run.server.requests == ["GET -", "POST a", "PUT a", "PUT "]
        assert (elector.leader, elector.is_leading) == ("", False)
        assert run.server.bodies[-1]["spec"]["leaseDurationSeconds"] == 1
        assert sink.events == [
            ("u1", "LeaderElection", "a became leader", "StartLeading"),
            ("u1", "LeaderElection", "a stopped leading", "StopLeading"),
        ]

    run(scenario)


def test_a_candidate_waits_until_the_leader_is_silent(run: Any) -> None:
    async def scenario(run: Run) -> None:
        run.server.hold("other", seconds=4, leaseTransitions=2)
        elector = run.elector()

        async def lead() -> None:
            async with run.leading(elector) as term:
                assert term.transitions == 3

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lead)
            await run.renewed(1)
            await wait_until_async(lambda: elector.leader == "other")
            assert not elector.is_leading
            await run.until(lambda: "PUT " in run.server.requests)
        assert run.server.requests[0] == "GET -"
        assert run.server.requests[-2:] == ["PUT a", "PUT "]

    run(scenario)


def test_writes_are_refused_unless_the_process_leads_and_reads_continue(run: Any) -> None:
    async def scenario(run: Run) -> None:
        elector = run.elector()
        await run.write()
        async with run.leading(elector):
            await run.write()
        assert run.server.writes == 2
        with pytest.raises(errors.FencedError, match="does not lead ns/lock"):
            await run.write()
        await run.read()
        assert run.server.writes == 2
        async with run.leading(elector):
            await run.write()

    run(scenario)


@pytest.mark.parametrize("code", [500, 503, 403])
def test_a_term_that_is_not_renewed_is_lost(run: Any, code: int) -> None:
    async def scenario(run: Run) -> None:
        sink = Sink()
        elector = run.elector(events=sink)
        with pytest.raises(errors.LeadershipLostError, match="ns/lock was lost: the Lease was not renewed for 10 s"):
            async with run.leading(elector) as term:
                run.server.next["PUT"] = [fail(code)] * 100
                await run.until(lambda: term.lost.is_set())
        assert (elector.is_leading, term.valid_for()) == (False, 0.0)
        assert "PUT " not in run.server.requests, "a lost Lease is not released"
        assert [event[2] for event in sink.events] == ["a became leader", "a stopped leading"]

    run(scenario)


@pytest.mark.parametrize(
    ("strike", "reason"),
    [
        (lambda run: run.server.hold("other"), "the Lease is held by 'other'"),
        (lambda run: run.server.hold(""), "the holder was removed"),
        (lambda run: setattr(run.server, "lease", None), "the Lease was deleted"),
        (lambda run: run.server.hold("a", uid="u2"), "the Lease was deleted and created again"),
    ],
    ids=["foreign", "removed", "deleted", "recreated"],
)
def test_a_lease_of_somebody_else_ends_the_term_at_once(run: Any, strike: Any, reason: str) -> None:
    async def scenario(run: Run) -> None:
        with pytest.raises(errors.LeadershipLostError, match=reason):
            async with run.leading(run.elector()) as term:
                strike(run)
                run.clock.advance(2.0)
                await wait_until_async(lambda: term.lost.is_set())
        with pytest.raises(errors.FencedError):
            await run.write()

    run(scenario)


def test_a_conflict_with_ones_own_record_is_followed_by_get_and_update(run: Any) -> None:
    async def scenario(run: Run) -> None:
        async with run.leading(run.elector()) as term:
            run.server.hold("a")  # As after a renewal whose response was lost.
            run.clock.advance(2.0)
            await run.renewed(5)
            await wait_until_async(lambda: term.valid_for() == 12.5)
        assert run.server.requests == ["GET -", "POST a", "PUT a", "GET -", "PUT a", "PUT "]

    run(scenario)


def test_a_release_that_conflicts_is_tried_again(run: Any) -> None:
    async def scenario(run: Run) -> None:
        async with run.leading(run.elector()):
            run.server.hold("a", leaseTransitions=5)
        assert run.server.requests == ["GET -", "POST a", "PUT ", "GET -", "PUT "]
        assert run.server.bodies[-1]["spec"]["leaseTransitions"] == 5

    run(scenario)


def test_an_error_of_the_block_is_raised_after_the_release(run: Any) -> None:
    async def scenario(run: Run) -> None:
        with pytest.raises(ZeroDivisionError) as caught:
            async with run.leading(run.elector()):
                raise ZeroDivisionError
        assert not getattr(caught.value, "__notes__", [])
        assert run.server.requests[-1] == "PUT "

    run(scenario)


def test_an_error_of_the_block_of_a_lost_term_names_the_loss(run: Any) -> None:
    async def scenario(run: Run) -> None:
        with pytest.raises(ZeroDivisionError) as caught:
            async with run.leading(run.elector()):
                run.clock.advance(10.0)
                raise ZeroDivisionError
        assert caught.value.__notes__ == [
            "the leadership of ns/lock was lost: the Lease was not renewed for 10 s, the renew deadline"
        ]

    run(scenario)


def test_a_refused_write_of_a_lost_term_is_reported_as_the_loss(run: Any) -> None:
    async def scenario(run: Run) -> None:
        with pytest.raises(errors.LeadershipLostError) as caught:
            async with run.leading(run.elector(on_stuck=lambda: None)):
                with anyio.CancelScope(shield=True):
                    run.clock.advance(13.0)
                    await run.write()
        assert isinstance(caught.value.__cause__, errors.FencedError)

    run(scenario)


def test_a_block_that_outlives_its_term_without_noticing_ends_with_the_loss(run: Any) -> None:
    """As a process that was stopped: its last line runs before any renewal."""

    async def scenario(run: Run) -> None:
        with pytest.raises(errors.LeadershipLostError):
            async with run.leading(run.elector(on_stuck=lambda: None)):
                run.clock.advance(60.0)
        assert "PUT " not in run.server.requests

    run(scenario)


def test_a_block_that_does_not_end_ends_the_process(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(run: Run) -> None:
        with pytest.raises(errors.LeadershipLostError):
            async with run.leading(run.elector()) as term:
                with anyio.CancelScope(shield=True):
                    run.server.next["PUT"] = [fail(500)] * 100
                    run.clock.advance(10.0)
                    await wait_until_async(lambda: term.lost.is_set())
                    run.clock.advance(2.9)
                    assert run.exits == []
                    await run.until(lambda: run.exits)
        assert run.exits == [1]

    with caplog.at_level(logging.CRITICAL, "kubecore"):
        run(scenario)
    (record,) = (record for record in caplog.records if record.levelno == logging.CRITICAL)
    assert record.getMessage() == (
        "leader election ns/lock: the term is lost (the Lease was not renewed for 10 s, the renew deadline), "
        "and its block did not end within 3 s"
    )


def test_on_stuck_replaces_the_end_of_the_process(run: Any) -> None:
    async def scenario(run: Run) -> None:
        stuck = threading.Event()
        with pytest.raises(errors.LeadershipLostError):
            async with run.leading(run.elector(on_stuck=stuck.set)):
                with anyio.CancelScope(shield=True):
                    run.clock.advance(10.0)
                    await run.until(lambda: stuck.is_set())

    run(scenario)


def test_check_reports_a_leader_that_does_not_renew(run: Any) -> None:
    async def scenario(run: Run) -> None:
        elector = run.elector(lease_duration=60.0, on_stuck=lambda: None)
        assert elector.check(20)
        run.server.hold("other")
        with pytest.raises(errors.LeadershipLostError):
            run.server.lease = None
            async with run.leading(elector):
                run.server.next["PUT"] = [fail(500)] * 100
                run.clock.advance(61.0)
                assert elector.check(20)
                assert not elector.check()
                run.clock.advance(3540.0)
                assert not elector.check(20)
        assert elector.check(20), "its block has ended"
        run.clock.advance(3600.0)
        assert elector.check(20)

    run(scenario)


def test_an_elector_is_used_by_one_block_at_a_time(run: Any) -> None:
    async def scenario(run: Run) -> None:
        elector = run.elector()
        async with run.leading(elector):
            with pytest.raises(RuntimeError, match="leads already"):
                async with run.leading(elector):
                    pass
            assert elector.is_leading

    run(scenario)


def test_close_ends_the_wait_of_a_candidate(run: Any) -> None:
    async def scenario(run: Run) -> None:
        run.server.hold("other")
        elector = run.elector()

        async def wait() -> None:
            with pytest.raises(errors.ClosedError, match="the elector of ns/lock is closed; create another one"):
                async with run.leading(elector):
                    pass

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await run.renewed(1)
            elector.close()
        assert run.server.holder == "other"
        await wait()

    run(scenario)


def test_close_leaves_a_term_alone(run: Any) -> None:
    async def scenario(run: Run) -> None:
        elector = run.elector()
        async with run.leading(elector):
            elector.close()
            assert elector.is_leading
            await run.write()
        assert run.server.requests[-1] == "PUT "

    run(scenario)


@pytest.mark.parametrize(
    ("method", "code", "reason", "error"),
    [
        ("GET", 403, "Forbidden", errors.ForbiddenError),
        ("GET", 401, "Unauthorized", errors.UnauthorizedError),
        ("POST", 403, "Forbidden", errors.ForbiddenError),
        ("POST", 404, "NotFound", errors.NotFoundError),
        ("POST", 422, "Invalid", errors.InvalidError),
    ],
)
def test_a_refusal_of_the_first_request_is_raised(
    run: Any, method: str, code: int, reason: str, error: type[Exception]
) -> None:
    async def scenario(run: Run) -> None:
        run.server.next[method] = [fail(code, reason)]
        with pytest.raises(error):
            async with run.leading(run.elector()):
                pass

    run(scenario)


def test_an_unavailable_server_is_waited_for(run: Any) -> None:
    async def scenario(run: Run) -> None:
        def broken(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

        run.server.next["GET"] = [fail(500), broken, fail(429)]

        async def lead() -> None:
            async with run.leading(run.elector()):
                pass

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lead)
            await run.until(lambda: "PUT " in run.server.requests)

    run(scenario)


def test_rights_that_are_taken_away_for_some_time_are_waited_for(run: Any) -> None:
    async def scenario(run: Run) -> None:
        run.server.hold("other", seconds=3)

        async def lead() -> None:
            async with run.leading(run.elector()):
                pass

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lead)
            await run.renewed(1)
            run.server.next["GET"] = [fail(403, "Forbidden")] * 2
            await run.until(lambda: "PUT " in run.server.requests)

    run(scenario)


def test_a_closed_clientset_is_an_error(run: Any) -> None:
    async def scenario(run: Run) -> None:
        def closed(request: httpx.Request) -> httpx.Response:
            raise errors.ClosedError("the client is closed")

        run.server.next["GET"] = [closed]
        with pytest.raises(errors.ClosedError):
            async with run.leading(run.elector()):
                pass

    run(scenario)


def test_events_that_can_not_be_recorded_do_no_harm(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def normal(self, *arguments: Any, **options: Any) -> None:
            raise OSError("full")

    async def scenario(run: Run) -> None:
        async with run.leading(run.elector(events=Broken())):
            pass

    run(scenario)
    assert "the event 'became leader' could not be recorded" in caplog.text


def test_no_thread_is_left_behind(run: Any) -> None:
    async def scenario(run: Run) -> None:
        async with run.leading(run.elector()):
            assert names()
        assert names() == []

    def names() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("kubecore-election")]

    run(scenario)
