"""The changes of objects that a test looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore.errors import NoMatchError
from kubecore.patch import MergePatch
from kubecore.testing import FakeCluster

COUNTER: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "counter", "namespace": "default"},
    "data": {"n": "41"},
}


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        yield cluster


def work(clientset: Clientset) -> None:
    config_maps = clientset.core_v1.config_maps("default")
    config_maps.create({"metadata": {"name": "a", "finalizers": ["example.com/wait"]}})
    config_maps.patch("a", MergePatch({"data": {"n": "1"}}), field_manager="painter")
    config_maps.patch("a", MergePatch({"data": {"n": "1"}}))
    config_maps.create({"metadata": {"name": "dry"}}, dry_run="All")
    config_maps.delete("a")
    config_maps.patch("a", MergePatch({"metadata": {"finalizers": None}}))
    clientset.core_v1.namespaces().create({"metadata": {"name": "other"}})


EXPECTED = [
    "ADDED ConfigMap default/a",
    "MODIFIED ConfigMap default/a",
    "MODIFIED ConfigMap default/a",
    "DELETED ConfigMap default/a",
    "ADDED Namespace other",
]


def test_changes_of_clients_are_recorded_in_order(cluster: FakeCluster) -> None:
    cluster.add(COUNTER)
    with Clientset(cluster.config) as clientset:
        work(clientset)
    assert [str(change) for change in cluster.changes] == EXPECTED
    versions = [change.version for change in cluster.changes]
    assert versions == sorted(set(versions))
    assert repr(cluster.changes).splitlines() == ["Changes:", *(f"  {text}" for text in EXPECTED)]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_changes_of_asynchronous_clients_are_recorded(cluster: FakeCluster, backend: str) -> None:
    async def main() -> None:
        async with AsyncClientset(cluster.config) as clientset:
            await clientset.core_v1.config_maps("default").create({"metadata": {"name": "a"}})

    anyio.run(main, backend=backend)
    assert [str(change) for change in cluster.changes] == ["ADDED ConfigMap default/a"]


def test_a_change_has_its_object_its_manager_and_its_request(cluster: FakeCluster) -> None:
    with Clientset(cluster.config) as clientset:
        work(clientset)
    created, changed, *_ = cluster.changes
    assert (created.type, created.kind, created.api_version) == ("ADDED", "ConfigMap", "v1")
    assert (created.namespace, created.name, "data" in created.object) == ("default", "a", False)
    assert (changed.manager, changed.object["data"]) == ("painter", {"n": "1"})
    assert created.manager == created.object["metadata"]["managedFields"][0]["manager"]
    assert created.call is cluster.calls[0]
    changed.object.clear()
    assert changed.object["metadata"]["name"] == "a"
    assert str(changed.version) == changed.object["metadata"]["resourceVersion"]


def test_changes_are_found_by_their_properties(cluster: FakeCluster) -> None:
    with Clientset(cluster.config) as clientset:
        work(clientset)
    found = cluster.changes
    for kind in (core_v1.ConfigMap, "ConfigMap", "configmaps", "v1/ConfigMap"):
        assert len(found.of(kind=kind)) == 4
    assert [str(each) for each in found.of(type="DELETED", kind="*")] == [EXPECTED[3]]
    assert [each.name for each in found.of(namespace="")] == ["other"]
    assert [len(found.of(name="a").of(type="MODIFIED")), len(found.of(name="b"))] == [2, 0]
    with pytest.raises(NoMatchError, match="does not serve the kind 'Shop'"):
        found.of(kind="Shop")
    found.clear()
    assert list(found) == []


def test_a_block_collects_its_own_changes(cluster: FakeCluster) -> None:
    with Clientset(cluster.config) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        config_maps.create({"metadata": {"name": "before"}})
        with cluster.watching() as changes:
            config_maps.create({"metadata": {"name": "within"}})
            cluster.add(COUNTER)
        config_maps.create({"metadata": {"name": "later"}})
    assert [str(change) for change in changes] == ["ADDED ConfigMap default/within"]
    assert len(cluster.changes) == 3


def test_changes_of_tests_and_controllers_are_collected_on_request(cluster: FakeCluster) -> None:
    with Clientset(cluster.config) as clientset, cluster.watching(all=True) as changes:
        clientset.core_v1.namespaces().create({"metadata": {"name": "shop"}})
        cluster.add({**COUNTER, "metadata": {"name": "counter", "namespace": "shop"}})
        clientset.core_v1.namespaces().delete("shop")
    assert [str(change) for change in changes][:4] == [
        "ADDED Namespace shop",
        "ADDED ServiceAccount shop/default",
        "ADDED ConfigMap shop/kube-root-ca.crt",
        "ADDED ConfigMap shop/counter",
    ]
    assert str(changes[-1]) == "DELETED Namespace shop"
    assert {change.manager for change in changes if change.call is None} == {
        "kube-controller-manager",
        "kubecore.testing",
    }
    assert [str(change) for change in cluster.changes] == ["ADDED Namespace shop", "MODIFIED Namespace shop"]
