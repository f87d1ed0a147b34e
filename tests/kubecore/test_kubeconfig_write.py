"""Writing of kubeconfig files: content, locks and permissions, and files with arbitrary content."""

from __future__ import annotations

import base64
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kubecore import errors, kubeconfig, rest
from kubecore.codec import yaml as kubeyaml
from kubecore.kubeconfig import write
from tests.kubecore.kubeconfigs import DATA, EXEC, config, document, exec_of, nowhere, refused, written

__all__ = ["config", "nowhere"]

# Writing.


def test_names_are_written_as_text_and_sorted(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config"
    opened = kubeconfig.KubeConfigFiles(file)
    for name in ("b", "433e40", "1", "0"):
        opened.set("cluster", name, {"server": "https://h"})
    opened.set("context", "0", {"cluster": "433e40", "user": "1"})
    opened.use_context("0")
    opened.save()
    said = file.read_text()
    for quoted in ('"433e40"', '"0"', '"1"'):
        assert f"name: {quoted}" in said
    assert 'current-context: "0"' in said
    assert "users: []" in said
    assert [item["name"] for item in yaml.safe_load(said)["clusters"]] == ["0", "1", "433e40", "b"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) & 0o022 == 0
    assert sorted(tmp_path.glob("new/*")) == [file]
    assert opened.names("cluster") == ["0", "1", "433e40", "b"]


def test_a_file_is_locked_once(config: Path) -> None:
    lock = config.parent / "config.lock"
    with write.locked(config):
        assert lock.exists()
        with pytest.raises(errors.ConfigError, match="remove") as caught:
            with write.locked(config):
                pass
        assert str(lock) in str(caught.value)
        opened = kubeconfig.KubeConfigFiles(config)
        opened.set("user", "x", {})
        with pytest.raises(errors.ConfigError, match="locked"):
            opened.save()
    assert not lock.exists()
    opened.save()
    assert not lock.exists()
    assert kubeconfig.KubeConfigFiles(config).names("user") == ["u", "x"]


def test_each_entry_is_saved_in_the_file_that_contains_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("one", "two")]
    a = written(tmp_path / "a", document(cluster={"certificate-authority": "ca"}, **{"current-context": "two"}))
    b = written(tmp_path / "b", {"current-context": "one", "contexts": both, "mine": [1]})
    before = a.read_text()
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{b}:{a}")
    kubeconfig.use_context("two")
    assert a.read_text() == before
    assert kubeyaml.load(b.read_text())["current-context"] == "two"
    assert kubeyaml.load(b.read_text())["mine"] == [1]

    opened = kubeconfig.KubeConfigFiles()
    cluster = opened.get("cluster", "c") | {"server": "https://new"}
    opened.set("cluster", "c", cluster)
    opened.set("user", "new", {"token": "t"})
    assert opened.changed == [a, b]
    opened.save()
    assert opened.changed == []
    in_a, in_b = kubeyaml.load(a.read_text()), kubeyaml.load(b.read_text())
    assert in_a["clusters"] == [{"cluster": {"certificate-authority": "ca", "server": "https://new"}, "name": "c"}]
    assert [item["name"] for item in in_b["users"]] == ["new"]
    assert in_b["clusters"] == []

    opened.use_context("")
    opened.remove("context", "one")
    opened.save()
    assert opened.current_context == "two"
    assert kubeyaml.load(b.read_text())["current-context"] == ""
    assert kubeyaml.load(a.read_text())["current-context"] == "two"
    assert opened.names("context") == ["one", "two"]


def test_a_missing_entry_cannot_be_read_removed_or_used(config: Path) -> None:
    opened = kubeconfig.KubeConfigFiles(config)
    with pytest.raises(kubeconfig.InvalidConfigError, match="there is no user 'x'; there is 'u'"):
        opened.get("user", "x")
    with pytest.raises(kubeconfig.InvalidConfigError, match="there is no user 'x'"):
        opened.remove("user", "x")
    with pytest.raises(kubeconfig.ContextNotFoundError):
        opened.use_context("x")
    with pytest.raises(errors.ConfigError, match="needs a name"):
        opened.set("user", "", {})
    assert opened.get("user", "u") == {"token": "tok"}


