"""kubeconfig files: reading, merging, overriding, checking and writing."""

from __future__ import annotations

import copy
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, kubeconfig, rest
from kubecore._config import incluster
from kubecore.kubeconfig import files
from tests.kubecore.kubeconfigs import DATA, EXEC, SECRET, V1, V1BETA1, document, exec_of, refused, text, written


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the kubeconfig and the cluster of the machine."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(incluster, "SERVICE_ACCOUNT", tmp_path / "no-account")
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return written(tmp_path / "config", document())


# Finding, reading, merging.


def test_which_files_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.precedence(None) == [tmp_path / "home" / ".kube" / "config"]
    assert files.precedence("x") == [Path("x")]
    for listed, expected in (("a:b", "ab"), ("a:a:b:b:c:b", "abc"), (":a::", "a")):
        monkeypatch.setenv("KUBECONFIG", listed)
        assert files.precedence(None) == files.precedence("") == [Path(name) for name in expected]
        assert files.precedence("x") == [Path("x")]


@pytest.mark.parametrize(
    "content",
    [
        "\x00",
        "a: [",
        "- x",
        "5",
        "!!python/object:os.system x",
        "a: &a [*a]",
        "[" * 1000,
        "{" * 500,
        "a: 1\na: 2",
        "kind: Pod",
        "apiVersion: v2",
        "clusters: 5",
        "users: {a: b}",
        "contexts: [null]",
        "clusters: [{name: [x]}]",
        "users: [{name: u}, {name: u}]",
        "current-context: [x]",
        "x: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(f"x{n}: &a{n} [{','.join(['*a' + str(n - 1 or '')] * 9)}]\n" for n in range(1, 9)),
    ],
)  # fmt: skip
def test_an_invalid_kubeconfig_is_reported_with_its_file(content: str, tmp_path: Path) -> None:
    file = written(tmp_path / "config", content)
    with pytest.raises(errors.ConfigError, match="config") as caught:
        kubeconfig.load_config(file)
    assert str(file) in str(caught.value)
    assert kubeconfig.validate(file)


def test_the_first_of_several_documents_is_the_kubeconfig(tmp_path: Path) -> None:
    content = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'https://one'}}]\n"
    content += "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n"
    for end in ("---\n", "---\n---\n", "---\nkind: Other\n", "---\nkind: Config\nclusters: 5\n"):
        assert kubeconfig.load_config(written(tmp_path / "config", f"---\n{content}{end}")).host == "https://one"


def test_an_unreadable_kubeconfig_is_reported_with_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (tmp_path / "none", tmp_path, Path("/dev/zero"), tmp_path / "a\0b"):
        with pytest.raises(errors.ConfigError, match="can't be read") as caught:
            kubeconfig.load_config(path)
        assert str(path).replace("\0", "\\x00") in str(caught.value)
        assert not kubeconfig.is_configuration_invalid(caught.value)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path))
    with pytest.raises(errors.ConfigError, match="can't be read"):
        kubeconfig.load_config()
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    with pytest.raises(errors.ConfigError, match="binary"):
        kubeconfig.load_config(tmp_path / "binary")


def test_a_pipe_can_be_a_kubeconfig(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, text().encode())
    os.close(writing)
    assert kubeconfig.load(f"/dev/fd/{reading}").context == "one"
    os.close(reading)


def test_the_first_file_owns_an_entry_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a = {
        "users": [{"name": "red", "user": {"token": "t1"}}],
        "clusters": [{"name": "cow", "cluster": {"server": "https://cow"}}],
    }
    b = {
        "users": [
            {"name": "red", "user": {"token": "t2", "username": "x"}},
            {"name": "yellow", "user": {"token": "y"}},
        ],
        "clusters": [
            {"name": "cow", "cluster": {"server": "https://b", "insecure-skip-tls-verify": True}},
            {"name": "donkey", "cluster": {"server": "https://donkey"}},
        ],
        "contexts": [{"name": "federal", "context": {"cluster": "cow", "user": "red"}}],
        "current-context": "federal",
    }
    first, second = written(tmp_path / "a" / "f", a), written(tmp_path / "b" / "f", b)
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'none'}:{second}:{first}")
    found = kubeconfig.load()
    assert (found.context, found.cluster, found.user) == ("federal", "cow", "red")
    assert (found.config.host, found.config.bearer_token, found.config.username) == ("https://cow", "t1", None)
    assert not found.config.tls.insecure
    other = kubeconfig.load(cluster="donkey", user="yellow")
    assert (other.config.host, other.config.bearer_token) == ("https://donkey", "y")


