"""The fake cluster as a user sees it: programs with clientsets, watches, faults, time, controllers and HTTP."""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import kubecore.testing
from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, core_v1
from kubecore import errors
from kubecore.patch import MergePatch
from kubecore.testing import FakeCluster, NotSimulatedError
from tests.ready import wait_until

ROOT = Path(__file__).parents[2]
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
COUNTER: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "counter", "namespace": "default"},
    "data": {"n": "41"},
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"containers": [{"name": "web", "image": "web"}]},
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop", "namespace": "default"},
    "spec": {
        "selector": {"matchLabels": {"app": "shop"}},
        "template": {"metadata": {"labels": {"app": "shop"}}, "spec": POD["spec"]},
    },
    "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1},
}


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster(now=START) as cluster:
        yield cluster


def test_a_body_of_more_than_3_mib_is_refused(cluster: FakeCluster) -> None:
    with Clientset(cluster.config) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        large = {"metadata": {"name": "big"}, "data": {"text": "x" * (3 << 20)}}
        options = b'{"kind": "DeleteOptions", "apiVersion": "v1"}'.ljust((3 << 20) + 1)
        for write in (
            lambda: config_maps.create(large),
            lambda: config_maps.update(large),
            lambda: config_maps.patch("big", large, type="merge"),
            lambda: config_maps.apply(large, field_manager="test"),
            lambda: clientset.raw("DELETE", "/api/v1/namespaces/default/configmaps/big", body=options),
        ):
            with pytest.raises(errors.RequestEntityTooLargeError, match="limit is 3145728"):
                write()
        with pytest.raises(
            errors.InvalidError, match=r"is invalid: \[\]: Too long: may not be more than 1048576 bytes"
        ):
            config_maps.create({"metadata": {"name": "big"}, "data": {"text": "x" * (2 << 20)}})


def change(found: core_v1.ConfigMap) -> None:
    found.data["n"] = str(int(found.data["n"]) + 1)


def bump(clientset: Clientset) -> None:
    """The program under test."""
    clientset.core_v1.config_maps("default").modify("counter", change)


