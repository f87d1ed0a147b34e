"""The test cluster starts, restarts and stops its servers."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kubeclient import Clientset
from kubecore import kubeconfig
from kubecore.testing.machine.processes import PortTakenError, ServerProcess, free_port, retry_if_port_taken
from tests.cluster import VERSION, Cluster

pytestmark = pytest.mark.thorough  # The tests check the test servers themselves, not kubecore.

_ORPHAN = """
import os, pathlib, signal, sys
from kubecore.testing.machine.processes import ServerProcess
print(ServerProcess(["/bin/sleep", "600"], pathlib.Path(sys.argv[1])).pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def _until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_server_reports_the_expected_version(cluster: Cluster) -> None:
    assert cluster.raw("GET", "/version")[1]["gitVersion"] == f"v{VERSION}"


def test_a_stranger_is_turned_away(cluster: Cluster) -> None:
    context = ssl.create_default_context(cafile=str(cluster.ca_file))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{cluster.url}/api/v1/namespaces", context=context, timeout=10)
    with caught.value as answer:
        assert answer.status in (401, 403)


def test_the_controllers_delete_a_namespace(cluster: Cluster) -> None:
    assert cluster.raw("POST", "/api/v1/namespaces", {"metadata": {"name": "short-lived"}})[0] == 201
    assert cluster.raw("DELETE", "/api/v1/namespaces/short-lived")[0] == 200
    _until(lambda: cluster.raw("GET", "/api/v1/namespaces/short-lived")[0] == 404)


def test_only_the_owner_can_read_keys_and_kubeconfigs(cluster: Cluster) -> None:
    first, second = cluster.client_cert("a/user", ["readers"]), cluster.client_cert("a/user")
    assert not {*first} & {*second}
    private = [*cluster.folder.glob("*.key"), cluster.kubeconfig]
    assert {file.stat().st_mode & 0o777 for file in private} == {0o600}


def test_kubeconfigs_carry_or_name_the_certificates(cluster: Cluster, tmp_path: Path) -> None:
    named = yaml.safe_load(cluster.write_kubeconfig(tmp_path / "named", embed=False).read_text("utf-8"))
    assert named["users"][0]["user"]["client-key"] == str(cluster.admin_key_file)
    token = yaml.safe_load(cluster.write_kubeconfig(tmp_path / "token", token="t", namespace="n").read_text("utf-8"))
    assert token["users"][0]["user"] == {"token": "t"}
    assert token["contexts"][0]["context"]["namespace"] == "n"
    carried = yaml.safe_load(cluster.kubeconfig.read_text("utf-8"))
    assert set(carried["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}


def test_every_api_is_served(all_apis_cluster: Cluster) -> None:
    documents = all_apis_cluster.raw("GET", "/openapi/v3")[1]["paths"]
    assert any("v1alpha" in name for name in documents)


def test_restarts_keep_the_port_and_nothing_outlives_a_cluster(cluster: Cluster) -> None:
    """A client continues after the restart, on a new connection."""
    assert cluster.pids
    with Cluster(controllers=False) as other, Clientset(kubeconfig.load_config(other.kubeconfig)) as clientset:
        before, url = other.pids, other.url
        assert clientset.core_v1.namespaces().get("default").metadata.name == "default"
        thread = threading.Thread(target=other.restart_apiserver)
        thread.start()
        thread.join()
        pids, folder = other.pids, other.folder
        assert other.url == url
        assert pids != before
        # A server keeps running after the thread that started it has ended.
        for _ in range(5):
            time.sleep(0.1)
            assert other.raw("GET", "/readyz") == (200, "ok")
        assert clientset.core_v1.namespaces().get("default").metadata.name == "default"
    assert not any(_alive(pid) for pid in {*before, *pids})
    assert not folder.exists()


def test_controllers_stop_and_start(cluster: Cluster) -> None:
    running = cluster.pids
    cluster.stop_controllers()
    assert len(cluster.pids) == len(running) - 1
    cluster.start_controllers()
    assert len(cluster.pids) == len(running)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_servers_end_if_their_parent_is_killed(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ORPHAN, str(tmp_path / "log")]
    ended = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    _until(lambda: not _alive(int(ended.stdout)), 10)


def test_a_failed_start_shows_the_log_and_a_port_in_use_is_retried(tmp_path: Path) -> None:
    tried: list[int] = []

    def start() -> None:
        tried.append(free_port())
        said = "bind: address already in use" if len(tried) == 1 else "bad flag"
        server = ServerProcess(["/bin/sh", "-c", f"echo '{said}'; exit 1"], tmp_path / "log")
        server.wait_until(lambda: False)

    with pytest.raises(RuntimeError, match="bad flag") as caught:
        retry_if_port_taken(start)
    assert not isinstance(caught.value, PortTakenError)
    assert len(tried) == 2
