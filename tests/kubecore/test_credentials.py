"""Configured credentials: certificates, tokens, users, and files with relative paths."""

from __future__ import annotations

import base64
import json
import logging
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, kubeconfig, rest
from kubecore._auth.authorization import source
from kubecore._auth.exec_plugin import ExecSource
from kubecore._auth.oidc import OIDCSource
from kubecore._http import tls
from tests.kubecore.credential_files import POD, authority, credential_text, written_plugin
from tests.kubecore.loopback import Loopback, response_bytes

__all__ = ["authority"]


class Whoami(Loopback):
    """Responds with a pod that is named after the client certificate, or `anonymous` without a certificate."""

    def _serve(self, connection: Any) -> None:
        while connection.recv(65536):
            shown = connection.getpeercert()
            name = shown["subjectAltName"][0][1] if shown else "anonymous"
            connection.sendall(response_bytes(POD.replace(b"NAME", name.encode())))


def written_pair(authority: trustme.CA, folder: Path) -> rest.TLSConfig:
    pair = authority.issue_cert("jane.example")
    pair.cert_chain_pems[0].write_to_path(str(folder / "cert"))
    pair.private_key_pem.write_to_path(str(folder / "key"))
    authority.cert_pem.write_to_path(str(folder / "ca"))
    return rest.TLSConfig(ca_file=str(folder / "ca"), cert_file=str(folder / "cert"), key_file=str(folder / "key"))


def whoami_server(authority: trustme.CA) -> Whoami:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    authority.configure_trust(context)
    return Whoami([], close=False, context=context)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["cert", "key"])
