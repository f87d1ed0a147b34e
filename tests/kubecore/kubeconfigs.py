"""Kubeconfig files of tests."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from kubecore import kubeconfig
from kubecore._config import incluster

__all__ = [
    "DATA",
    "EXEC",
    "OIDC",
    "SECRET",
    "V1",
    "V1BETA1",
    "config",
    "document",
    "exec_of",
    "hide_machine",
    "nowhere",
    "refused",
    "text",
    "written",
]


SECRET = "c4n4ry-s3cret"


DATA = base64.b64encode(b"pem").decode()


EXEC = "client.authentication.k8s.io/exec"


OIDC = {"idp-issuer-url": "https://idp", "client-id": "me"}


V1, V1BETA1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"


def document(cluster: Any = None, user: Any = None, context: Any = None, **changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{"name": "c", "cluster": {"server": "https://h:1", **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": "tok"} if user is None else user}],
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "ns", **(context or {})}}],
    }
    return content | changes


def written(file: Path, content: Any) -> Path:
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def text(**parts: Any) -> str:
    return json.dumps(document(**parts))


def refused(file: Path, **overrides: Any) -> kubeconfig.InvalidConfigError:
    with pytest.raises(kubeconfig.InvalidConfigError) as caught:
        kubeconfig.load(file, **overrides)
    assert kubeconfig.is_configuration_invalid(caught.value)
    assert SECRET not in str(caught.value)
    return caught.value


def exec_of(**fields: Any) -> dict[str, Any]:
    return {"command": "p", "apiVersion": V1BETA1} | fields


def hide_machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the kubeconfig and the cluster of the machine; the home directory is `home/home`."""
    monkeypatch.setenv("HOME", str(home / "home"))
    monkeypatch.setattr(incluster, "SERVICE_ACCOUNT", home / "no-account")
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the machine from each test of a module that imports this fixture."""
    hide_machine(tmp_path, monkeypatch)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a kubeconfig file with one context."""
    return written(tmp_path / "config", document())
