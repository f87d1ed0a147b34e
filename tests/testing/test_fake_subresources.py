"""Clientsets use subresources of the fake cluster: logs, scales, evictions and tokens."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, core_v1
from kubecore.errors import BadRequestError, KubeError
from kubecore.testing import FakeCluster
from kubecore.testing.players import pod_running

BACKENDS = ("asyncio", "trio")


def web_pod(name: str = "web") -> dict[str, Any]:
    spec = {"containers": [{"name": "main", "image": "nginx:1"}]}
    metadata = {"name": name, "namespace": "default", "labels": {"app": "web"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def web_deployment() -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": web_pod()["spec"]}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": spec,
    }


def test_a_clientset_scales() -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        cluster.add(web_deployment())
        deployments = clientset.apps_v1.deployments("default")
        scale = deployments.get_scale("web")
        assert scale.spec.replicas == 1
        deployments.patch_scale("web", {"spec": {"replicas": 3}}, type="merge")
        found = cluster.get(apps_v1.Deployment, "web", "default")
        assert found.spec.replicas == 3
        assert found.metadata.generation == 2


def test_a_clientset_evicts_within_a_budget() -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        cluster.after("create", core_v1.Pod)(pod_running)
        pods = clientset.core_v1.pods("default")
        for name in ("a", "b"):
            pods.create(web_pod(name))
        budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
        clientset.policy_v1.pod_disruption_budgets("default").create({"metadata": {"name": "web"}, "spec": budget})
        pods.evict("a", {"metadata": {"name": "a"}})
        with pytest.raises(KubeError, match="Cannot evict pod as it would violate the pod's disruption budget"):
            pods.evict("b", {"metadata": {"name": "b"}})


def test_a_clientset_requests_a_token() -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        accounts = clientset.core_v1.service_accounts("default")
        made = accounts.create_token("default", {"spec": {"audiences": ["vault"]}})
        review = clientset.authentication_v1.token_reviews().create(
            {"spec": {"token": made.status.token, "audiences": ["vault"]}}
        )
        assert review.status.user.username == "system:serviceaccount:default:default"


def test_a_clientset_reads_logs() -> None:
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        cluster.add(web_pod(), {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
        pods = clientset.core_v1.pods("default")
        pods.bind("web", {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": "n"}})
        with pytest.raises(BadRequestError, match="is waiting to start"):
            pods.get_logs("web")
        cluster.set_logs("web", "default", "one\ntwo\n")
        assert pods.get_logs("web", tail_lines=1) == b"two\n"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_followed_log_ends_with_its_pod(backend: str) -> None:
    lines: list[bytes] = []

    async def main() -> None:
        with FakeCluster() as cluster:
            cluster.add(web_pod())
            cluster.set_logs("web", "default", "one\n")
            async with AsyncClientset(cluster.config) as clientset:
                pods = clientset.core_v1.pods("default")
                async with pods.stream_logs("web", follow=True) as stream:
                    async for line in stream:
                        lines.append(bytes(line))
                        if len(lines) == 1:
                            cluster.set_logs("web", "default", "one\ntwo\n")
                        else:
                            await pods.delete("web", grace_period_seconds=0)

    anyio.run(main, backend=backend)
    assert lines == [b"one", b"two"]
