"""Recorders of events on the fake cluster: no event is lost or counted twice because of a fault."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import metrics, rest
from kubecore.recorder import AsyncRecorder, Recorder, async_recorder, recorder
from kubecore.testing import FakeCluster, Response
from tests.ready import wait_until_async
from tests.testing.toolkit_runs import KINDS, SECONDS, ClusterTime

ABOUT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default", "uid": "1"}}
EVENTS = "events.k8s.io/v1/Event"


class Run:
    """A recorder on a fake cluster.

    Attributes:
        cluster: The cluster.
        clock: The time of the recorder and of the cluster.
        registry: The metrics of the recorder.
        recorder: The recorder.
    """

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster
        self.clock = ClusterTime(cluster)
        self.registry = metrics.Registry()
        self.recorder: Any = None

    def report(self, reason: str = "Copied") -> None:
        self.recorder.normal(ABOUT, reason, "a note")

    @property
    def counts(self) -> dict[str, int]:
        """The count of each reason on the server."""
        found = self.cluster.documents(EVENTS, "default")
        return {each["reason"]: each["series"]["count"] if "series" in each else 1 for each in found}

    @property
    def dropped(self) -> float:
        """The number of dropped events, for all reasons."""
        lines = self.registry.text().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("kubecore_events_dropped_total"))

    async def until(self, is_so: Callable[[], object]) -> None:
        """Let time pass until a condition is true."""

        def is_so_later() -> bool:
            if is_so():
                return True
            self.clock.advance(1)
            return False

        await wait_until_async(is_so_later)


Scenario = Callable[[Run], Awaitable[None]]
Drive = Callable[[Scenario], None]


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        yield cluster


def record(kind: str, cluster: FakeCluster, patch: pytest.MonkeyPatch, scenario: Scenario) -> None:
    run = Run(cluster)
    patch.setattr(recorder, "Wakeup", run.clock.wakeup)
    patch.setattr(async_recorder, "AsyncWakeup", run.clock.async_wakeup)
    config = rest.Config(host="https://fake.invalid", transport=cluster.config.transport, max_retries=0)
    options: dict[str, Any] = {"clock": run.clock, "registry": run.registry}

    @asynccontextmanager
    async def made() -> AsyncGenerator[Any]:
        if kind == "sync":
            with Clientset(config) as clientset:
                manager = Recorder(clientset, "copier", **options)
                yield manager.__enter__()
                await anyio.to_thread.run_sync(manager.__exit__, None, None, None)
        else:
            async with AsyncClientset(config) as other, AsyncRecorder(other, "copier", **options) as found:
                yield found

    async def main() -> None:
        with anyio.fail_after(SECONDS):
            async with made() as run.recorder:
                await scenario(run)

    anyio.run(main, backend="asyncio" if kind == "sync" else kind)


@pytest.fixture(params=KINDS)
def drive(request: pytest.FixtureRequest, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> Drive:
    return partial(record, request.param, cluster, monkeypatch)


@pytest.mark.parametrize("fault", ["lost", "throttled", "unavailable", "broken", "refused"])
def test_an_event_is_created_once_in_spite_of_faults(cluster: FakeCluster, drive: Drive, fault: str) -> None:
    responses = {
        "lost": Response.lost(),
        "throttled": Response.throttled(3),
        "unavailable": Response.status("ServiceUnavailable"),
        "broken": Response.broken(5),
        "refused": Response.refused(),
    }
    made = cluster.respond_with("create", EVENTS, responses[fault], times=2)

    async def scenario(run: Run) -> None:
        run.report()
        await run.until(lambda: made.count == 2 and run.counts)
        run.report("Later")
        await run.until(lambda: len(run.counts) == 2)
        assert run.counts == {"Copied": 1, "Later": 1}
        assert run.dropped == 0

    drive(scenario)


@pytest.mark.parametrize("fault", ["lost", "throttled", "unavailable"])
def test_a_series_has_the_right_count_in_spite_of_faults(cluster: FakeCluster, drive: Drive, fault: str) -> None:
    responses = {
        "lost": Response.lost(),
        "throttled": Response.throttled(3),
        "unavailable": Response.status("ServiceUnavailable"),
    }
    cluster.respond_with("patch", EVENTS, responses[fault], times=2)

    async def scenario(run: Run) -> None:
        for _ in range(9):
            run.report()
        await run.until(lambda: run.counts.get("Copied") == 9)

    drive(scenario)
    assert len(cluster.documents(EVENTS, "default")) == 1


def test_events_wait_while_the_server_is_down(cluster: FakeCluster, drive: Drive) -> None:
    down = cluster.refuse_connections()

    async def scenario(run: Run) -> None:
        run.report("First")
        run.report("Second")
        await run.until(lambda: down.count >= 3)
        down.remove()
        await run.until(lambda: len(run.counts) == 2)

    drive(scenario)


def test_a_series_continues_after_the_server_deleted_its_event(cluster: FakeCluster, drive: Drive) -> None:
    async def scenario(run: Run) -> None:
        run.report()
        await run.until(lambda: run.counts)
        (event,) = cluster.documents(EVENTS, "default")
        cluster.delete(EVENTS, event["metadata"]["name"], "default")
        run.report()
        run.report()
        await run.until(lambda: run.counts.get("Copied", 0) >= 3)

    drive(scenario)


def test_a_refused_event_is_dropped_and_the_next_one_written(cluster: FakeCluster, drive: Drive) -> None:
    denied = cluster.deny("create", EVENTS, times=1)

    async def scenario(run: Run) -> None:
        run.report("First")
        await run.until(lambda: denied.count == 1)
        run.report("Second")
        await run.until(lambda: run.counts)
        assert run.counts == {"Second": 1}
        assert run.dropped == 1

    drive(scenario)


def test_events_of_a_namespace_that_ends_are_dropped(cluster: FakeCluster, drive: Drive) -> None:
    cluster.background = "on settle"
    cluster.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    cluster.delete("Namespace", "shop")

    async def scenario(run: Run) -> None:
        about = {**ABOUT, "metadata": {"name": "settings", "namespace": "shop", "uid": "1"}}
        run.recorder.normal(about, "Copied", "a note")
        await run.until(lambda: len(cluster.calls))
        run.report()
        await run.until(lambda: run.counts)

    drive(scenario)
    assert [call.status for call in cluster.calls][:2] == [403, 201]


def test_events_are_selected_by_the_fields_of_both_groups() -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        settings = clientset.core_v1.config_maps("default").create({"metadata": {"name": "settings"}})
        with Recorder(clientset, "copier") as copier:
            copier.normal(settings, "Copied", "copied")
        (event,) = clientset.events_v1.events("default").list(field_selector="regarding.name=settings")
        (old,) = clientset.core_v1.events("default").list(field_selector="involvedObject.name=settings")
        assert old.metadata.uid == event.metadata.uid
        assert old.message == event.note == "copied"
