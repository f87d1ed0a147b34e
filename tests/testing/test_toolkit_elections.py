"""Leader elections on the fake cluster: lost responses, conflicts, an API server that is down, and old backups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import anyio
import pytest

from kubecore import errors
from kubecore.testing import FakeCluster, Fault, Received, Response
from tests.testing.toolkit_runs import KINDS, Electors, elect

Drive = Callable[[Callable[[Electors], Awaitable[None]]], None]


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        yield cluster


@pytest.fixture(params=KINDS)
def drive(request: pytest.FixtureRequest, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> Drive:
    return partial(elect, request.param, cluster, monkeypatch)


def take_over(cluster: FakeCluster, identity: str) -> None:
    """Let another candidate hold the Lease."""
    cluster.patch("Lease", "lock", "default", {"spec": {"holderIdentity": identity}})


def renewals(cluster: FakeCluster) -> int:
    return sum(1 for call in cluster.calls.of(verb="update", kind="Lease") if call.status == 200)


@pytest.mark.parametrize("verb", ["create", "get"])
def test_a_lost_response_before_the_term_delays_it(cluster: FakeCluster, drive: Drive, verb: str) -> None:
    fault = cluster.lose_response(verb, "Lease", times=1)

    async def scenario(electors: Electors) -> None:
        elector = electors.elector()
        async with electors.leading(elector) as term:
            assert (term.transitions, electors.lease["holderIdentity"]) == (0, "a")
        assert not electors.lease.get("holderIdentity")

    async def moving(electors: Electors) -> None:
        async with anyio.create_task_group() as tasks:

            async def lead() -> None:
                await scenario(electors)
                tasks.cancel_scope.cancel()

            tasks.start_soon(lead)
            await electors.until(lambda: False)

    drive(moving)
    assert fault.count == 1


@pytest.mark.parametrize("fault", ["lost", "throttled", "conflict", "unavailable", "garbled", "broken"])
def test_a_term_survives_renewals_that_fail(cluster: FakeCluster, drive: Drive, fault: str) -> None:
    responses = {
        "lost": Response.lost(),
        "throttled": Response.throttled(0),
        "conflict": Response.status("Conflict"),
        "unavailable": Response.status("ServiceUnavailable"),
        "garbled": Response.html(),
        "broken": Response.broken(10),
    }

    async def scenario(electors: Electors) -> None:
        async with electors.leading(electors.elector()) as term:
            made = cluster.respond_with("update", "Lease", responses[fault], times=2)
            await electors.until(lambda: made.count == 2)
            before = renewals(cluster)
            await electors.until(lambda: renewals(cluster) > before)
            assert not term.lost.is_set() if electors.kind == "sync" else term.valid_for() > 0
            assert electors.lease["leaseTransitions"] == 0
        assert electors.exits == []

    drive(scenario)


def test_a_term_ends_if_the_server_stays_down(cluster: FakeCluster, drive: Drive) -> None:
    async def scenario(electors: Electors) -> None:
        elector = electors.elector()
        with pytest.raises(errors.LeadershipLostError):
            async with electors.leading(elector) as term:
                cluster.refuse_connections()
                await electors.until(lambda: not elector.is_leading)
                assert term.valid_for() <= 2.5
        assert electors.lease["holderIdentity"] == "a"  # It could not be released.
        assert electors.exits == []

    drive(scenario)


def test_writes_are_fenced_after_a_takeover(cluster: FakeCluster, drive: Drive) -> None:
    async def scenario(electors: Electors) -> None:
        elector = electors.elector()
        with pytest.raises((errors.LeadershipLostError, errors.FencedError)):
            async with electors.leading(elector):
                take_over(cluster, "b")
                await electors.until(lambda: not elector.is_leading)
                await create(electors)
        assert len(cluster.calls.of(kind="ConfigMap")) == 0
        assert electors.lease["holderIdentity"] == "b"

    drive(scenario)


async def create(electors: Electors) -> None:
    maps = electors.clientset.core_v1.config_maps("default")
    made = maps.create({"metadata": {"name": "x"}})
    if electors.kind != "sync":
        await made


def test_a_deleted_lease_ends_the_term(cluster: FakeCluster, drive: Drive) -> None:
    async def scenario(electors: Electors) -> None:
        elector = electors.elector()
        with pytest.raises(errors.LeadershipLostError):
            async with electors.leading(elector):
                cluster.delete("Lease", "lock", "default")
                await electors.until(lambda: not elector.is_leading)

    drive(scenario)


def test_another_candidate_leads_when_the_lease_has_expired(cluster: FakeCluster, drive: Drive) -> None:
    async def scenario(electors: Electors) -> None:
        electors.cluster.add(
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": "lock"},
                "spec": {"holderIdentity": "gone", "leaseDurationSeconds": 15, "leaseTransitions": 3},
            }
        )
        began = electors.clock.monotonic()
        async with anyio.create_task_group() as tasks:

            async def lead() -> None:
                async with electors.leading(electors.elector()) as term:
                    assert term.transitions == 4
                    assert electors.clock.monotonic() - began >= 15
                tasks.cancel_scope.cancel()

            tasks.start_soon(lead)
            await electors.until(lambda: False)

    drive(scenario)


def test_a_backup_with_another_holder_ends_the_term(cluster: FakeCluster, drive: Drive) -> None:
    async def scenario(electors: Electors) -> None:
        first = electors.elector()
        async with electors.leading(first):
            backup = cluster.checkpoint()
        second = electors.elector("b")
        with pytest.raises(errors.LeadershipLostError):
            async with electors.leading(second):
                cluster.restore(backup)
                await electors.until(lambda: not second.is_leading)
        assert electors.lease["holderIdentity"] == "a"

    drive(scenario)


def touch(cluster: FakeCluster, times: int | None) -> Fault:
    """Let another program change the Lease between each read and each write of the leader."""

    def change(received: Received) -> None:
        cluster.patch("Lease", "lock", "default", {"metadata": {"labels": {"n": str(received.number)}}})

    return cluster.on("update", "Lease", times=times)(change)


def test_a_term_survives_some_conflicts(cluster: FakeCluster, drive: Drive) -> None:
    async def scenario(electors: Electors) -> None:
        async with electors.leading(electors.elector()) as term:
            storm = touch(cluster, 3)
            await electors.until(lambda: storm.count == 3)
            before = renewals(cluster)
            await electors.until(lambda: renewals(cluster) > before)
            assert term.valid_for() > 0
        assert electors.exits == []

    drive(scenario)


def test_a_storm_of_conflicts_ends_the_term(cluster: FakeCluster, drive: Drive) -> None:
    async def scenario(electors: Electors) -> None:
        elector = electors.elector()
        with pytest.raises(errors.LeadershipLostError):
            async with electors.leading(elector):
                storm = touch(cluster, None)
                await electors.until(lambda: not elector.is_leading)
                assert storm.count > 3

    drive(scenario)