def test_the_first_current_context_that_is_set_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contexts = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("x", "y", "z")]
    for name in ("x", "y", ""):
        written(tmp_path / f"f{name}", document(contexts=contexts, **{"current-context": name}))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'f'}:{tmp_path / 'fx'}:{tmp_path / 'fy'}")
    assert kubeconfig.load().context == "x"
    assert kubeconfig.load(tmp_path / "fy").context == "y"
    assert kubeconfig.load(context="z").context == "z"


def test_relative_paths_start_at_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("a", "b"):
        for name in ("ca", "cert", "key", "token"):
            written(tmp_path / folder / name, folder)
    written(tmp_path / "a" / "f", {"clusters": document({"certificate-authority": "ca"})["clusters"]})
    user = {
        "client-certificate": "cert",
        "client-key": "../b/key",
        "tokenFile": "token",
        "exec": exec_of(command="./bin/p"),
    }
    written(tmp_path / "b" / "f", document(user=user, clusters=[]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", "a/f:b/f")
    found = kubeconfig.load_config()
    assert found.tls.ca_file == str(tmp_path / "a" / "ca")
    assert found.tls.cert_file == str(tmp_path / "b" / "cert")
    assert found.tls.key_file is not None
    assert Path(found.tls.key_file).resolve() == tmp_path / "b" / "key"
    assert found.bearer_token_file == str(tmp_path / "b" / "token")
    assert found.exec is not None
    assert found.exec.command == str(tmp_path / "b" / "bin" / "p")


@pytest.mark.parametrize("command", ["p", "/usr/bin/p"])
def test_a_bare_or_absolute_command_stays(command: str, tmp_path: Path) -> None:
    found = kubeconfig.load_config(written(tmp_path / "f", document(user={"exec": exec_of(command=command)})))
    assert found.exec is not None
    assert found.exec.command == command


def test_unknown_keys_mean_nothing_and_null_is_not_set(tmp_path: Path) -> None:
    user = {"token": "123", "password": None, "more": [1]}
    content = document(user=user, context={"cluster": "c", "user": "u", "namespace": None}, unknown={"x": 1})
    found = kubeconfig.load(written(tmp_path / "f", content))
    assert (found.namespace, found.config.bearer_token, found.config.password) == ("default", "123", None)


NUMBERS = ["0123", "1.10", "0x1F", "1e3", "1_000", "true", "no", ".5", "007"]


@pytest.mark.parametrize("scalar", NUMBERS)
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("users: [{name: u, user: {token: SCALAR}}]", "token"),
        ("users: [{name: u, user: {username: a, password: SCALAR}}]", "password"),
        ("users: [{name: u, user: {as: SCALAR}}]", "as"),
        ("users: [{name: u, user: {as: a, as-groups: [g, SCALAR]}}]", r"as-groups\[1\]"),
        ("users: [{name: u, user: {exec: {command: p, args: [SCALAR]}}}]", r"exec.args\[0\]"),
        ("users: [{name: u, user: {exec: {command: p, env: [{name: A, value: SCALAR}]}}}]", r"exec.env\[0\].value"),
        ("users: [{name: u, user: {auth-provider: {name: oidc, config: {client-secret: SCALAR}}}}]", "client-secret"),
        ("users: [{name: SCALAR, user: {token: t}}]", "users: a name"),
        ("current-context: SCALAR", "current-context"),
    ],
)
def test_a_scalar_that_is_not_text_is_refused_and_never_becomes_another_text(
    text: str, where: str, scalar: str, tmp_path: Path
) -> None:
    base = (
        "clusters: [{name: c, cluster: {server: https://h}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
    )
    current = "" if text.startswith("current") else "current-context: x\n"
    file = tmp_path / "f"
    file.write_text(base + current + text.replace("SCALAR", scalar))
    with pytest.raises(
        errors.ConfigError, match=f"{where} is a (number|boolean), not text: put it in quotes"
    ) as caught:
        kubeconfig.load(file)
    assert repr(scalar) not in str(caught.value)
    file.write_text(base + current + text.replace("SCALAR", f"'{scalar}'"))
    if "token: SCALAR" in text or "password: SCALAR" in text:
        found = kubeconfig.load_config(file)
        assert scalar in (found.bearer_token, found.password)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"cluster": {"server": ["x"]}}, "cluster 'c': server is not text"),
        ({"cluster": {"insecure-skip-tls-verify": "true"}}, "neither true nor false"),
        ({"cluster": {"certificate-authority-data": "%%"}}, "certificate-authority-data is not base64"),
        ({"cluster": {"extensions": 5}}, "extensions is not a list"),
        ({"cluster": {"extensions": [5]}}, r"extensions\[0\] is not a mapping"),
        ({"cluster": {"extensions": [{"name": EXEC}, {"name": EXEC}]}}, "twice"),
        ({"user": {"as-groups": "x"}}, "as-groups is not a list"),
        ({"user": {"as-groups": [["x"]]}}, r"as-groups\[0\] is not text"),
        ({"user": {"as-user-extra": {"k": "v"}}}, "as-user-extra.k is not a list"),
        ({"user": {"exec": "x"}}, "exec is not a mapping"),
        ({"user": {"exec": {"env": ["x"]}}}, r"exec.env\[0\] is not a mapping"),
        ({"user": {"token": {SECRET: SECRET}}}, "user 'u': token is not text"),
        ({"user": {"client-key-data": f"{SECRET}!"}}, "client-key-data is not base64"),
        ({"users": [{"name": "u", "user": ["x"]}]}, "user 'u': this is not a mapping"),
        ({"contexts": [{"name": "one", "context": "x"}]}, "context 'one': this is not a mapping"),
    ],
)
def test_a_wrong_type_is_reported_with_file_and_entry(parts: Any, words: str, tmp_path: Path) -> None:
    file = written(tmp_path / "f", document(**parts))
    assert str(file) in str(refused(file).args[0])
    with pytest.raises(errors.ConfigError, match=words):
        kubeconfig.load(file)
    assert any(str(problem).startswith(f"{file}: ") for problem in kubeconfig.validate(file))


