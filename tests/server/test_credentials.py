"""The built wheel authenticates get and watch requests with every kind of credential.

The API server reports the user in a SelfSubjectReview, and in its audit log for watches too. It does not support basic
authentication, so a TLS server on loopback reports the received header instead.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import trustme

from tests.cluster import Cluster
from tests.conftest import installed, running
from tests.identity import DISCOVERY, TOKEN, IdentityServer
from tests.kubecore.loopback import loopback, response_bytes

# tests/kubecore sends the same credentials on every version of Python.
pytestmark = pytest.mark.thorough

# Runs in an environment that contains only the wheel, the extra `oidc` and their dependencies.
PROGRAM: Final = """
import json, sys
from pathlib import Path
import anyio, kubeclient, kubecore
from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest

kind, mode, host, namespace = sys.argv[1:5]
folder = Path(sys.argv[5])
said = {"from": [kubecore.__file__, kubeclient.__file__]}


def credential():
    cert, key = folder / "client.crt", folder / "client.key"
    files = {"cert_file": str(cert), "key_file": str(key)}
    match kind:
        case "token":
            return {"bearer_token": (folder / "token").read_text()}
        case "token-file":
            return {"bearer_token_file": str(folder / "token")}
        case "basic":
            return {"username": "user", "password": "p\\u00e4ss:word"}
        case "cert-file":
            return {"tls": files}
        case "cert-data":
            return {"tls": {"cert_data": cert.read_bytes(), "key_data": key.read_bytes()}}
        case "exec-token" | "exec-cert":
            return {"exec": rest.ExecConfig(command=str(folder / "plugin"), args=["credential.json"])}
        case "oidc":
            given = json.loads((folder / "oidc.json").read_text())
            return {"oidc": rest.OIDCConfig(**given, ca_file=str(folder / "oidc.crt"), save=said.update)}
        case "impersonation" | "stranger":
            given = json.loads((folder / "impersonate.json").read_text())
            return {"tls": files, "impersonate": rest.Impersonate(**given)}


def configured():
    if kind == "in-cluster":
        made = rest.in_cluster_config(folder=folder)
    else:
        fields = credential()
        tls = {"ca_file": str(folder / "ca.crt"), **fields.pop("tls", {})}
        made = rest.Config(host=host, tls=rest.TLSConfig(**tls), **fields)
    made.user_agent = f"{kind}-{mode}"
    return made


def take(key, call):
    try:
        said[key] = call()
    except errors.StatusError as error:
        said[key] = error.status.code


def synchronous():
    with Clientset(configured()) as clientset:
        maps = clientset.core_v1.config_maps(namespace)

        def review():
            return shown(clientset.authentication_v1.self_subject_reviews().create({}))

        def watch():
            with maps.watch(send_initial_events=True, timeout_seconds=20) as events:
                for event in events:
                    return [event.type, event.object.metadata.name]

        if kind != "basic":
            take("review", review)
        take("get", lambda: maps.get("map").metadata.name)
        take("watch", watch)


async def asynchronous():
    async with AsyncClientset(configured()) as clientset:
        maps = clientset.core_v1.config_maps(namespace)

        async def review():
            return shown(await clientset.authentication_v1.self_subject_reviews().create({}))

        async def get():
            return (await maps.get("map")).metadata.name

        async def watch():
            async with maps.watch(send_initial_events=True, timeout_seconds=20) as events:
                async for event in events:
                    return [event.type, event.object.metadata.name]

        for key, call in {"review": review, "get": get, "watch": watch}.items():
            if key == "review" and kind == "basic":
                continue
            try:
                said[key] = await call()
            except errors.StatusError as error:
                said[key] = error.status.code


def shown(review):
    user = review.status.user_info
    return {"username": user.username, "uid": user.uid, "groups": user.groups, "extra": user.extra}


synchronous() if mode == "sync" else anyio.run(asynchronous)
print(json.dumps(said))
"""

PLUGIN: Final = """#!/bin/sh
test -n "$KUBERNETES_EXEC_INFO" && exec cat "$(dirname "$0")/$1"
"""

POLICY: Final = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "resources": [{"group": "", "resources": ["configmaps"]}]}, {"level": "None"}],
}

USERS: Final = {
    "in-cluster": "system:serviceaccount:in-cluster:robot",
    "token": "system:serviceaccount:token:robot",
    "token-file": "system:serviceaccount:token-file:robot",
    "cert-file": "cert-file-user",
    "cert-data": "cert-data-user",
    "exec-token": "system:serviceaccount:exec-token:robot",
    "exec-cert": "exec-cert-user",
    "oidc": "oidc:alice",
    "impersonation": "jane",
}
"""User of each kind of credential. Each user has a separate namespace that no other user may read."""

JANE: Final = {"user": "jane", "uid": "7", "groups": ["readers"], "extra": {"example.org/scope": ["a", "b"]}}


@pytest.fixture(scope="module")
def identity() -> Iterator[IdentityServer]:
    with IdentityServer(client_id="kubernetes", client_secret="s3cret") as made:
        yield made


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of that environment."""
    return installed(f"{wheel}[oidc]", tmp_path_factory.mktemp("environment"))


