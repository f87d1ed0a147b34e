"""Kubeconfig files: finding, reading and merging them, the choice of a context, and overrides."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, kubeconfig, rest
from kubecore.kubeconfig import files
from tests.kubecore.kubeconfigs import (
    DATA,
    EXEC,
    SECRET,
    config,
    document,
    exec_of,
    nowhere,
    refused,
    text,
    written,
)

__all__ = ["config", "nowhere"]


def test_the_precedence_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_first_file_with_an_entry_defines_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_bare_or_absolute_command_is_unchanged(command: str, tmp_path: Path) -> None:
    found = kubeconfig.load_config(written(tmp_path / "f", document(user={"exec": exec_of(command=command)})))
    assert found.exec is not None
    assert found.exec.command == command


def test_unknown_keys_are_ignored_and_null_means_not_set(tmp_path: Path) -> None:
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
