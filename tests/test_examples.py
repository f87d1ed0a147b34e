"""examples/in_cluster.py, run as a pod's process would run."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster

EXAMPLE = Path(__file__).parents[1] / "examples" / "in_cluster.py"

# The kubelet mounts the service account at a fixed place, where a test can write nothing: tell of another.
START = """
import runpy, sys
from pathlib import Path
from kubecore.rest import incluster
incluster.SERVICE_ACCOUNT = Path(sys.argv[2])
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def service_account(cluster: Cluster, folder: Path, *, bound: bool) -> None:
    """Write the files of a service account as the kubelet does."""
    name = f"example-{uuid.uuid4().hex[:8]}"
    base = "/api/v1/namespaces/default/serviceaccounts"
    assert cluster.raw("POST", base, {"metadata": {"name": name}})[0] == 201
    token = cluster.raw("POST", f"{base}/{name}/token", {"apiVersion": "authentication.k8s.io/v1", "spec": {}})[1]
    if bound:
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
        }
        path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
        assert cluster.raw("POST", path, binding)[0] == 201
    (folder / "token").write_text(token["status"]["token"] + "\n")
    (folder / "ca.crt").write_bytes(cluster.ca_file.read_bytes())


def lines(cluster: Cluster, folder: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", START, str(EXAMPLE), str(folder)],
        env={**os.environ, "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(cluster.port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            yield from process.stdout
        finally:
            process.kill()


def test_with_rights_it_counts_pods_and_tells_not_found(cluster: Cluster, tmp_path: Path) -> None:
    service_account(cluster, tmp_path, bound=True)
    said = lines(cluster, tmp_path)
    assert next(said).startswith("There are ")
    assert next(said) == "Pod example-xxxxx not found in default namespace\n"
    said.close()  # type: ignore[attr-defined]


def test_without_rights_it_tells_the_servers_message(cluster: Cluster, tmp_path: Path) -> None:
    service_account(cluster, tmp_path, bound=False)
    said = lines(cluster, tmp_path)
    assert next(said).startswith("Error getting pod pods is forbidden: User ")
    said.close()  # type: ignore[attr-defined]


def test_outside_of_a_cluster_it_says_so() -> None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("KUBERNETES_SERVICE_")}
    done = subprocess.run([sys.executable, str(EXAMPLE)], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: not in a cluster")


@pytest.mark.parametrize("missing", ["token", "ca.crt"])
def test_a_missing_file_is_told_or_survived(missing: str, cluster: Cluster, tmp_path: Path) -> None:
    service_account(cluster, tmp_path, bound=True)
    (tmp_path / missing).unlink()
    first = next(lines(cluster, tmp_path))
    expected = "Traceback" if missing == "token" else "the cluster's CA can't be used"
    assert expected in first
