"""The cases of the fake API server: `python -m benchmarks.fake_cases CASE` prints one value, in seconds or MiB.

Times are CPU times of the process with all its threads, divided by the number of operations.
"""

from __future__ import annotations

import importlib.metadata
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio

from kubeclient import AsyncClientset, Clientset
from kubecore.testing import FakeCluster

__all__ = ["CASES"]

PODS: Final = 10_000
_TESTS: Final = """
import pytest

@pytest.mark.parametrize("number", range(1000))
def test_nothing({arguments}number):
    pass
"""
CONTAINER: Final = {
    "name": "web",
    "image": "registry.invalid/web:1",
    "ports": [{"containerPort": 80, "name": "http"}],
    "env": [{"name": f"KEY_{number}", "value": "value"} for number in range(5)],
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
}


def pod(number: int) -> dict[str, Any]:
    """Return a pod."""
    return {"metadata": {"name": f"web-{number}", "labels": {"app": "web"}}, "spec": {"containers": [CONTAINER]}}


def deployment() -> dict[str, Any]:
    """Return a Deployment of about 3 KB."""
    env = [{"name": f"SETTING_{number}", "value": f"value of the setting {number}"} for number in range(15)]
    containers = [{**CONTAINER, "name": name, "env": env} for name in ("web", "log")]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


def timed(count: int, each: Callable[[int], object], *, warm: int = 20) -> float:
    """Return the CPU seconds of one call."""
    for number in range(warm):
        each(-1 - number)
    start = time.process_time()
    for number in range(count):
        each(number)
    return (time.process_time() - start) / count


def config_map(number: int) -> dict[str, Any]:
    """Return a ConfigMap."""
    return {"metadata": {"name": f"c{number + 100}"}, "data": {"key": "value", "number": str(number)}}


def new() -> float:
    """Make clusters and clientsets."""

    def each(_: int) -> None:
        with FakeCluster() as cluster, Clientset(cluster.config):
            pass

    return timed(100, each)


def first() -> float:
    """Make the first cluster of a process, and create a ConfigMap."""
    start = time.process_time()
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        clientset.core_v1.config_maps("default").create(config_map(1))
    return time.process_time() - start


def get() -> float:
    """Get a ConfigMap."""
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        maps = clientset.core_v1.config_maps("default")
        maps.create(config_map(1))
        return timed(5_000, lambda _: maps.get("c101"))


def list_page() -> float:
    """List a page of ten of 1,000 ConfigMaps."""
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        maps = clientset.core_v1.config_maps("default")
        for number in range(1_000):
            maps.create(config_map(number))
        return timed(2_000, lambda _: maps.list(limit=10))


def create_config_map() -> float:
    """Create ConfigMaps."""
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        maps = clientset.core_v1.config_maps("default")
        return timed(3_000, lambda number: maps.create(config_map(number)))


def update_lease() -> float:
    """Update a Lease."""
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        leases = clientset.coordination_v1.leases("default")
        made = leases.create({"metadata": {"name": "a"}, "spec": {"holderIdentity": "me"}})

        def each(number: int) -> None:
            nonlocal made
            assert made.spec is not None
            made.spec.holder_identity = f"me-{number}"
            made = leases.update(made)

        return timed(3_000, each)


def create_pod() -> float:
    """Create pods."""
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        pods = clientset.core_v1.pods("default")
        return timed(1_000, lambda number: pods.create(pod(number + 100)))


def apply_deployment() -> float:
    """Apply a Deployment with another number of replicas each time."""
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        deployments = clientset.apps_v1.deployments("default")
        wanted = deployment()

        def each(number: int) -> None:
            wanted["spec"]["replicas"] = number % 5 + 1
            deployments.apply(wanted, field_manager="benchmark")

        return timed(300, each)


def watch() -> float:
    """Read the events of a watch."""
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        maps = clientset.core_v1.config_maps("default")
        version = maps.list().metadata.resource_version
        for number in range(PODS):
            maps.create(config_map(number))
        start = time.process_time()
        with maps.watch(resource_version=version) as events:
            for count, _ in enumerate(events, 1):
                if count == PODS:
                    break
        return (time.process_time() - start) / PODS


def watch_async() -> float:
    """Read the events of an asynchronous watch."""

    async def run() -> float:
        async with AsyncClientset(cluster.config) as made:
            start, count = time.process_time(), 0
            async with made.core_v1.config_maps("default").watch(resource_version=version) as events:
                async for _ in events:
                    count += 1
                    if count == PODS:
                        break
            return (time.process_time() - start) / PODS

    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        maps = clientset.core_v1.config_maps("default")
        version = maps.list().metadata.resource_version
        for number in range(PODS):
            maps.create(config_map(number))
        return anyio.run(run)


def memory() -> float:
    """Create pods and give each of them a status; return the growth of the largest resident memory in MiB."""
    with FakeCluster() as cluster, Clientset(cluster.config) as clientset:
        pods = clientset.core_v1.pods("default")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(PODS):
            pods.create(pod(number))
            pods.patch_status(f"web-{number}", {"status": {"phase": "Running"}}, type="merge")
        cluster.calls.clear()
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def tests() -> float:
    """Run 1,000 empty tests with the fixture, and without."""

    is_installed = any(each.name == "kubecore" for each in importlib.metadata.entry_points(group="pytest11"))
    plugin = [] if is_installed else ["-p", "kubecore.testing.plugin"]

    def run(arguments: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_nothing.py").write_text(_TESTS.format(arguments=arguments))
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                *plugin,
                "--rootdir",
                folder,
                folder,
            ]
            subprocess.run(command, check=True, capture_output=True, cwd=folder)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return statistics.median(run("fake_cluster, ") - run("") for _ in range(3))


def serve() -> float:
    """Start HTTP servers."""
    return _served(tls=False)


def serve_tls() -> float:
    """Start HTTPS servers."""
    return _served(tls=True)


def _served(*, tls: bool) -> float:
    with FakeCluster() as cluster:
        return timed(20, lambda _: cluster.serve(tls=tls), warm=1)


def loopback_get() -> float:
    """Get a ConfigMap over HTTP; the client is in the same process."""
    with FakeCluster() as cluster, Clientset(cluster.serve().config) as clientset:
        maps = clientset.core_v1.config_maps("default")
        maps.create(config_map(1))
        return timed(2_000, lambda _: maps.get("c101"))


def plugin() -> float:
    """Import the plugin of pytest, which is part of every start of pytest."""
    code = (
        "import pytest, typing, time; start = time.process_time(); import kubecore.testing.plugin; "
        "print(time.process_time() - start)"
    )
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


CASES: Final[dict[str, Callable[[], float]]] = {
    each.__name__: each
    for each in (
        new,
        first,
        get,
        list_page,
        create_config_map,
        update_lease,
        create_pod,
        apply_deployment,
        watch,
        watch_async,
        memory,
        tests,
        serve,
        serve_tls,
        loopback_get,
        plugin,
    )
}

if __name__ == "__main__":
    print(CASES[sys.argv[1]]())
