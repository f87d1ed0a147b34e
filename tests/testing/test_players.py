"""Functions that play controllers: programs that wait continue, and a real server accepts the status."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, batch_v1, core_v1
from kubecore import testing
from kubecore.discovery import Discovery
from kubecore.dynamic import DynamicClient
from kubecore.rest import Client
from kubecore.testing import ApiServer, FakeCluster
from kubecore.testing.players import complete_job, ready_deployment, running_pod
from tests.cluster.build import binaries

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
CONTAINERS: dict[str, Any] = {"containers": [{"name": "web", "image": "web:1"}]}
POD: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": CONTAINERS}
JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "web"},
    "spec": {"completions": 2, "template": {"spec": {**CONTAINERS, "restartPolicy": "Never"}}},
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": CONTAINERS},
    },
}
SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
}


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster(now=NOW) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with ApiServer(controllers=False, folder=binaries()) as server:
        yield server


def test_a_program_waits_for_a_running_pod(cluster: FakeCluster) -> None:
    cluster.after("create", core_v1.Pod)(testing.pod_running)
    with Clientset(cluster.config) as clientset:
        pods = clientset.core_v1.pods("default")
        pods.create(POD)
        pods.wait("web", for_="condition=Ready", timeout=1)
        status = pods.get("web").status
    assert status is not None
    assert (status.phase, status.pod_ip) == ("Running", "10.244.0.2")
    assert cluster.document("Pod", "web", "default")["spec"]["nodeName"] == "node-1"
    assert [(each.name, each.ready) for each in status.container_statuses or ()] == [("web", True)]
    assert [str(change) for change in cluster.changes] == ["ADDED Pod default/web"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_program_waits_for_a_rollout(cluster: FakeCluster, backend: str) -> None:
    async def main() -> None:
        async with AsyncClientset(cluster.config) as clientset:
            deployments = clientset.apps_v1.deployments("default")
            await deployments.create(DEPLOYMENT)
            await deployments.wait_for_rollout("web", timeout=1)

    cluster.after("create", apps_v1.Deployment)(testing.deployment_available)
    anyio.run(main, backend=backend)
    assert cluster.get(apps_v1.Deployment, "web", "default").status.available_replicas == 3


def test_a_program_waits_for_a_job(cluster: FakeCluster) -> None:
    cluster.after("create", batch_v1.Job)(testing.job_complete)
    with Clientset(cluster.config) as clientset:
        jobs = clientset.batch_v1.jobs("default")
        jobs.create(JOB)
        jobs.wait("web", for_="condition=Complete", timeout=1)
    assert cluster.document("Job", "web", "default")["status"]["succeeded"] == 2


def test_a_running_pod_ends_after_its_grace_period(cluster: FakeCluster) -> None:
    cluster.after("create", core_v1.Pod)(testing.pod_running)
    with Clientset(cluster.config) as clientset:
        pods = clientset.core_v1.pods("default")
        pods.create(POD)
        pods.delete("web")
        cluster.clock.advance(29)
        assert pods.get("web").metadata.deletion_grace_period_seconds == 30
        cluster.clock.advance(1)
        assert pods.get_or_none("web") is None


def test_only_services_of_the_type_get_a_load_balancer(cluster: FakeCluster) -> None:
    cluster.after("create", core_v1.Service)(testing.load_balancer("1.2.3.4"))
    with Clientset(cluster.config) as clientset:
        services = clientset.core_v1.services("default")
        services.create(SERVICE)
        services.create({**SERVICE, "metadata": {"name": "other"}, "spec": {"ports": [{"port": 80}]}})
    statuses = [cluster.document("Service", name, "default")["status"] for name in ("web", "other")]
    assert statuses == [{"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "VIP"}]}}, {"loadBalancer": {}}]


def test_a_function_plays_for_one_name_or_subresource(cluster: FakeCluster) -> None:
    seen: list[str] = []
    cluster.after("*", "Pod", name="db")(lambda _, pod: seen.append(pod["metadata"]["name"]))
    cluster.after("patch", "pods/status")(lambda _, pod: seen.append(pod["status"]["phase"]))
    with Clientset(cluster.config) as clientset:
        pods = clientset.core_v1.pods("default")
        pods.create(POD)
        pods.create({**POD, "metadata": {"name": "db"}})
        pods.patch_status("web", {"status": {"phase": "Failed"}}, type="merge")
    assert seen == ["db", "Failed"]


def running(document: dict[str, Any]) -> dict[str, Any]:
    return running_pod(document, NOW)


def completed(document: dict[str, Any]) -> dict[str, Any]:
    return complete_job(document, NOW)


def rolled_out(document: dict[str, Any]) -> dict[str, Any]:
    return ready_deployment(document, NOW)


@pytest.mark.server
@pytest.mark.parametrize(
    ("document", "status_of"),
    [(POD, running), (JOB, completed), (DEPLOYMENT, rolled_out)],
    ids=lambda each: str(each)[:9],
)
def test_a_real_server_stores_the_same_status(
    document: dict[str, Any], status_of: Callable[[dict[str, Any]], dict[str, Any]], server: ApiServer
) -> None:
    stored: list[dict[str, Any]] = []
    with FakeCluster(now=NOW) as fake:
        for config in (fake.config, server.config):
            with Client(config) as client:
                kind = DynamicClient(client, Discovery(client)).resource(
                    document["kind"], api_version=document["apiVersion"], namespace="default"
                )
                made = kind.create({**copy.deepcopy(document), "metadata": {"name": "players"}})
                try:
                    stored.append(kind.update_status({**made, "status": status_of(made)})["status"])
                finally:
                    kind.delete("players", propagation_policy="Background", grace_period_seconds=0)
    assert stored[0] == stored[1]