def test_saving_keeps_changes_of_other_programs(config: Path) -> None:
    one, other = kubeconfig.KubeConfigFiles(config), kubeconfig.KubeConfigFiles(config)
    one.set("user", "a", {"token": "1"})
    other.set("user", "b", {"token": "2"})
    one.save()
    other.save()
    assert kubeconfig.KubeConfigFiles(config).names("user") == ["a", "b", "u"]


def test_saving_keeps_restrictive_modes_and_symbolic_links(config: Path) -> None:
    link = config.parent / "link"
    link.symlink_to(config)
    config.chmod(0o644)
    opened = kubeconfig.KubeConfigFiles(link)
    opened.set("user", "a", {})
    opened.save()
    assert link.is_symlink()
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    config.chmod(0o400)
    opened.set("user", "b", {})
    with pytest.raises(errors.ConfigError, match="read-only"):
        opened.save()
    assert stat.S_IMODE(config.stat().st_mode) == 0o400
    assert sorted(path.name for path in config.parent.glob("*") if "config" in path.name) == ["config"]


def test_a_file_of_somebody_else_is_not_replaced(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = config.read_bytes()
    opened = kubeconfig.KubeConfigFiles(config)
    opened.set("user", "a", {})
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: config.stat().st_uid + 1)
        with pytest.raises(errors.ConfigError, match="not a regular file of this user"):
            opened.save()
    assert config.read_bytes() == before
    opened.save()
    assert opened.names("user") == ["a", "u"]


def test_a_failed_save_keeps_the_old_file_and_leaves_no_other_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = config.read_bytes()
    opened = kubeconfig.KubeConfigFiles(config)
    opened.set("user", "a", {})

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(errors.ConfigError, match="No space left"):
        opened.save()
    assert config.read_bytes() == before
    assert [path for path in config.parent.iterdir() if path.is_file()] == [config]


@pytest.mark.parametrize("value", [b"x", float("nan"), object(), "\ud800", [[]]])
def test_a_value_that_a_kubeconfig_cannot_contain_is_refused(value: Any, config: Path) -> None:
    if value == [[]]:
        for _ in range(150):
            value = [value]
    before = config.read_bytes()
    opened = kubeconfig.KubeConfigFiles(config)
    with pytest.raises(errors.ConfigError):
        opened.set("user", "a", {"x": value})
        opened.save()
    assert config.read_bytes() == before


def test_a_lock_that_cannot_be_created_raises_config_error(config: Path) -> None:
    for path in (config / "below", Path("a\0b")):
        with pytest.raises(errors.ConfigError, match="can't be"):
            with write.locked(path):
                pass


# Files with arbitrary content.