def test_bump_survives_another_writer() -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        cluster.add(COUNTER)
        cluster.fail("update", core_v1.ConfigMap, reason="Conflict", times=1)
        bump(clientset)
        assert cluster.get(core_v1.ConfigMap, "counter", "default").data == {"n": "42"}
        assert [call.verb for call in cluster.calls] == ["get", "update", "get", "update"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_asynchronous_bump_survives_another_writer(cluster: FakeCluster, backend: str) -> None:
    async def main() -> None:
        async with AsyncClientset(cluster.config) as clientset:
            await clientset.core_v1.config_maps("default").modify("counter", change)

    cluster.add(COUNTER)
    cluster.fail("update", core_v1.ConfigMap, reason="Conflict", times=1)
    anyio.run(main, backend=backend)
    assert cluster.get(core_v1.ConfigMap, "counter", "default").data == {"n": "42"}
    assert [call.status for call in cluster.writes] == [409, 200]


def test_a_watch_sees_the_writes_of_another_client(cluster: FakeCluster) -> None:
    cluster.add(COUNTER)
    with Clientset(cluster.config) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        version = config_maps.list().metadata.resource_version
        bump(clientset)
        config_maps.delete("counter")
        with config_maps.watch(resource_version=version) as events:
            assert [(event.type, event.object.data["n"]) for _, event in zip(range(2), events, strict=False)] == [
                ("MODIFIED", "42"),
                ("DELETED", "42"),
            ]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_asynchronous_watch_waits_for_a_write(cluster: FakeCluster, backend: str) -> None:
    async def main() -> None:
        async with AsyncClientset(cluster.config) as clientset:
            pods = clientset.core_v1.pods("default")
            version = (await pods.list()).metadata.resource_version
            async with pods.watch(resource_version=version) as events, anyio.create_task_group() as tasks:
                tasks.start_soon(pods.create, core_v1.Pod.from_dict(POD))
                event = await anext(events)
                assert (event.type, event.object.metadata.name) == ("ADDED", "web")

    anyio.run(main, backend=backend)


def test_a_watch_of_an_old_version_expires_after_a_compaction(cluster: FakeCluster) -> None:
    with Clientset(cluster.config) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        version = config_maps.list().metadata.resource_version
        cluster.add(COUNTER)
        cluster.compact()
        with (
            pytest.raises(errors.StatusError) as caught,
            config_maps.watch(resource_version=version) as events,
        ):
            next(events)
    assert caught.value.code == 410


def test_the_status_of_added_objects_is_kept(cluster: FakeCluster) -> None:
    cluster.add(apps_v1.Deployment.from_dict(DEPLOYMENT))
    assert cluster.get(apps_v1.Deployment, "shop", "default").status.ready_replicas == 1
    assert list(cluster.calls) == []


@pytest.mark.parametrize(
    "kind", ["Deployment", "deployments", "deployments.apps", "apps/v1/Deployment", apps_v1.Deployment]
)
def test_kinds_are_models_or_names(cluster: FakeCluster, kind: Any) -> None:
    cluster.add(DEPLOYMENT)
    assert cluster.document(kind, "shop", "default")["kind"] == "Deployment"
    assert [each["metadata"]["name"] for each in cluster.documents(kind)] == ["shop"]


def test_a_kind_that_is_not_served_is_named(cluster: FakeCluster) -> None:
    with pytest.raises(errors.NoMatchError, match="does not serve the kind 'Shop'"):
        cluster.document("Shop", "a", "default")
    with pytest.raises(errors.NoMatchError, match=r"does not serve the kind 'Shop' of 'example\.com/v1'"):
        cluster.add({"apiVersion": "example.com/v1", "kind": "Shop", "metadata": {"name": "a"}})


def test_a_deleted_pod_ends_when_the_clock_passes_its_grace_period(cluster: FakeCluster) -> None:
    cluster.add({**POD, "spec": {**POD["spec"], "nodeName": "node"}})
    with Clientset(cluster.config) as clientset:
        clientset.core_v1.pods("default").delete("web", grace_period_seconds=30)
    cluster.clock.advance(29)
    assert cluster.get(core_v1.Pod, "web", "default").metadata.deletion_timestamp is not None
    cluster.clock.advance(2)
    assert cluster.list(core_v1.Pod) == []


def test_new_objects_have_the_time_of_the_clock(cluster: FakeCluster) -> None:
    cluster.clock.set(START + datetime.timedelta(days=1))
    cluster.add(COUNTER)
    assert (
        cluster.document("ConfigMap", "counter", "default")["metadata"]["creationTimestamp"] == "2026-01-02T00:00:00Z"
    )


def test_a_clock_refuses_times_without_a_zone_and_negative_seconds(cluster: FakeCluster) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        FakeCluster(now=datetime.datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="expected 0 or more"):
        cluster.clock.advance(-1)


def test_a_namespace_is_deleted_in_settle(cluster: FakeCluster) -> None:
    cluster.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    cluster.add({**COUNTER, "metadata": {"name": "counter", "namespace": "shop"}})
    cluster.background = "on settle"
    with Clientset(cluster.config) as clientset:
        clientset.core_v1.namespaces().delete("shop")
        assert clientset.core_v1.namespaces().get("shop").status.phase == "Terminating"
        cluster.settle()
        with pytest.raises(errors.NotFoundError):
            clientset.core_v1.namespaces().get("shop")
    assert [each.metadata.name for each in cluster.list(core_v1.ConfigMap, "shop")] == []


def test_the_same_seed_makes_the_same_objects() -> None:
    def made(seed: int) -> dict[str, Any]:
        with FakeCluster(seed=seed, now=START) as cluster:
            cluster.add(COUNTER)
            return cluster.document("ConfigMap", "counter", "default")

    assert made(1) == made(1)
    assert made(1)["metadata"]["uid"] != made(2)["metadata"]["uid"]


def test_strict_raises_at_the_end_if_a_rule_was_not_checked() -> None:
    with FakeCluster() as cluster:
        cluster.unsure.append(("Pod", "/api/v1/pods", "a rule"))
    with pytest.raises(NotSimulatedError, match="a rule of Pod was not checked for /api/v1/pods: a rule"):
        with FakeCluster(strict=True) as cluster:
            cluster.unsure.append(("Pod", "/api/v1/pods", "a rule"))


def test_a_status_of_the_program_is_unsure_and_one_of_the_test_is_not(cluster: FakeCluster) -> None:
    cluster.add(DEPLOYMENT)
    cluster.set_status(apps_v1.Deployment, "shop", "default", {"replicas": 2})
    assert cluster.unsure == []
    with Clientset(cluster.config) as clientset:
        deployments = clientset.apps_v1.deployments("default")
        deployments.patch_status("shop", MergePatch({"status": {"replicas": 3}}))
    assert [(kind, path.rpartition("/")[2]) for kind, path, _ in cluster.unsure] == [("Deployment", "status")]


def test_an_error_of_the_block_wins_over_strict() -> None:
    with pytest.raises(KeyError):
        with FakeCluster(strict=True) as cluster:
            cluster.unsure.append(("Pod", "/api/v1/pods", "a rule"))
            raise KeyError


@pytest.mark.parametrize("tls", [False, True])
def test_other_clients_use_the_cluster_over_http(cluster: FakeCluster, *, tls: bool) -> None:
    cluster.add(COUNTER)
    served = cluster.serve(tls=tls)
    with Clientset(served.config) as clientset:
        bump(clientset)
    assert cluster.get(core_v1.ConfigMap, "counter", "default").data == {"n": "42"}
    assert [(call.verb, call.status) for call in cluster.calls] == [("get", 200), ("update", 200)]


def test_faults_and_cut_watches_apply_over_http(cluster: FakeCluster) -> None:
    config = cluster.serve().config
    cluster.lose_response("create", core_v1.ConfigMap, times=1)
    cluster.break_off("get", core_v1.ConfigMap, after_bytes=5, times=1)
    with Clientset(config) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        with pytest.raises(errors.TransportError):
            config_maps.create(core_v1.ConfigMap.from_dict(COUNTER))
        assert cluster.get(core_v1.ConfigMap, "counter", "default").data == {"n": "41"}
        url = f"{cluster.serve().url}/api/v1/namespaces/default/configmaps/counter"
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(url)
        assert json.loads(httpx.get(url).content)["data"] == {"n": "41"}
        with config_maps.watch(resource_version=config_maps.list().metadata.resource_version) as events:
            wait_until(lambda: cluster.cut_watches() == 1)
            bump(clientset)
            assert next(events).object.data == {"n": "42"}


def test_a_request_that_hangs_over_http_ends_with_the_cluster() -> None:
    with FakeCluster() as cluster:
        cluster.hang("get", core_v1.ConfigMap)
        served = cluster.serve()
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{served.url}/api/v1/namespaces/default/configmaps/counter", timeout=0.05)
    with pytest.raises(httpx.ConnectError):
        httpx.get(served.url)


def test_public_names_are_lazy() -> None:
    code = "import sys, kubecore.testing; print([name for name in sys.modules if name.startswith('kubecore.testing.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    for name in set(kubecore.testing.__all__) - {"Player"}:
        assert getattr(kubecore.testing, name).__name__ == name
    assert kubecore.testing.Player  # an alias of a type, which has no name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        kubecore.testing.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_pytest_does_not_load_the_plugin_by_itself() -> None:
    """With an entry point, pytest would rewrite every module of kubecore and kubeclient when tests import it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "pytest11" not in project.get("entry-points", {})


def test_the_plugin_imports_no_part_of_the_fake_cluster() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import kubecore.testing.plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (
        done.stdout
        == "['kubecore', 'kubecore._support', 'kubecore._version', 'kubecore.testing', 'kubecore.testing.plugin']\n"
    )


def test_the_page_names_everything_that_a_cluster_has() -> None:
    page = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
    with FakeCluster() as cluster:
        names = {name for name in dir(cluster) if not name.startswith("_")}
    named_by_its_block = {"close"}
    assert {name for name in names if not re.search(rf"\b{name}\b", page)} == named_by_its_block
