"""Contradictions and gaps in kubeconfig files, and untrusted kubeconfig files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubecore import kubeconfig, rest
from tests.kubecore.kubeconfigs import (
    DATA,
    OIDC,
    SECRET,
    V1,
    config,
    document,
    exec_of,
    nowhere,
    refused,
    text,
    written,
)

__all__ = ["config", "nowhere"]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"user": {"client-certificate": "there", "client-certificate-data": DATA, "client-key-data": DATA}}, "client-certificate and client-certificate-data are both set"),
        ({"user": {"client-key": "there", "client-key-data": DATA, "client-certificate-data": DATA}}, "client-key and client-key-data are both set"),
        ({"user": {"client-certificate": "none", "client-key": "there"}}, "client-certificate can't be read"),
        ({"user": {"client-certificate": "there", "client-key": "none"}}, "client-key can't be read"),
        ({"user": {"client-certificate-data": DATA}}, "client-certificate is set without client-key"),
        ({"user": {"client-key-data": DATA}}, "client-key is set without client-certificate"),
        ({"user": {"exec": exec_of(apiVersion="")}}, "exec.apiVersion is empty"),
        ({"user": {"exec": exec_of(apiVersion="client.authentication.k8s.io/v1alpha1")}}, "exec.apiVersion is"),
        ({"user": {"exec": exec_of(command="")}}, "exec.command is empty"),
        ({"user": {"exec": exec_of(env=[{"value": SECRET}])}}, "exec.env holds a variable without a name"),
        ({"user": {"exec": exec_of(apiVersion=V1)}}, "exec.interactiveMode is empty"),
        ({"user": {"exec": exec_of(apiVersion=V1, interactiveMode="foo")}}, "exec.interactiveMode is 'foo'"),
        ({"user": {"exec": exec_of(interactiveMode="foo")}}, "exec.interactiveMode is 'foo'"),
        ({"user": {"exec": exec_of(), "auth-provider": {"name": "oidc", "config": OIDC}}}, "exec and auth-provider are both set"),
        ({"user": {"token": SECRET, "username": "x"}}, "both a token and a user name"),
        ({"user": {"token": SECRET, "password": SECRET}}, "both a token and a user name"),
        ({"user": {"as-uid": "1"}}, "without as: "),
        ({"user": {"as-groups": ["g"]}}, "without as: "),
        ({"user": {"as-user-extra": {"k": ["v"]}}}, "without as: "),
        ({"user": {"auth-provider": {"name": "gcp"}}}, "'gcp' was removed from Kubernetes clients: use an exec plugin"),
        ({"user": {"auth-provider": {"name": "azure", "config": {"k": SECRET}}}}, "'azure' was removed"),
        ({"user": {"auth-provider": {"name": "oidc"}}}, "idp-issuer-url is empty"),
        ({"user": {"auth-provider": {"name": "oidc", "config": {**OIDC, "client-id": ""}}}}, "client-id is empty"),
        ({"user": {"auth-provider": {"name": "oidc", "config": {**OIDC, "idp-issuer-url": "http://x"}}}}, "not an https URL"),
        ({"user": {"auth-provider": {"name": "oidc", "config": {**OIDC, "idp-certificate-authority-data": "%"}}}}, "not valid base64"),
        ({"cluster": {"certificate-authority": "none"}}, "certificate-authority can't be read"),
        ({"cluster": {"certificate-authority": "there", "certificate-authority-data": DATA}}, "are both set"),
        ({"cluster": {"insecure-skip-tls-verify": True, "certificate-authority-data": DATA}}, "conflicts with a certificate authority"),
        ({"cluster": {"server": "ftp://h"}}, "server: "),
        ({"cluster": {"server": f"https://u:{SECRET}@h"}}, "server: "),
        ({"cluster": {"server": "", "tls-server-name": "x"}}, "cluster 'c': server is missing"),
        ({"clusters": []}, "there is no cluster 'c'; there is none"),
        ({"users": None}, "there is no user 'u'; there is none"),
    ],
)  # fmt: skip
def test_contradictions_are_reported_with_file_and_entry(parts: Any, words: str, tmp_path: Path) -> None:
    written(tmp_path / "there", "x")
    file = written(tmp_path / "config", document(**parts))
    error = refused(file)
    assert words in str(error)
    assert all(problem.where.startswith(f"{file}: ") for problem in error.problems)
    assert not kubeconfig.is_empty_config(error)
    found = kubeconfig.validate(file)
    if "base64" not in words or "auth-provider" not in str(parts):
        assert any(words in str(problem) for problem in found)
    assert SECRET not in str(found)


def test_several_problems_are_reported_in_one_error(config: Path) -> None:
    user = {"token": SECRET, "username": "x", "client-key-data": DATA, "exec": {}}
    cluster = {"proxy-url": "x", "certificate-authority": "none"}
    written(config, document(cluster, user, {"namespace": "No"}))
    assert len(refused(config).problems) == 7
    assert sorted(refused(config).problems) == sorted(kubeconfig.validate(config))


def test_an_empty_kubeconfig_raises_empty_config_error(config: Path) -> None:
    for content in ("", "---\n", "{}", text(clusters=[{"name": "c", "cluster": {}}]), text(contexts=[{"name": "one"}])):
        error = refused(written(config, content))
        assert kubeconfig.is_empty_config(error)
        assert str(config) in str(error)
        assert not kubeconfig.is_context_not_found(error)
    assert not kubeconfig.is_empty_config(None)
    assert "there is nothing in it" in str(kubeconfig.validate(written(config, "")))


def test_valid_users_and_contexts_are_accepted(config: Path) -> None:
    for user in ({}, {"token": "t"}, {"username": "u", "password": "p"}, {"exec": exec_of()}):
        assert kubeconfig.validate(written(config, document(user=user))) == []
        kubeconfig.load(config)
    written(config, document(context={"user": ""}))
    assert kubeconfig.load_config(config).bearer_token is None


def test_validate_checks_every_context(config: Path) -> None:
    contexts = [{"name": "", "context": {"cluster": "x", "namespace": "A"}}]
    told = " ".join(map(str, kubeconfig.validate(written(config, document(contexts=contexts)))))
    for words in ("its name is empty", "there is no cluster 'x'", "names no user", "namespace 'A'", "no context 'one'"):
        assert words in told


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ({"cluster": {"certificate-authority": "ca"}}, "certificate-authority"),
        ({"user": {"client-certificate": "x", "client-key-data": DATA}}, "client-certificate"),
        ({"user": {"client-key": "x", "client-certificate-data": DATA}}, "client-key"),
        ({"user": {"tokenFile": "x"}}, "tokenFile"),
        ({"user": {"exec": exec_of()}}, "exec"),
        ({"user": {"auth-provider": {"name": "oidc", "config": {**OIDC, "idp-certificate-authority": "x"}}}}, "auth-provider.config.idp-certificate-authority"),
    ],
)  # fmt: skip
def test_a_kubeconfig_of_a_stranger_names_no_files_and_no_programs(parts: Any, key: str) -> None:
    with pytest.raises(kubeconfig.InvalidConfigError, match="trusted=True") as caught:
        kubeconfig.loads(text(**parts))
    assert f"{key} " in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_trusted_kubeconfig_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "ca", "x")
    monkeypatch.chdir(tmp_path)
    given_ = text(cluster={"certificate-authority": "ca"}, user={"exec": exec_of(command="./p")})
    policy = rest.ExecPolicy(kind="DenyAll")
    found = kubeconfig.loads(given_.encode(), trusted=True, exec_policy=policy).config
    assert found.tls.ca_file == "ca"
    assert found.exec is not None
    assert (found.exec.command, found.exec.policy) == ("./p", policy)