class Audited(NamedTuple):
    """A cluster and its audit log."""

    cluster: Cluster
    log: Path

    def requests(self, agent: str) -> dict[str, Any]:
        """Return the audit events of the get and the watch of config maps by a user agent."""
        found: dict[str, Any] = {}
        deadline = time.monotonic() + 60
        while not {"get", "watch"} <= found.keys():
            assert time.monotonic() < deadline, found
            time.sleep(0.02)  # The server logs a get after it has sent the response.
            events = [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line[-1] == "\n"]
            found = {event["verb"]: event for event in events if event.get("userAgent") == agent}
        return found


@pytest.fixture(scope="module")
def oidc_cluster(identity: IdentityServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    """A cluster that trusts the identity server and logs the user of each request for config maps."""
    folder = tmp_path_factory.mktemp("audited")
    (folder / "policy.json").write_text(json.dumps(POLICY))
    (folder / "oidc.crt").write_bytes(identity.ca_pem)
    flags = [
        f"--oidc-issuer-url={identity.issuer}",
        "--oidc-client-id=kubernetes",
        f"--oidc-ca-file={folder / 'oidc.crt'}",
        "--oidc-username-claim=sub",
        "--oidc-username-prefix=oidc:",
        f"--audit-policy-file={folder / 'policy.json'}",
        f"--audit-log-path={folder / 'audit.log'}",
    ]
    with running(all_apis=False, controllers=False, extra_flags=flags) as started:
        for kind, user in USERS.items():
            _furnish(started, kind, user)
        _wait_for_oidc(started, identity)
        yield Audited(started, folder / "audit.log")


def _furnish(cluster: Cluster, namespace: str, user: str) -> None:
    """Make a namespace with a config map that only one user may read."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    group = "rbac.authorization.k8s.io"
    objects: list[tuple[str, Any]] = [
        ("/api/v1/namespaces", {"metadata": {"name": namespace}}),
        (f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "map"}}),
        (f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "robot"}}),
        (
            f"{rbac}/roles",
            {
                "metadata": {"name": "reader"},
                "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "watch"]}],
            },
        ),
        (
            f"{rbac}/rolebindings",
            {
                "metadata": {"name": "reader"},
                "roleRef": {"apiGroup": group, "kind": "Role", "name": "reader"},
                "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
            },
        ),
    ]
    for path, content in objects:
        status, said = cluster.raw("POST", path, content)
        assert status == 201, said


def _wait_for_oidc(cluster: Cluster, identity: IdentityServer) -> None:
    """Wait until the API server has fetched the keys of the provider in the background."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": identity.id_token()}}
    deadline = time.monotonic() + 60
    while True:
        said = cluster.raw("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)[1]
        if said["status"].get("authenticated"):
            return
        assert time.monotonic() < deadline, said
        time.sleep(0.2)


def _prepare(kind: str, folder: Path, cluster: Cluster, identity: IdentityServer) -> None:
    """Write the files of a kind of credential."""
    shutil.copy(cluster.ca_file, folder / "ca.crt")
    token, pair = "", (cluster.admin_cert_file, cluster.admin_key_file)
    if kind in ("in-cluster", "token", "token-file", "exec-token"):
        path = f"/api/v1/namespaces/{kind}/serviceaccounts/robot/token"
        status, said = cluster.raw("POST", path, {"apiVersion": "authentication.k8s.io/v1", "spec": {}})
        assert status == 201, said
        token = said["status"]["token"]
    if kind in ("in-cluster", "token", "token-file"):
        (folder / "token").write_text(token + "\n")
    if kind in ("cert-file", "cert-data", "exec-cert"):
        pair = cluster.client_cert(USERS[kind])
    if kind in ("cert-file", "cert-data", "impersonation", "stranger"):
        shutil.copy(pair[0], folder / "client.crt")
        shutil.copy(pair[1], folder / "client.key")
    if kind in ("exec-token", "exec-cert"):
        data = {"clientCertificateData": pair[0].read_text(), "clientKeyData": pair[1].read_text()}
        content: dict[str, Any] = {"status": {"token": token} if token else data, "kind": "ExecCredential"}
        content["apiVersion"] = "client.authentication.k8s.io/v1"
        (folder / "credential.json").write_text(json.dumps(content))
        (folder / "plugin").write_text(PLUGIN)
        (folder / "plugin").chmod(0o700)
    if kind == "oidc":
        made = {
            "issuer_url": identity.issuer,
            "client_id": "kubernetes",
            "client_secret": "s3cret",
            "id_token": identity.id_token(expires_in=-60),
            "refresh_token": identity.refresh_token,
        }
        (folder / "oidc.json").write_text(json.dumps(made))
        (folder / "oidc.crt").write_bytes(identity.ca_pem)
    if kind in ("impersonation", "stranger"):
        (folder / "impersonate.json").write_text(json.dumps(JANE if kind == "impersonation" else {"user": kind}))


def _run(environment: Path, kind: str, mode: str, host: str, namespace: str, folder: Path) -> dict[str, Any]:
    """Run the program and return its output."""
    env = {"PATH": os.environ["PATH"]}
    if kind == "in-cluster":
        name, _, port = host.removeprefix("https://").partition(":")
        env |= {"KUBERNETES_SERVICE_HOST": name, "KUBERNETES_SERVICE_PORT": port}
    done = subprocess.run(
        [str(environment / "python"), "-I", "-W", "error", "-c", PROGRAM, kind, mode, host, namespace, str(folder)],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    said: dict[str, Any] = json.loads(done.stdout)
    # The packages come from the wheel, not from the checkout.
    assert all(Path(file).is_relative_to(environment.parent) for file in said["from"])
    return said


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("kind", USERS)
def test_the_server_audits_each_kind_of_credentials_as_the_expected_user(
    kind: str, mode: str, environment: Path, oidc_cluster: Audited, identity: IdentityServer, tmp_path: Path
) -> None:
    cluster, before = oidc_cluster.cluster, len(identity.requests)
    _prepare(kind, tmp_path, cluster, identity)
    said = _run(environment, kind, mode, cluster.url, kind, tmp_path)
    assert said["review"]["username"] == USERS[kind]
    assert said["get"] == "map"
    assert said["watch"] == ["ADDED", "map"]
    seen = oidc_cluster.requests(f"{kind}-{mode}")
    for verb in ("get", "watch"):
        event = seen[verb]
        assert event["objectRef"]["namespace"] == kind
        assert event["responseStatus"]["code"] == 200
        if kind == "impersonation":
            assert event["user"]["username"] == "admin"
            acting = event["impersonatedUser"]
            assert (acting["username"], acting["uid"], acting["extra"]) == ("jane", "7", JANE["extra"])
        else:
            assert event["user"]["username"] == USERS[kind]
            assert "impersonatedUser" not in event
    if kind == "impersonation":
        assert said["review"]["groups"] == ["readers", "system:authenticated"]
        assert (said["review"]["uid"], said["review"]["extra"]) == ("7", JANE["extra"])
    if kind == "oidc":
        asked = [(request.method, request.path) for request in identity.requests[before:]]
        assert asked == [("GET", DISCOVERY), ("POST", TOKEN)]
        assert said["refresh-token"] == identity.refresh_token


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_user_without_rights_can_neither_get_nor_watch(
    mode: str, environment: Path, oidc_cluster: Audited, identity: IdentityServer, tmp_path: Path
) -> None:
    _prepare("stranger", tmp_path, oidc_cluster.cluster, identity)
    said = _run(environment, "stranger", mode, oidc_cluster.cluster.url, "impersonation", tmp_path)
    assert said["review"]["username"] == "stranger"
    assert (said["get"], said["watch"]) == (403, 403)
    seen = oidc_cluster.requests(f"stranger-{mode}")
    for verb in ("get", "watch"):
        assert seen[verb]["impersonatedUser"]["username"] == "stranger"
        assert seen[verb]["responseStatus"]["code"] == 403


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_basic_authentication_is_sent_by_get_and_watch(mode: str, environment: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map"}}
    scripts = [json.dumps(found).encode(), json.dumps({"type": "ADDED", "object": found}).encode() + b"\n"]
    with loopback(*map(response_bytes, scripts), context=context) as server:
        host = f"https://127.0.0.1:{server.port}"
        said = _run(environment, "basic", mode, host, "default", tmp_path)
        heads = [head.decode().split("\r\n") for head in server.requests]
    assert (said["get"], said["watch"]) == ("map", ["ADDED", "map"])
    expected = "Basic " + base64.b64encode("user:p\u00e4ss:word".encode()).decode()
    lines = [head[0] for head in heads]
    assert lines[0] == "GET /api/v1/namespaces/default/configmaps/map HTTP/1.1"
    assert lines[1].startswith("GET /api/v1/namespaces/default/configmaps?") and "watch=true" in lines[1]
    for head in heads:
        values = [line.partition(": ")[2] for line in head if line.lower().startswith("authorization:")]
        assert values == [expected]
