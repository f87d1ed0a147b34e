"""Proxies from the environment, headers of observers, and requests of custom HTTP clients."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx
import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore._auth.exec_plugin import ExecSource
from kubecore._config.config import default_user_agent
from kubecore._http import proxy
from tests.kubecore.credential_files import POD, authority, credential_text, written_plugin
from tests.kubecore.loopback import Loopback, response_bytes

__all__ = ["authority"]


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
def test_no_proxy_compares_names_like_dns(rule: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubecore._http.proxy import from_environment

    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("NO_PROXY", rule)
    assert from_environment(rest.Config(host=f"https://{host}").server()) is None


def test_the_user_agent_names_the_architecture_as_go_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert "/amd64) " in default_user_agent()


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
    server = Loopback([response_bytes(POD)], close=False, context=None)

    def observe(attempt: rest.Attempt) -> None:
        attempt.headers["Impersonate-User"] = "j\u00f3zef"

    try:
        with Clientset(rest.Config(host=f"http://127.0.0.1:{server.port}", observers=[observe])) as clientset:
            clientset.core_v1.pods("d").get("p")
    finally:
        server.stop()
    assert "Impersonate-User: j\u00f3zef\r\n".encode() in server.requests[0]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_certificate_of_a_plugin_with_a_custom_http_client_is_an_error(
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


@pytest.mark.filterwarnings("ignore:subprocess")  # The process outlives the wait for it.
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.slow
def test_a_call_does_not_wait_for_a_plugin_that_cannot_be_killed(
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
