"""Fields of kubeconfig files: proxies, tokens, impersonation, exec plugins, OpenID Connect."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kubecore import errors, kubeconfig, rest
from tests.kubecore.kubeconfigs import (
    DATA,
    EXEC,
    OIDC,
    SECRET,
    V1BETA1,
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
    ("url", "expected"),
    [("", None), (None, None)] + [(url, url) for url in ("socks5://p:1", "https://p", "http://u:p@p:8080")],
)
def test_proxies(url: str | None, expected: str | None, config: Path) -> None:
    written(config, document({"proxy-url": url}))
    assert kubeconfig.load_config(config).proxy_url == expected


@pytest.mark.parametrize("url", ["socks6://x", "x", "a@x", "http://", "http://p:x", "http://[", f"ftp://u:{SECRET}@x"])
def test_an_invalid_proxy_url_is_refused(url: str, config: Path) -> None:
    written(config, document({"proxy-url": url}))
    assert "cluster 'c': invalid proxy-url" in str(refused(config))


def test_tokens(tmp_path: Path) -> None:
    token = written(tmp_path / "token", "from-file\n")
    file = written(tmp_path / "f", document(user={"tokenFile": "token"}))
    found = kubeconfig.load_config(file)
    assert (found.bearer_token, found.bearer_token_file) == ("from-file", str(token))
    written(file, document(user={"tokenFile": "token", "token": "static"}))
    found = kubeconfig.load_config(file)
    assert (found.bearer_token, found.bearer_token_file) == ("static", str(token))
    found = kubeconfig.load_config(file, token="mine")
    assert (found.bearer_token, found.bearer_token_file) == ("mine", None)
    for name in ("none", ".", "/dev/zero", "a\0b"):
        written(file, json.dumps(document(user={"tokenFile": name})))
        assert "tokenFile can't be read" in str(refused(file))
    written(file, document(user={"tokenFile": "none", "token": "static"}))
    assert kubeconfig.load_config(file).bearer_token == "static"


def test_a_token_file_that_is_a_pipe_or_too_large_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    written(tmp_path / "large", "x" * (1 << 21))
    for name in ("pipe", "large"):
        refused(written(tmp_path / "f", document(user={"tokenFile": name})))
    refused(written(tmp_path / "f", document({"certificate-authority": "pipe"})))


def test_impersonation_needs_no_encryption(config: Path) -> None:
    user = {"as": "jane", "as-uid": "7", "as-groups": ["g", "h"], "as-user-extra": {"scopes": ["a", "b"]}}
    written(config, document({"server": "http://h"}, user))
    found = kubeconfig.load_config(config)
    assert found.host == "http://h"
    assert found.impersonate == rest.Impersonate(user="jane", uid="7", groups=("g", "h"), extra={"scopes": ("a", "b")})


def test_credentials_for_an_http_server_are_refused(config: Path) -> None:
    for server in ("http://h", "h"):
        written(config, document({"server": server}, {"token": SECRET}))
        assert "unencrypted" in str(refused(config))


def test_exec(config: Path) -> None:
    plugin = exec_of(
        args=["get", "7"],
        env=[{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}],
        installHint="get it\n\x1b[1m\x9b\there",
        provideClusterInfo=True,
    )
    extensions = [{"name": "x", "extension": 1}, {"name": EXEC, "extension": {"audience": "foo"}}]
    written(config, json.dumps(document({"extensions": extensions}, {"exec": plugin})))
    policy = rest.ExecPolicy(kind="Allowlist", allowed=["p"])
    assert kubeconfig.load_config(config, exec_policy=policy).exec == rest.ExecConfig(
        command="p",
        args=("get", "7"),
        env={"A": "2", "B": ""},
        api_version=V1BETA1,
        install_hint="get it\n\\x1b[1m\\x9b\there",
        provide_cluster_info=True,
        interactive_mode="IfAvailable",
        cluster_config={"audience": "foo"},
        policy=policy,
    )
    assert "policy" in str(refused(config, exec_policy=rest.ExecPolicy(kind="Allowlist")))


@pytest.mark.parametrize(("said", "expected"), [({}, False), ({"disable-compression": True}, False)])
def test_compression(said: dict[str, Any], expected: bool, config: Path) -> None:
    assert kubeconfig.load_config(written(config, document(said))).compression is expected
    written(config, document({"disable-compression": False}))
    assert kubeconfig.load_config(config).compression is True


def test_oidc_writes_new_tokens_back(tmp_path: Path) -> None:
    settings_ = {
        **OIDC,
        "client-secret": "s",
        "idp-certificate-authority-data": DATA,
        "id-token": "i",
        "refresh-token": "r",
        "idp-certificate-authority": "/ca",
    }
    file = written(tmp_path / "f", document(user={"auth-provider": {"name": "oidc", "config": settings_}, "x": 1}))
    oidc = kubeconfig.load_config(file).oidc
    assert oidc is not None
    assert (oidc.issuer_url, oidc.client_id, oidc.client_secret) == ("https://idp", "me", "s")
    assert (oidc.ca_file, oidc.ca_data, oidc.id_token, oidc.refresh_token) == ("/ca", b"pem", "i", "r")
    assert oidc.save is not None
    oidc.save({"id-token": "new", "refresh-token": "433e40"})
    again = kubeconfig.load_config(file).oidc
    assert again is not None
    assert (again.id_token, again.refresh_token, again.client_secret) == ("new", "433e40", "s")
    assert kubeconfig.KubeConfigFiles(file).get("user", "u")["x"] == 1
    written(file, document())
    with pytest.raises(errors.ConfigError, match="has no auth-provider any more"):
        oidc.save({"id-token": SECRET})
    assert not (tmp_path / "f.lock").exists()
    in_memory = kubeconfig.loads(text(user={"auth-provider": {"name": "oidc", "config": OIDC}})).config.oidc
    assert in_memory is not None
    assert in_memory.save is None


def test_the_repr_contains_no_token(config: Path) -> None:
    written(config, document(user={"token": SECRET}))
    assert SECRET not in repr(kubeconfig.load(config))