NAMES = st.sampled_from(
    [
        "clusters",
        "users",
        "contexts",
        "name",
        "cluster",
        "user",
        "context",
        "current-context",
        "server",
        "token",
        "exec",
        "command",
        "args",
        "env",
        "namespace",
        "extensions",
        "auth-provider",
        "config",
        "as",
        "as-groups",
        "tokenFile",
        "certificate-authority",
        "proxy-url",
        "kind",
        "apiVersion",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.integers() | st.floats() | st.sampled_from(["a", "https://h"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
ENTRY = st.dictionaries(NAMES, JSON, max_size=4)


def nearly(cluster: Any, user: Any, context: Any) -> dict[str, Any]:
    return document(
        clusters=[{"name": "c", "cluster": cluster}],
        users=[{"name": "u", "user": user}],
        contexts=[{"name": "one", "context": context}],
    )


SHAPED = st.builds(document, ENTRY, ENTRY, ENTRY) | st.builds(nearly, JSON, JSON, JSON)


def only_ours(content: bytes) -> None:
    for trusted in (False, True):
        try:
            kubeconfig.loads(content, trusted=trusted)
        except errors.ConfigError as error:
            assert str(error)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config"
        file.write_bytes(content)
        try:
            kubeconfig.load(file)
        except errors.ConfigError as error:
            assert folder in str(error)
        kubeconfig.validate(file)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_raise_config_error(content: bytes) -> None:
    only_ours(content)


@settings(max_examples=300, deadline=None)
@given(JSON | SHAPED)
@pytest.mark.slow
def test_any_document_is_read_or_raises_config_error(data: Any) -> None:
    only_ours(json.dumps(data).encode())


PLAIN = st.recursive(
    st.none() | st.booleans() | st.text(max_size=12) | st.integers(-(2**63), 2**63),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=12), st.dictionaries(st.text(max_size=5), PLAIN, max_size=3)))
@pytest.mark.slow
def test_saved_users_are_read_again(users: Mapping[str, dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opened = kubeconfig.KubeConfigFiles(Path(folder) / "config")
        for name, user in users.items():
            opened.set("user", name, user)
        opened.save()
        again = kubeconfig.KubeConfigFiles(Path(folder) / "config")
        assert again.names("user") == sorted(users)
        assert {name: again.get("user", name) for name in again.names("user")} == users


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(exclude_characters=":", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20),
    st.binary(max_size=20).filter(lambda data: not data or bool(data.strip())),
)
def test_a_saved_kubeconfig_is_loaded(name: str, password: str, ca: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config"
        opened = kubeconfig.KubeConfigFiles(file)
        data = base64.b64encode(ca).decode()
        opened.set("cluster", name, {"server": "https://h", "certificate-authority-data": data})
        opened.set("user", name, {"username": name, "password": password})
        opened.set("context", name, {"cluster": name, "user": name})
        opened.use_context(name)
        opened.save()
        found = kubeconfig.load(file)
        assert (found.context, found.config.username, found.config.password or "") == (name, name, password)
        assert found.config.tls.ca_data == (ca or None)


def test_no_variable_names_a_server_and_no_older_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_MASTER", "https://master")
    older = written(tmp_path / ".kube" / ".kubeconfig", document())
    with pytest.raises(errors.ConfigError):
        kubeconfig.load()
    assert [file.name for file in older.parent.iterdir()] == [".kubeconfig"]
    monkeypatch.setenv("KUBECONFIG", str(written(tmp_path / "f", document({"server": ""}))))
    with pytest.raises(errors.ConfigError, match="server"):
        kubeconfig.load()


def test_extensions_of_one_name_are_refused_only_if_they_are_read(config: Path) -> None:
    plugin = {"exec": exec_of(provideClusterInfo=True)}
    twice = [{"name": "x", "extension": 1}] * 2
    assert kubeconfig.load_config(written(config, document({"extensions": twice}, plugin))).host == "https://h:1"
    twice = [{"name": EXEC, "extension": 1}] * 2
    assert f"extensions names {EXEC} twice" in str(refused(written(config, document({"extensions": twice}, plugin))))


def test_an_override_of_the_user_to_act_as_replaces_its_groups_too(config: Path) -> None:
    user = {"token": "t", "as": "jane", "as-uid": "7", "as-groups": ["g"], "as-user-extra": {"k": ["v"]}}
    written(config, document(user=user))
    assert kubeconfig.load_config(config, impersonate="joe").impersonate == rest.Impersonate(user="joe")


def test_a_server_without_scheme_is_http_and_gets_no_credentials(config: Path) -> None:
    ca = {"certificate-authority-data": DATA}
    written(config, document({"server": "h", **ca}, {}))
    assert kubeconfig.load_config(config).server().url == "http://h"
    written(config, document({"server": "h", **ca}))
    assert "unencrypted" in str(refused(config))


def test_a_certificate_without_key_and_a_key_without_certificate_are_refused(config: Path) -> None:
    for user in ({"client-certificate-data": DATA}, {"client-key-data": DATA}):
        assert "is set without" in str(refused(written(config, document(user=user))))