# Choosing.


def test_a_missing_context_raises_context_not_found_error(config: Path) -> None:
    for overrides in ({"context": "two"}, {"context": "two", "server": "https://x"}):
        error = refused(config, **overrides)
        assert kubeconfig.is_context_not_found(error)
        assert "there is no context 'two'; there is 'one'" in str(error)
    with pytest.raises(kubeconfig.ContextNotFoundError):
        kubeconfig.load(context="x")
    written(config, document(**{"current-context": "gone"}))
    assert kubeconfig.is_context_not_found(refused(config))


def test_all_missing_overrides_are_reported_in_one_error(config: Path) -> None:
    error = refused(config, cluster="c2", user="u2")
    assert not kubeconfig.is_context_not_found(error)
    assert len(error.problems) == 2
    assert "there is no cluster 'c2'; there is 'c'" in str(error)
    assert "there is no user 'u2'; there is 'u'" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(copy.copy(error)) == str(error)


def test_a_misspelt_keyword_raises_type_error(config: Path) -> None:
    wrong: Any = {"sever": "x"}
    with pytest.raises(TypeError, match="sever"):
        kubeconfig.load(config, **wrong)


def test_without_a_context_cluster_and_user_can_be_named(config: Path) -> None:
    written(config, document(**{"current-context": ""}))
    assert kubeconfig.is_empty_config(refused(config))
    found = kubeconfig.load(config, cluster="c", user="u")
    assert (found.config.host, found.config.bearer_token, found.namespace) == ("https://h:1", "tok", "default")
    assert kubeconfig.load(config, server="https://x").config == rest.Config(host="https://x")


def test_load_reads_only_the_entries_that_the_context_names(config: Path) -> None:
    content = document()
    content["users"].append({"name": "junk", "user": {"exec": 5}})
    content["clusters"].append({"name": "junk", "cluster": 7})
    written(config, content)
    assert kubeconfig.load(config).context == "one"
    assert len(kubeconfig.validate(config)) == 2


# Overrides.


def test_an_override_of_the_ca(tmp_path: Path) -> None:
    ca = str(written(tmp_path / "ca", "x"))
    for cluster in ({"certificate-authority-data": DATA}, {"insecure-skip-tls-verify": True}):
        file = written(tmp_path / "f", document(cluster))
        tls = kubeconfig.load_config(file, ca_file=ca).tls
        assert (tls.ca_file, tls.ca_data, tls.insecure) == (ca, None, False)
        tls = kubeconfig.load_config(file, ca_data=b"y").tls
        assert (tls.ca_file, tls.ca_data, tls.insecure) == (None, b"y", False)
        tls = kubeconfig.load_config(file, insecure=True).tls
        assert (tls.ca_file, tls.ca_data, tls.insecure) == (None, None, True)
        assert kubeconfig.load_config(file, insecure=False).tls.insecure is False
        refused(file, insecure=True, ca_file=ca)


def test_an_override_of_the_server_drops_the_name_of_its_certificate(config: Path) -> None:
    written(config, document({"tls-server-name": "old"}))
    assert kubeconfig.load_config(config).tls.server_name == "old"
    assert kubeconfig.load_config(config, server="https://x").tls.server_name is None
    assert kubeconfig.load_config(config, server="https://x", tls_server_name="new").tls.server_name == "new"
    found = kubeconfig.load_config(config, tls_server_name="new")
    assert (found.host, found.tls.server_name) == ("https://h:1", "new")


