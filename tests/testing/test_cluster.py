"""Clusters for tests: seeds, reads, recorded requests, controllers that a test plays, watches that end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors, rest
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing.cluster import FakeCluster
from tests.ready import wait_until

COUNTER: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "counter", "namespace": "default"},
    "data": {"n": "41"},
}


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster(controllers=False) as cluster:
        yield cluster


def newest(cluster: FakeCluster) -> str:
    """Return the version from which a watch starts at once, without a list."""
    with Clientset(cluster.config) as clientset:
        version = clientset.core_v1.config_maps("default").list().metadata.resource_version
    cluster.calls.clear()
    return version or ""


def bump(clientset: Clientset) -> None:
    """The program under test."""

    def change(found: core_v1.ConfigMap) -> None:
        found.data["n"] = str(int(found.data["n"]) + 1)

    clientset.core_v1.config_maps("default").modify("counter", change)


def test_bump_survives_another_writer(cluster: FakeCluster) -> None:
    with Clientset(cluster.config) as clientset:
        cluster.add(COUNTER)
        cluster.fail("update", core_v1.ConfigMap, reason="Conflict", times=1)
        bump(clientset)
    assert cluster.get(core_v1.ConfigMap, "counter", "default").data == {"n": "42"}
    assert [call.verb for call in cluster.calls] == ["get", "update", "get", "update"]
    assert [call.status for call in cluster.writes] == [409, 200]


def test_objects_are_added_from_models_and_yaml(cluster: FakeCluster) -> None:
    cluster.add(core_v1.ConfigMap.from_dict(COUNTER))
    cluster.add_yaml("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n  namespace: default\n")
    found: list[core_v1.ConfigMap] = cluster.list(core_v1.ConfigMap, "default")
    assert [each.metadata.name for each in found] == ["counter", "other"]
    assert list(cluster.calls) == []


def test_a_missing_object_is_a_not_found_error(cluster: FakeCluster) -> None:
    with pytest.raises(errors.NotFoundError):
        cluster.get(core_v1.ConfigMap, "counter", "default")


def test_faults_do_not_apply_to_the_reads_of_the_test(cluster: FakeCluster) -> None:
    cluster.add(COUNTER)
    cluster.fail("*", "*")
    assert cluster.get(core_v1.ConfigMap, "counter", "default").data == {"n": "41"}


def test_a_function_plays_a_controller(cluster: FakeCluster) -> None:
    @cluster.after("create", core_v1.Pod)
    def run(cluster: FakeCluster, pod: dict[str, Any]) -> None:
        cluster.set_status(core_v1.Pod, pod["metadata"]["name"], pod["metadata"]["namespace"], {"phase": "Running"})

    with Clientset(cluster.config) as clientset:
        pod = core_v1.Pod.from_dict(
            {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        )
        clientset.core_v1.pods("default").create(pod)
        found = clientset.core_v1.pods("default").get("web")
    assert found.status.phase == "Running"
    assert [call.verb for call in cluster.calls] == ["create", "get"]


@pytest.mark.parametrize("reset", [False, True])
def test_a_watch_that_is_cut_is_resumed_without_a_loss(cluster: FakeCluster, *, reset: bool) -> None:
    with (
        Clientset(cluster.config) as clientset,
        clientset.core_v1.config_maps("default").watch(resource_version=newest(cluster)) as events,
    ):
        assert cluster.cut_watches(reset=reset) == 1
        cluster.add(COUNTER)
        assert next(events).object.metadata.name == "counter"
    assert [call.verb for call in cluster.calls] == ["watch", "watch"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_asynchronous_watch_that_is_cut_is_resumed(cluster: FakeCluster, backend: str) -> None:
    async def main() -> None:
        async with (
            AsyncClientset(cluster.config) as clientset,
            clientset.core_v1.config_maps("default").watch(resource_version=newest(cluster)) as events,
        ):
            cluster.cut_watches()
            cluster.add(COUNTER)
            assert (await anext(events)).object.metadata.name == "counter"

    anyio.run(main, backend=backend)


def test_events_of_a_silent_watch_arrive_later(cluster: FakeCluster) -> None:
    config = cluster.config
    config.timeouts = rest.Timeouts(idle=None)
    with (
        Clientset(config) as clientset,
        clientset.core_v1.config_maps("default").watch(resource_version=newest(cluster)) as events,
    ):
        with cluster.mute_watches() as silence:
            cluster.add(COUNTER)
        assert next(events).object.metadata.name == "counter"
        assert silence.count == 1
        silence.remove()


def test_a_silent_watch_is_left_after_the_idle_timeout(cluster: FakeCluster) -> None:
    silence = cluster.mute_watches()
    config = cluster.config
    config.timeouts = rest.Timeouts(idle=0.05)
    with (
        Clientset(config) as clientset,
        clientset.core_v1.config_maps("default").watch(resource_version=newest(cluster)) as events,
    ):
        cluster.after("list", core_v1.ConfigMap)(lambda cluster, found: silence.remove())
        cluster.on("watch", core_v1.ConfigMap)(lambda received: silence.remove())
        cluster.add(COUNTER)
        assert next(events).object.metadata.name == "counter"
    assert len(cluster.calls.of(verb="watch")) == 2


@pytest.mark.slow
def test_an_informer_recovers_from_faults(cluster: FakeCluster) -> None:
    cluster.add(COUNTER)
    cluster.fail("list", core_v1.ConfigMap, "ServiceUnavailable", retry_after=0, times=1)
    with Clientset(cluster.config) as clientset, clientset.core_v1.config_maps("default").informer() as informer:
        wait_until(lambda: informer.get_or_none("counter", "default") is not None)
        cluster.cut_watches(reset=True)
        cluster.add({**COUNTER, "metadata": {"name": "second", "namespace": "default"}})
        wait_until(lambda: informer.get_or_none("second", "default") is not None)


def test_a_request_that_is_not_simulated_fails_the_test_although_it_was_handled() -> None:
    with (
        pytest.raises(NotSimulatedError, match="pods/web/proxy/ is not simulated"),
        FakeCluster() as cluster,
        Clientset(cluster.config) as clientset,
        pytest.raises(NotSimulatedError),
    ):
        clientset.core_v1.pods("default").proxy("web")
    assert len(cluster.refused) == 1
