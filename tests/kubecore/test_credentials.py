"""Credentials that are configured are used or refused: no request goes out as another user, or as nobody."""

from __future__ import annotations

import ast
import base64
import gc
import json
import logging
import os
import signal
import ssl
import stat
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, kubeconfig, rest
from kubecore._auth.authorization import source
from kubecore._auth.exec_plugin import ExecSource
from kubecore._auth.oidc import OIDCSource
from kubecore._config.config import default_user_agent
from kubecore._http import proxy, tls
from tests.kubecore.loopback import Loopback, answer

ROOT = Path(__file__).parents[2]
POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"NAME"},"spec":{"containers":[]}}'
SECRET = "hunter2"


class Whoami(Loopback):
    """Names the user of the client certificate, `anonymous` without one, as the pod."""

    def _serve(self, connection: Any) -> None:
        while connection.recv(65536):
            shown = connection.getpeercert()
            name = shown["subjectAltName"][0][1] if shown else "anonymous"
            connection.sendall(answer(POD.replace(b"NAME", name.encode())))


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


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
    """Return options that configure a credential, none of which can be used, and words of the error."""
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
    if user == {"as": ""}:  # As kubectl, which writes empty fields for those that are not set.
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


# Files that are named relative to the folder in which the program starts.


@pytest.fixture
def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Start in a folder; return what changes to another one, in which all the same names are something else."""
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


def test_renewed_tokens_are_saved_in_the_kubeconfig_they_came_from(moving: Callable[[], None], tmp_path: Path) -> None:
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


# Exec plugins.


def written_plugin(file: Path, output: str, code: int = 0) -> str:
    file.write_text(f"#!{sys.executable} -IS\nimport sys\nprint({output!r})\nsys.exit({code})\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def credential_text(**status: Any) -> str:
    api_version = "client.authentication.k8s.io/v1"
    return json.dumps({"apiVersion": api_version, "kind": "ExecCredential", "status": status})


def ran(folder: Path, output: str, **options: Any) -> ExecSource:
    command = written_plugin(folder / "plugin", output)
    made = ExecSource(rest.ExecConfig(command=command, **options), rest.Config(host="https://H.example:6443/"))
    made.renew()
    return made


@pytest.mark.parametrize(
    "output",
    [
        "apiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus:\n  token: t\n",
        "---\napiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus: {token: t}\n",
        "# made today\n" + credential_text(token="t"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_plugin_may_print_yaml(output: str, *, is_async: bool, tmp_path: Path) -> None:
    command = written_plugin(tmp_path / "plugin", output)
    found = ExecSource(rest.ExecConfig(command=command), rest.Config(host="https://h"))
    credential = anyio.run(found.renew_async) if is_async else found.renew()
    assert credential.header == b"Bearer t"


def test_a_token_that_yaml_reads_as_a_number_is_refused(tmp_path: Path) -> None:
    text = "apiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus: {token: 0123}\n"
    with pytest.raises(errors.ConfigError, match="not an ExecCredential"):
        ran(tmp_path, text)


@pytest.mark.parametrize("zero", ["0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00", None])
def test_gos_zero_time_never_expires(zero: str | None, tmp_path: Path) -> None:
    assert ran(tmp_path, credential_text(token="t", expirationTimestamp=zero)).current() is not None


@pytest.mark.parametrize("past", ["0001-01-01T00:00:01Z", "0001-01-01T00:00:00+01:00", "2020-01-01T00:00:00Z"])
def test_other_times_of_the_past_have_expired(past: str, tmp_path: Path) -> None:
    assert ran(tmp_path, credential_text(token="t", expirationTimestamp=past)).current() is None


@pytest.mark.parametrize("status", [{"token": None}, {"token": ""}, {"token": " "}, {"clientCertificateData": None}])
def test_a_plugin_without_a_credential_is_refused(status: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match=r"without credentials|is empty"):
        ran(tmp_path, credential_text(**status))


@pytest.mark.parametrize("is_async", [False, True])
def test_a_plugin_runs_in_a_process_with_more_than_1024_open_files(*, is_async: bool, tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("this system allows fewer than 2,048 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        command = written_plugin(tmp_path / "plugin", credential_text(token="t"))
        found = ExecSource(rest.ExecConfig(command=command), rest.Config(host="https://h"))
        credential = anyio.run(found.renew_async) if is_async else found.renew()
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert credential.header == b"Bearer t"


@pytest.mark.slow
def test_nothing_calls_select_which_refuses_high_descriptors() -> None:
    found = [
        f"{file.name}:{node.lineno}"
        for file in [*(ROOT / "core").rglob("*.py"), *(ROOT / "generator").rglob("*.py")]
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("select", "SelectSelector")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("select", "selectors")
    ]
    assert found == []


def test_a_plugin_is_told_of_the_cluster_as_it_is_configured(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    told = tmp_path / "told"
    plugin.write_text(
        f"#!{sys.executable} -IS\nimport os\n"
        f"open({str(told)!r}, 'w').write(os.environ['KUBERNETES_EXEC_INFO'])\nprint({credential_text(token='t')!r})\n"
    )
    plugin.chmod(0o700)
    for compression, expected in ((False, {"disable-compression": True}), (True, {})):
        config = rest.Config(host="https://Host.Example:6443/", compression=compression)
        ExecSource(rest.ExecConfig(command=str(plugin), provide_cluster_info=True), config).renew()
        cluster = json.loads(told.read_text())["spec"]["cluster"]
        assert cluster == {"server": "https://Host.Example:6443/", **expected}


def test_an_install_hint_keeps_its_lines_and_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    plugin = rest.ExecConfig(command="no-such-plugin", install_hint="get it:\n\tapt install x\x1b[2J")
    with pytest.raises(errors.ConfigError) as caught:
        ExecSource(plugin, rest.Config(host="https://h")).renew()
    assert "get it:\n\tapt install x\\x1b[2J" in str(caught.value)


# Secrets in errors, reprs and the variables of tracebacks.


def failing(folder: Path) -> list[Callable[[], Any]]:
    """Return calls that fail near a secret."""
    hosts = [f"https://admin:{SECRET}@{rest_}" for rest_ in ("h:64x43", "h", "[::1", "", "é..b")]
    hosts += [f"admin:{SECRET}@h", f"//admin:{SECRET}@h", f"https:/admin:{SECRET}@h", f"ftp://{SECRET}@h"]
    made: list[Callable[[], Any]] = [partial(rest.Client, rest.Config(host=host)) for host in hosts]
    outputs = {
        "fails": (credential_text(token=SECRET), 1),
        "version": (json.dumps({"apiVersion": "v9", "kind": "ExecCredential", "status": {"token": SECRET}}), 0),
        "junk": (SECRET, 0),
        "expiry": (credential_text(token=SECRET, expirationTimestamp="soon"), 0),
        "pair": (credential_text(clientCertificateData=SECRET, clientKeyData=SECRET), 0),
        "half": (credential_text(clientKeyData=SECRET), 0),
        "characters": (credential_text(token=f"{SECRET} {SECRET}"), 0),
        "yaml": (f"status: {{token: !!int {SECRET}}}", 0),
    }
    for name, (output, code) in outputs.items():
        plugin = rest.ExecConfig(command=written_plugin(folder / name, output, code), args=[SECRET], env={"T": SECRET})
        made.append(partial(_renew, plugin))
    for text in (
        f"users: [{{name: u, user: {{token: !!int {SECRET}}}}}]",
        f"users: [{{name: u, user: {{password: !{SECRET} x}}}}]",
        f"users: [{{name: u, user: {{password: *{SECRET}}}}}]",
        f"users: [{{name: u, user: {{{SECRET}: 1, {SECRET}: 2}}}}]",
        f"users: [{{name: u, user: {{token: {SECRET}}}}}, 5]",
        f"users: {{token: {SECRET}}}",
        f"users: [{{name: [1], user: {{token: {SECRET}}}}}]",
        f"- {SECRET}",
        f'{{"a": "{SECRET}", "b": }}',
        f"kind: x\nusers: [{{name: u, user: {{token: {SECRET}}}}}]",
        f"contexts: [{{name: c, context: {{cluster: k}}}}]\ncurrent-context: c\nusers: [{{name: u, user: {{token: {SECRET}}}}}]",
    ):
        file = folder / f"kubeconfig-{len(made)}"
        file.write_text(text)
        made += [partial(kubeconfig.loads, text), partial(kubeconfig.load, file)]
    return made


def _renew(plugin: rest.ExecConfig) -> None:
    ExecSource(plugin, rest.Config(host="https://h")).renew()


def test_no_error_shows_a_secret_nor_do_the_variables_of_its_frames(tmp_path: Path) -> None:
    calls = failing(tmp_path)
    for number, call in enumerate(calls):
        with pytest.raises(errors.ConfigError) as caught:
            call()
        assert SECRET not in f"{caught.value} {caught.value!r}", number
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        for frame in shown.stack:
            if f"{os.sep}kubecore{os.sep}" in frame.filename and "tests" not in Path(frame.filename).parts:
                values = {name: value for name, value in (frame.locals or {}).items() if SECRET in value}
                assert values == {}, (number, frame.name)


def test_a_repr_hides_the_password_of_a_url() -> None:
    for config in (rest.Config(host=f"https://admin:{SECRET}@h"), rest.Config(proxy_url=f"http://admin:{SECRET}@h")):
        assert SECRET not in repr(config)


# Proxies of the environment, by Go's rules.


def test_variables_in_upper_case_win(monkeypatch: pytest.MonkeyPatch) -> None:
    from kubecore._http.proxy import from_environment

    monkeypatch.setenv("HTTPS_PROXY", "http://upper")
    monkeypatch.setenv("https_proxy", "http://lower")
    found = from_environment(rest.Config(host="https://h").server())
    assert found is not None
    assert found.host == "upper"
    monkeypatch.setenv("NO_PROXY", "h")
    monkeypatch.setenv("no_proxy", "x")
    assert from_environment(rest.Config(host="https://h").server()) is None


def test_http_proxy_in_a_cgi_program_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://attacker")
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    with pytest.raises(errors.ConfigError, match="CGI"):
        rest.Client(rest.Config(host="http://h"))


@pytest.mark.parametrize("rule", ["bücher.example", "xn--bcher-kva.example", ".EXAMPLE", "*.example"])
@pytest.mark.parametrize("host", ["bücher.example", "xn--bcher-kva.example"])
def test_no_proxy_compares_names_as_dns_has_them(rule: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubecore._http.proxy import from_environment

    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("NO_PROXY", rule)
    assert from_environment(rest.Config(host=f"https://{host}").server()) is None


def test_the_user_agent_names_the_architecture_as_go_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert "/amd64) " in default_user_agent()


# What observers and clients of the user's own add to a request.


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Authorization": ""}, "empty"),
        ({"authorization": "  "}, "empty"),
        ({"Authorization": "Bearer t\nX: y"}, "can't hold"),
        ({"Impersonate-User": ""}, "another user would act"),
        ({"Impersonate-User": " jane"}, "another user would act"),
        ({"impersonate-user": "jane", "Impersonate-Group": ""}, "another user would act"),
        ({"Impersonate-Group": "g"}, "without Impersonate-User"),
        ({"": "x"}, "not valid"),
        ({"a b": "x"}, "not valid"),
        ({"a:b": "x"}, "not valid"),
        ({"X": 5}, "can't hold"),
        ({"X": "\u20ac"}, "can't hold"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_headers_of_observers_that_would_let_another_user_act_are_refused(
    headers: dict[str, str], words: str, *, is_async: bool
) -> None:
    told: list[rest.Outcome] = []

    def observe(attempt: rest.Attempt) -> Callable[[rest.Outcome], None]:
        attempt.headers.update(headers)
        return told.append

    who = rest.Impersonate(user="bob")
    config = rest.Config(host="https://127.0.0.1:1", bearer_token="t", impersonate=who, observers=[observe])

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            await clientset.core_v1.pods("d").get("p")

    with pytest.raises(errors.InvalidRequestError, match=words) as caught:
        if is_async:
            anyio.run(main)
        else:
            Clientset(config).core_v1.pods("d").get("p")
    assert [one.error for one in told] == [caught.value]


def test_an_observer_may_impersonate_a_user_of_any_name() -> None:
    server = Loopback([answer(POD)], close=False, context=None)

    def observe(attempt: rest.Attempt) -> None:
        attempt.headers["Impersonate-User"] = "j\u00f3zef"

    try:
        with Clientset(rest.Config(host=f"http://127.0.0.1:{server.port}", observers=[observe])) as clientset:
            clientset.core_v1.pods("d").get("p")
    finally:
        server.stop()
    assert "Impersonate-User: j\u00f3zef\r\n".encode() in server.requests[0]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_plugins_certificate_that_a_client_of_ones_own_can_not_show_is_an_error(
    *, is_async: bool, authority: trustme.CA, tmp_path: Path
) -> None:
    pair = authority.issue_cert("jane.example")
    status = {
        "clientCertificateData": pair.cert_chain_pems[0].bytes().decode(),
        "clientKeyData": pair.private_key_pem.bytes().decode(),
    }
    command = written_plugin(tmp_path / "plugin", credential_text(**status))
    config = rest.Config(host="https://127.0.0.1:1", exec=rest.ExecConfig(command=command))

    async def main() -> None:
        async with httpx.AsyncClient() as own, AsyncClientset(config, http_client=own) as clientset:
            await clientset.core_v1.pods("d").get("p")

    with pytest.raises(errors.ConfigError, match="http_client="):
        if is_async:
            anyio.run(main)
        else:
            with httpx.Client() as own, Clientset(config, http_client=own) as clientset:
                clientset.core_v1.pods("d").get("p")


def test_a_proxys_password_without_a_name_is_used_or_refused() -> None:
    assert proxy.parse("http://:p@h", "proxy_url").authorization == [(b"Proxy-Authorization", b"Basic OnA=")]
    with pytest.raises(errors.ConfigError, match="invalid proxy_url"):
        proxy.parse("socks5://:p@h", "proxy_url")


@pytest.mark.filterwarnings("ignore:subprocess")  # It still runs when nobody waits for it any more.
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.slow
def test_nobody_waits_for_a_plugin_that_can_not_be_killed(
    *, is_async: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text('#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 60\n')
    plugin.chmod(0o700)
    found = ExecSource(rest.ExecConfig(command=str(plugin), timeout=1), rest.Config(host="https://h"))

    def refuse(process: int, number: int) -> None:
        raise PermissionError

    kill = os.killpg
    monkeypatch.setattr(os, "killpg", refuse)
    began = time.monotonic()
    try:
        with pytest.raises(errors.ConfigError, match="not done within 1 s"):
            _ = anyio.run(found.renew_async) if is_async else found.renew()
        assert time.monotonic() - began < 50
    finally:
        kill(int((tmp_path / "plugin.pid").read_text()), signal.SIGKILL)
        gc.collect()
