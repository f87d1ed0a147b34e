"""The real API server that users start for their tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubeclient import Clientset
from kubecore import kubeconfig
from kubecore.errors import GoneError
from kubecore.testing.apiserver import ApiServer
from kubecore.testing.machine.binaries import BinariesMissingError
from tests.cluster import build

pytestmark = [pytest.mark.server, pytest.mark.thorough]


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with ApiServer(folder=build.binaries(), controllers=False) as started:
        yield started


def _arguments(pid: int) -> str:
    return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout


def test_clientsets_and_kubeconfig_files_reach_the_server(server: ApiServer) -> None:
    for config in (server.config, kubeconfig.load_config(server.kubeconfig)):
        assert config.host == server.url
        with Clientset(config) as clientset:
            assert clientset.core_v1.namespaces().get("default").metadata.name == "default"


def test_pods_need_no_service_account_without_controllers(server: ApiServer) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "alone"},
        "spec": {"containers": [{"name": "main", "image": "none"}]},
    }
    with Clientset(server.config) as clientset:
        assert clientset.core_v1.pods("default").create(pod).metadata.name == "alone"


def test_tokens_of_service_accounts_are_accepted(server: ApiServer) -> None:
    with Clientset(server.config) as clientset:
        clientset.core_v1.service_accounts("default").create(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
        )
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = clientset.core_v1.service_accounts("default").create_token("robot", request).status.token
    config = server.config
    config.bearer_token = token
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    with Clientset(config) as clientset:
        user = clientset.authentication_v1.self_subject_reviews().create(review).status.user_info
    assert user.username == "system:serviceaccount:default:robot"


def test_the_token_is_in_private_files_alone(server: ApiServer) -> None:
    token = server.config.bearer_token
    assert token
    shown = [repr(server), repr(server.config), repr(server.endpoint()), *map(_arguments, server.pids)]
    assert not [text for text in shown if token in text]
    with_token = [
        file for file in server.kubeconfig.parent.rglob("*") if file.is_file() and token.encode() in file.read_bytes()
    ]
    assert {file.name for file in with_token} == {"kubeconfig", "tokens.csv"}
    private = [*with_token, server.kubeconfig.with_name("sa.key")]
    assert {file.stat().st_mode & 0o777 for file in private} == {0o600}
    assert server.kubeconfig.parent.stat().st_mode & 0o777 == 0o700


def test_objects_stay_after_a_restart_and_compaction_forgets_versions(server: ApiServer) -> None:
    with Clientset(server.config) as clientset:
        maps = clientset.core_v1.config_maps("default")
        old = maps.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}})
        maps.patch("kept", {"data": {"n": "1"}}, type="merge")
        url = server.url
        server.restart()
        assert server.url == url
        assert maps.get("kept").data == {"n": "1"}
        server.compact()
        with pytest.raises(GoneError):
            maps.list(resource_version=old.metadata.resource_version, resource_version_match="Exact")


def test_nothing_is_left_after_the_block() -> None:
    with ApiServer(folder=build.binaries(), controllers=False) as server:
        pids, folder = server.pids, server.kubeconfig.parent
        assert len(pids) == 2
    assert not folder.exists()
    assert server.pids == []
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with pytest.raises(RuntimeError, match="use it in a with statement"):
        _ = server.url


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(build.binaries()))
    refused = ApiServer("1.30", controllers=False)
    with pytest.raises(RuntimeError, match=rf"kube-apiserver is version {build.VERSION}, expected 1\.30"), refused:
        pass
    assert refused.pids == []


def test_a_wrong_flag_shows_the_log(tmp_path: Path) -> None:
    refused = ApiServer(folder=build.binaries(), controllers=False, flags=["--no-such-flag=1"])
    with pytest.raises(RuntimeError, match="unknown flag: --no-such-flag"), refused:
        pass
    assert refused.pids == []


def test_nothing_is_downloaded_if_the_programs_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    with pytest.raises(BinariesMissingError, match=r"python -m kubecore\.testing download"):
        ApiServer()
    assert not list(tmp_path.iterdir())


def test_the_server_needs_neither_cryptography_nor_openssl() -> None:
    program = (
        "import sys; sys.modules['cryptography'] = None; import kubecore.testing.apiserver;"
        "assert 'OpenSSL' not in sys.modules; print('imported')"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