def test_overrides_of_certificate_and_key(tmp_path: Path) -> None:
    mine = str(written(tmp_path / "mine", "x"))
    data = {"client-certificate-data": DATA, "client-key-data": DATA}
    file = written(tmp_path / "f", document(user=data))
    tls = kubeconfig.load_config(file, cert_file=mine, key_file=mine).tls
    assert (tls.cert_file, tls.cert_data, tls.key_file, tls.key_data) == (mine, None, mine, None)
    written(file, document(user={"client-certificate": "mine", "client-key": "mine"}))
    tls = kubeconfig.load_config(file, cert_data=b"c", key_data=b"k").tls
    assert (tls.cert_file, tls.cert_data, tls.key_file, tls.key_data) == (None, b"c", None, b"k")


def test_overrides_of_the_user(config: Path) -> None:
    found = kubeconfig.load_config(config, token="new", impersonate="jane", proxy_url="", compression=True)
    assert (found.bearer_token, found.impersonate) == ("new", rest.Impersonate(user="jane"))
    assert (found.proxy_url, found.compression) == ("", True)
    whole = rest.Impersonate(user="j", uid="1", groups=("g",), extra={"k": ("v",)})
    assert kubeconfig.load_config(config, impersonate=whole).impersonate == whole
    written(config, document(user={"username": "a", "password": "b"}))
    found = kubeconfig.load_config(config, username="x", password="y")
    assert (found.username, found.password) == ("x", "y")
    assert "both a token and a user name" in str(refused(config, token="t"))


def test_overrides_of_none_change_nothing(config: Path) -> None:
    nothing: Any = dict.fromkeys(kubeconfig.Overrides.__annotations__)
    assert kubeconfig.load(config, **nothing) == kubeconfig.load(config)
    assert kubeconfig.load_config(config) == kubeconfig.load(config).config


def test_the_namespace(config: Path) -> None:
    found = kubeconfig.load(config, namespace="foo")
    assert (found.namespace, found.namespace_given) == ("foo", True)
    found = kubeconfig.load(config)
    assert (found.namespace, found.namespace_given) == ("ns", False)
    for made in (found, found.config, found.config.copy(), found._replace(namespace="other")):
        with Clientset(made) as clientset:
            assert clientset.namespace == ("other" if made.namespace == "other" else "ns")
        assert AsyncClientset(made).namespace == clientset.namespace
    assert Clientset(rest.Config(host="https://h:1")).namespace == "default"
    for prefixed in ("namespaces/web", "namespace/web", "ns/web", "NS/web"):
        assert kubeconfig.load(config, namespace=prefixed).namespace == "web"
    for wrong in ("ns/", "A", "a.b", "a/b", "ns/ns/a", "a" * 64, "é", "a\n"):
        refused(config, namespace=wrong)
    written(config, document(context={"namespace": "No"}))
    assert "namespace 'No'" in str(refused(config))
    written(config, document(context={"namespace": None}))
    assert kubeconfig.load(config).namespace == "default"


# Fields.


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


def test_a_token_file_that_is_a_pipe_or_too_large_does_not_keep_us_waiting(tmp_path: Path) -> None:
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


OIDC = {"idp-issuer-url": "https://idp", "client-id": "me"}


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


# In a cluster.


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


def test_other_errors_and_other_servers_stay(pod: Path, config: Path) -> None:
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


def test_overrides_hold_in_a_cluster(pod: Path, tmp_path: Path) -> None:
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


# Mistakes.


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


def test_several_mistakes_come_together(config: Path) -> None:
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


def test_validate_looks_at_every_context(config: Path) -> None:
    contexts = [{"name": "", "context": {"cluster": "x", "namespace": "A"}}]
    told = " ".join(map(str, kubeconfig.validate(written(config, document(contexts=contexts)))))
    for words in ("its name is empty", "there is no cluster 'x'", "names no user", "namespace 'A'", "no context 'one'"):
        assert words in told


# Out of memory.


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


def test_data_and_overrides_go_together(tmp_path: Path, pod: Path) -> None:
    ca = str(written(tmp_path / "ca", "x"))
    found = kubeconfig.loads(text(cluster={"certificate-authority-data": DATA}, context={"namespace": ""}), ca_file=ca)
    assert (found.config.tls.ca_file, found.namespace) == (ca, "default")
    with pytest.raises(kubeconfig.EmptyConfigError):
        kubeconfig.loads(b"")


def test_no_secret_shows(config: Path) -> None:
    written(config, document(user={"token": SECRET}))
    assert SECRET not in repr(kubeconfig.load(config))
