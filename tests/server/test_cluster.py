"""The cluster of the tests itself."""

from __future__ import annotations

import time
from pathlib import Path

from tests.cluster import VERSION, Cluster


def test_the_server_says_its_version(cluster: Cluster) -> None:
    assert cluster.raw("GET", "/version")[1]["gitVersion"] == f"v{VERSION}"


def test_the_controllers_delete_a_namespace(cluster: Cluster) -> None:
    assert cluster.raw("POST", "/api/v1/namespaces", {"metadata": {"name": "short-lived"}})[0] == 201
    assert cluster.raw("DELETE", "/api/v1/namespaces/short-lived")[0] == 200
    deadline = time.monotonic() + 30
    while cluster.raw("GET", "/api/v1/namespaces/short-lived")[0] != 404:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_nothing_outlives_a_cluster(cluster: Cluster) -> None:
    with Cluster(controllers=False) as other:
        pids, folder = other.pids, other.folder
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not folder.exists()
    assert cluster.pids