@pytest.mark.parametrize("content", ["", "\n", "half"])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_certificate_file_that_is_empty_for_a_moment_keeps_the_last_identity(
    *, is_async: bool, content: str, file: str, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_LOOK_SECONDS", 0.0)
    server = whoami_server(authority)
    config = rest.Config(host=f"https://127.0.0.1:{server.port}", tls=written_pair(authority, tmp_path))
    good = (tmp_path / file).read_bytes()
    seen: list[str] = []
    steps: list[Callable[[], Any]] = [
        lambda: None,
        lambda: (tmp_path / file).write_text(content),
        lambda: (tmp_path / file).write_bytes(good),
    ]

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            for step in steps:
                step()
                seen.append((await clientset.core_v1.pods("d").get("p")).metadata.name)

    try:
        if is_async:
            anyio.run(main)
        else:
            with Clientset(config) as clientset:
                for step in steps:
                    step()
                    seen.append(clientset.core_v1.pods("d").get("p").metadata.name)
    finally:
        server.stop()
    assert seen == ["jane.example"] * 3


def test_files_written_again_with_the_same_content_keep_the_context(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_LOOK_SECONDS", 0.0)
    files = tls.Rotating(written_pair(authority, tmp_path))
    before = files.context()
    for name in ("ca", "cert", "key"):
        (tmp_path / "new").write_bytes((tmp_path / name).read_bytes())
        (tmp_path / "new").replace(tmp_path / name)
    assert files.context() == before
    written_pair(trustme.CA(), tmp_path)
    context, generation = files.context()
    assert (context is before[0], generation) == (False, 1)


def test_an_unusable_changed_file_is_logged_once_for_each_change(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls, "_LOOK_SECONDS", 0.0)
    files = tls.Rotating(written_pair(authority, tmp_path))
    with caplog.at_level(logging.WARNING, "kubecore"):
        for content in ("", "half"):
            (tmp_path / "key").write_text(content)
            for _ in range(5):
                files.refresh()
    assert len(caplog.records) == 2


def unusable(folder: Path) -> list[tuple[dict[str, Any], str]]:
    """Return options with an unusable credential, each with words of the expected error."""
    (folder / "empty").touch()
    (folder / "blank").write_text(" \n")
    empty, blank = str(folder / "empty"), str(folder / "blank")
    pair = trustme.CA().issue_cert("jane.example")
    cert, key = pair.cert_chain_pems[0].bytes(), pair.private_key_pem.bytes()

    def of_tls(**options: Any) -> dict[str, Any]:
        return {"tls": rest.TLSConfig(**options)}

    return [
        ({"bearer_token": ""}, "bearer_token is empty"),
        ({"bearer_token": " \t"}, "bearer_token is empty"),
        ({"bearer_token": "a b"}, "contains invalid characters"),
        ({"bearer_token_file": ""}, "bearer_token_file is empty"),
        ({"bearer_token_file": empty}, "the token file is empty"),
        ({"bearer_token_file": blank}, "the token file is empty"),
        ({"bearer_token_file": "a\0b"}, "can't be read"),
        ({"bearer_token_file": "/dev/zero"}, "can't be read: .*File too large"),
        ({"bearer_token_file": str(folder)}, "can't be read: .*Is a directory"),
        (of_tls(ca_file="/dev/zero"), "can't be read: .*File too large"),
        (of_tls(cert_data=cert, key_file="/dev/zero"), "can't be read: .*File too large"),
        ({"username": ""}, "username is empty"),
        ({"username": "", "password": ""}, "username is empty"),
        ({"password": ""}, "password is empty"),
        ({"username": "jane:x", "password": "p"}, "colon"),
        ({"username": "jane", "password": "p\n"}, "control characters"),
        (of_tls(cert_file=empty, key_file=empty), "cert_file is empty"),
        (of_tls(cert_file=blank, key_file=blank), "cert_file is empty"),
        (of_tls(cert_data=cert, key_file=empty), "key_file is empty"),
        (of_tls(cert_file=empty, key_data=key), "cert_file is empty"),
        (of_tls(cert_data=b"", key_data=b""), "cert_data is empty"),
        (of_tls(cert_data=cert, key_data=b"\n"), "key_data is empty"),
        (of_tls(cert_file="", key_file=""), "cert_file is empty"),
        (of_tls(cert_data=cert, key_data=b"x"), "can't be used"),
        (of_tls(ca_file=empty), "ca_file is empty"),
        (of_tls(ca_data=b""), "ca_data is empty"),
        ({"impersonate": rest.Impersonate()}, "impersonate.user is empty"),
        ({"impersonate": rest.Impersonate(user="")}, "impersonate.user is empty"),
        ({"impersonate": rest.Impersonate(groups=["g"])}, "impersonate.user is empty"),
        ({"impersonate": rest.Impersonate(user=" jane ")}, "white space"),
        ({"impersonate": rest.Impersonate(user="jane\u2003")}, "white space"),
        ({"impersonate": rest.Impersonate(user="jane", uid="7 ")}, "white space"),
        ({"impersonate": rest.Impersonate(user="jane", groups=["g", ""])}, "groups has an empty value"),
        ({"impersonate": rest.Impersonate(user="jane", groups=[" g"])}, "white space"),
        ({"impersonate": rest.Impersonate(user="jane", groups="admins")}, "pass a list"),
        ({"impersonate": rest.Impersonate(user="jane", extra={"": ["x"]})}, "extra has an empty value"),
        ({"impersonate": rest.Impersonate(user="jane", extra={"k": [""]})}, "extra has an empty value"),
        ({"impersonate": rest.Impersonate(user="jane", extra={"k": []})}, "without values"),
        ({"impersonate": rest.Impersonate(user="jane", extra={"k": "x"})}, "pass a list"),
        ({"impersonate": rest.Impersonate(user="ja\nne")}, "no header can hold"),
        ({"exec": rest.ExecConfig(command="")}, "exec.command is empty"),
        ({"oidc": rest.OIDCConfig(issuer_url="https://i", client_id="c", id_token=" ")}, "is not a token"),
    ]


@pytest.mark.parametrize("number", range(42))
@pytest.mark.parametrize("make", [rest.Client, rest.AsyncClient])
def test_a_credential_that_is_configured_and_unusable_is_an_error(number: int, make: Any, tmp_path: Path) -> None:
    cases = unusable(tmp_path)
    assert len(cases) == 42
    options, words = cases[number]
    with pytest.raises(errors.ConfigError, match=words):
        make(rest.Config(host="https://127.0.0.1:1", **options))


def test_a_client_certificate_is_not_dropped_silently_without_tls(authority: trustme.CA, tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match="a client certificate is not shown"):
        rest.Client(rest.Config(host="http://127.0.0.1:1", tls=written_pair(authority, tmp_path)))


@pytest.mark.parametrize(
    "user",
    [
        {"token": "  "},
        {"as": ""},
        {"as": " jane"},
        {"as-groups": ["system:masters"]},
        {"as": "jane", "as-groups": [""]},
        {"client-certificate-data": base64.b64encode(b"\n").decode(), "client-key-data": "Cg=="},
        {"tokenFile": "empty"},
        {"token": ""},
        {"token": None},
        {"token": "", "username": "", "password": "", "tokenFile": ""},
        {"client-certificate-data": "", "client-key-data": ""},
        {"exec": None},
        {"Token": "t"},
        {"client-certifcate-data": "x", "client-key-dta": "x"},
    ],
)
def test_a_kubeconfig_with_an_unusable_credential_is_refused(user: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    if user == {"as": ""}:  # kubectl writes empty fields for those that are not set.
        assert kubeconfig.load_config(kubeconfig_file(tmp_path, user)).impersonate is None
        return
    with pytest.raises(errors.ConfigError):
        kubeconfig.load_config(kubeconfig_file(tmp_path, user))


def test_a_key_that_is_not_read_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match="anonymous: 'Token' is not a key of a user; did you mean 'token'"):
        kubeconfig.load_config(kubeconfig_file(tmp_path, {"Token": "t"}))
    file = kubeconfig_file(tmp_path, {})
    content = json.loads(file.read_text())
    content["users"][0]["token"] = "t"
    file.write_text(json.dumps(content))
    with pytest.raises(errors.ConfigError, match="'token' stands next to user, not in it"):
        kubeconfig.load_config(file)


@pytest.mark.parametrize("user", [{"token": "t", "client-certificate-data": "", "x": 1}, {"extensions": []}, {}])
def test_empty_and_unknown_keys_do_not_matter_if_there_is_a_credential_or_none_is_meant(
    user: dict[str, Any], tmp_path: Path
) -> None:
    file = kubeconfig_file(tmp_path, user)
    assert kubeconfig.load_config(file).bearer_token == user.get("token")
    assert kubeconfig.validate(file) == []


@pytest.mark.parametrize(
    "name", ["token", "token_file", "cert_file", "cert_data", "key_file", "key_data", "username", "impersonate"]
)
def test_an_empty_credential_does_not_mean_that_of_the_kubeconfig(name: str, tmp_path: Path) -> None:
    file = kubeconfig_file(tmp_path, {"token": "of the administrator".replace(" ", "-")})
    options: dict[str, Any] = {name: b"" if name.endswith("data") else ""}
    with pytest.raises(errors.ConfigError, match=f"{name} is empty"):
        kubeconfig.load_config(file, **options)
    assert kubeconfig.load_config(file, **{name: None}).impersonate is None


def kubeconfig_file(folder: Path, user: dict[str, Any]) -> Path:
    file = folder / "config"
    content = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": user}],
    }
    file.write_text(json.dumps(content))
    return file


@pytest.fixture
def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Start in a folder. Return a function that changes to another folder, in which the same names are other files."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)
    return lambda: os.chdir(there)


def test_a_relative_token_file_stays_the_same_file(
    moving: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here/token").write_text("one")
    (tmp_path / "there/token").write_text("other")
    monkeypatch.setattr("kubecore._auth.token_file._FRESH_SECONDS", 0.0)
    found = source(rest.Config(host="https://h", bearer_token_file="token"))
    moving()
    (tmp_path / "here/token").write_text("two")
    credential = found.current() or found.renew()
    assert credential.header == b"Bearer two"


def test_relative_certificate_files_stay_the_same_files(
    moving: Callable[[], None], authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "_LOOK_SECONDS", 0.0)
    written_pair(authority, tmp_path / "here")
    files = tls.Rotating(rest.TLSConfig(ca_file="ca", cert_file="cert", key_file="key"))
    moving()
    written_pair(authority, tmp_path / "there")
    assert files.context()[1] == 0
    written_pair(authority, tmp_path / "here")
    assert files.context()[1] == 1


def test_a_relative_plugin_stays_the_same_program(moving: Callable[[], None], tmp_path: Path) -> None:
    for folder in ("here", "there"):
        written_plugin(tmp_path / folder / "plugin", credential_text(token=folder))
    plugin = ExecSource(rest.ExecConfig(command="./plugin"), rest.Config(host="https://h"))
    moving()
    assert plugin.renew().header == b"Bearer here"


def test_renewed_tokens_are_saved_in_the_kubeconfig_that_contained_them(
    moving: Callable[[], None], tmp_path: Path
) -> None:
    settings = {
        "idp-issuer-url": "https://issuer",
        "client-id": "c",
        "id-token": id_token(1),
        "refresh-token": "OLD",
    }
    kubeconfig_file(tmp_path / "here", {"auth-provider": {"name": "oidc", "config": settings}})
    config = kubeconfig.load_config("config")
    assert config.oidc is not None
    moving()
    assert config.oidc.save is not None
    config.oidc.save({"id-token": id_token(2), "refresh-token": "NEW"})
    assert "NEW" in (tmp_path / "here/config").read_text()
    assert list((tmp_path / "there").iterdir()) == []


def test_a_relative_ca_file_of_a_provider_stays_the_same_file(
    moving: Callable[[], None], authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "here/ca"))
    provider = OIDCSource(rest.OIDCConfig(issuer_url="https://i", client_id="c", refresh_token="r", ca_file="ca"))
    moving()
    assert isinstance(provider._prepare(), ssl.SSLContext)


def id_token(expires: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"e30.{claims}.x"
