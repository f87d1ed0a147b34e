"""Reads of any version from the old state of a cache."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors
from kubecore.testing import FakeCluster, Response


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        for name in "abc":
            cluster.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
        yield cluster


def names(clientset: Clientset, version: str | None) -> list[str | None]:
    found = clientset.core_v1.config_maps("default").list(resource_version=version)
    return [each.metadata.name for each in found.items if each.metadata.name != "kube-root-ca.crt"]


def test_lists_of_any_version_are_old(cluster: FakeCluster) -> None:
    fault = cluster.stale_reads(by=2)
    with Clientset(cluster.config) as clientset:
        assert names(clientset, "0") == ["a"]
        assert names(clientset, None) == ["a", "b", "c"]
        version = clientset.core_v1.config_maps("default").list(resource_version="0").metadata.resource_version
        newest = clientset.core_v1.config_maps("default").list().metadata.resource_version
        assert int(newest or 0) - int(version or 0) == 2
        assert fault.count == 2
        fault.remove()
        assert names(clientset, "0") == ["a", "b", "c"]


def test_an_object_of_any_version_is_old(cluster: FakeCluster) -> None:
    cluster.stale_reads(by=1, kind=core_v1.ConfigMap, name="c")
    with Clientset(cluster.config) as clientset:
        config_maps = clientset.core_v1.config_maps("default")
        with pytest.raises(errors.NotFoundError):
            config_maps.get("c", resource_version="0")
        assert config_maps.get("c").metadata.name == "c"


def test_no_state_is_older_than_the_last_compaction(cluster: FakeCluster) -> None:
    cluster.compact()
    cluster.stale_reads(by=1000, times=1)
    with Clientset(cluster.config) as clientset:
        assert names(clientset, "0") == ["a", "b", "c"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_watch_begins_with_the_old_state_and_catches_up(cluster: FakeCluster, backend: str) -> None:
    async def main() -> list[str]:
        async with (
            AsyncClientset(cluster.config) as clientset,
            clientset.core_v1.config_maps("default").watch(resource_version="0") as events,
        ):
            return [str((await anext(events)).object.metadata.name) for _ in range(4)]

    cluster.stale_reads(by=2)
    assert sorted(anyio.run(main, backend=backend)) == ["a", "b", "c", "kube-root-ca.crt"]


def test_another_fault_keeps_the_old_state(cluster: FakeCluster) -> None:
    cluster.stale_reads(by=2)
    cluster.respond_with("list", "*", Response.delayed(0.0))
    with Clientset(cluster.config) as clientset:
        assert names(clientset, "0") == ["a"]


def test_the_age_is_positive(cluster: FakeCluster) -> None:
    with pytest.raises(ValueError, match="by is 0: expected 1 or more"):
        cluster.stale_reads(by=0)
