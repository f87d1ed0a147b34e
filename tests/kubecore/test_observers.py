"""Observers change the headers of an attempt, and receive its outcome."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from kubeclient import Clientset
from kubecore import errors, rest
from tests.kubecore.deadline_calls import KINDS, POD, do, get, plugin, server_certificate
from tests.kubecore.loopback import loopback, response_bytes


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    return server_certificate(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_of_an_observer_replaces_the_configured_one(
    kind: str, authority: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    def observe(attempt: rest.Attempt) -> None:
        attempt.headers.update({"authorization": "Bearer mine", "USER-AGENT": "mine", "Impersonate-User": "me"})

    context, ca_file = authority
    ran = tmp_path / "ran"
    with loopback(response_bytes(POD), context=context) as server:
        config = rest.Config(
            host=f"https://127.0.0.1:{server.port}",
            exec=plugin(tmp_path, f"touch {ran}; exit 1"),
            impersonate=rest.Impersonate(user="jane", groups=["admins"]),
            tls=rest.TLSConfig(ca_file=str(ca_file)),
            observers=[observe],
        )
        do(kind, config, get)
    lines = server.requests[0].lower().split(b"\r\n")
    for name, value in ((b"authorization", b"bearer mine"), (b"user-agent", b"mine"), (b"impersonate-user", b"me")):
        assert [line for line in lines if line.startswith(name)] == [name + b": " + value]
    assert not any(line.startswith(b"impersonate-group") for line in lines)
    assert not ran.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_401_to_an_observers_credentials_runs_no_plugin(
    kind: str, authority: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    context, ca_file = authority
    ran = tmp_path / "ran"
    with loopback(response_bytes(b"{}", status="401 Unauthorized"), context=context) as server:
        config = rest.Config(
            host=f"https://127.0.0.1:{server.port}",
            exec=plugin(tmp_path, f"touch {ran}; exit 1"),
            tls=rest.TLSConfig(ca_file=str(ca_file)),
            observers=[lambda attempt: attempt.headers.update(Authorization="Bearer mine")],
        )
        with pytest.raises(errors.UnauthorizedError):
            do(kind, config, get)
    assert len(server.requests) == 1
    assert not ran.exists()


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "connection"])
def test_an_observer_does_not_change_how_a_request_is_written(name: str) -> None:
    config = rest.Config(host="http://127.0.0.1:1", observers=[lambda attempt: attempt.headers.update({name: "1"})])
    with Clientset(config) as clientset, pytest.raises(errors.InvalidRequestError, match=name.lower()):
        get(clientset)


@pytest.mark.parametrize("kind", KINDS)
def test_observers_get_the_error_of_missing_credentials(kind: str, tmp_path: Path) -> None:
    outcomes: list[rest.Outcome] = []
    config = rest.Config(
        host="https://127.0.0.1:1", exec=plugin(tmp_path, "exit 3"), observers=[lambda attempt: outcomes.append]
    )
    with pytest.raises(errors.ConfigError):
        do(kind, config, get)
    assert [type(outcome.error) for outcome in outcomes] == [errors.ConfigError]
