"""Without a kubeconfig the service account of the pod is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trustme

from kubecore import errors, kubeconfig, rest
from kubecore._config import incluster
from tests.kubecore.kubeconfigs import (
    DATA,
    config,
    document,
    nowhere,
    refused,
    text,
    written,
)

__all__ = ["config", "nowhere"]


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "account"
    written(folder / "token", "pod-token")
    written(folder / "namespace", " pod-ns\n")
    (folder / "ca.crt").write_bytes(trustme.CA().cert_pem.bytes())
    monkeypatch.setattr(incluster, "SERVICE_ACCOUNT", folder)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return folder


def test_without_a_kubeconfig_the_cluster_around_is_taken(
    pod: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = kubeconfig.load()
    assert (found.config.host, found.context, found.namespace) == ("https://10.0.0.1:443", "", "pod-ns")
    assert found.config == rest.in_cluster_config(folder=pod)
    monkeypatch.setenv("POD_NAMESPACE", "mine")
    assert kubeconfig.load().namespace == "mine"
    assert kubeconfig.load(namespace="given").namespace == "given"
    assert (rest.in_cluster_config(folder=pod).namespace, kubeconfig.load_config().namespace) == ("mine", "mine")
    for empty in ("", "{}", text(**{"current-context": ""}), text(clusters=[{"name": "c"}])):
        assert kubeconfig.load_config(written(config, empty)).host == "https://10.0.0.1:443"
    (pod / "ca.crt").write_text("junk")
    assert kubeconfig.load_config().tls.ca_file is None


def test_errors_and_servers_of_a_kubeconfig_are_not_replaced_in_a_pod(pod: Path, config: Path) -> None:
    assert kubeconfig.load_config(config).host == "https://h:1"
    assert kubeconfig.is_context_not_found(refused(config, context="two"))
    refused(written(config, document({"proxy-url": "x"})))
    refused(written(config, document(clusters=[])))
    with pytest.raises(errors.ConfigError, match="can't be read"):
        kubeconfig.load(config.parent / "none")


@pytest.mark.parametrize("lacking", ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "token", "folder"])
def test_without_kubeconfig_and_cluster_load_raises_empty_config_error(
    lacking: str, pod: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacking in ("token", "folder"):
        (pod / "token").unlink()
        if lacking == "folder":
            (pod / "token").mkdir()
    else:
        monkeypatch.setenv(lacking, "")
    with pytest.raises(kubeconfig.EmptyConfigError, match="no kubeconfig found") as caught:
        kubeconfig.load()
    assert str(tmp_path / "home" / ".kube" / "config") in str(caught.value)
    assert kubeconfig.is_empty_config(caught.value)


def test_overrides_apply_in_a_cluster(pod: Path, tmp_path: Path) -> None:
    token, ca = str(pod / "token"), str(pod / "ca.crt")
    mine = str(written(tmp_path / "mine", "my-token"))

    def found(**overrides: Any) -> tuple[str, str | None, str | None, str | None]:
        config = kubeconfig.load_config(**overrides)
        return config.host, config.bearer_token, config.bearer_token_file, config.tls.ca_file

    host = "https://10.0.0.1:443"
    assert found() == (host, "pod-token", token, ca)
    assert found(token="x") == (host, "x", None, ca)
    assert found(token_file=mine) == (host, "my-token", mine, ca)
    assert found(token="x", token_file=mine) == (host, "x", mine, ca)
    assert found(ca_file=mine) == (host, "pod-token", token, mine)
    assert kubeconfig.load_config(tls_server_name="n").tls.server_name == "n"
    assert kubeconfig.load_config(impersonate="jane").impersonate == rest.Impersonate(user="jane")


def test_the_token_of_the_pod_goes_to_no_other_server(pod: Path) -> None:
    assert kubeconfig.load_config(server="https://x") == rest.Config(host="https://x")


def test_a_namespace_of_the_context_beats_the_pods(pod: Path, config: Path) -> None:
    assert kubeconfig.load(written(config, document(context={"namespace": "default"}))).namespace == "default"
    assert kubeconfig.load(written(config, document(context={"namespace": ""}))).namespace == "pod-ns"
    (pod / "namespace").unlink()
    assert kubeconfig.load(config).namespace == "default"


def test_loads_accepts_data_with_overrides(tmp_path: Path, pod: Path) -> None:
    ca = str(written(tmp_path / "ca", "x"))
    found = kubeconfig.loads(text(cluster={"certificate-authority-data": DATA}, context={"namespace": ""}), ca_file=ca)
    assert (found.config.tls.ca_file, found.namespace) == (ca, "default")
    with pytest.raises(kubeconfig.EmptyConfigError):
        kubeconfig.loads(b"")
