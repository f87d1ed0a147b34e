"""rest.Config, credentials, TLS and in-cluster."""

from __future__ import annotations

import os
import re
import ssl
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore._auth import authorization
from tests.kubecore.loopback import loopback, response_bytes
from tests.ready import closed_port

SECRET = "c4n4ry-s3cret"
POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[]}}'


def test_a_repr_hides_every_secret() -> None:
    config = rest.Config(
        bearer_token=SECRET,
        username="u",
        password=SECRET,
        tls=rest.TLSConfig(key_data=SECRET.encode(), cert_data=SECRET.encode(), ca_data=SECRET.encode()),
    )
    assert SECRET not in f"{config!r} {config} {config.tls!r}"
    assert "bearer_token=<hidden>" in repr(config)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("https://h:6443", "https://h:6443"),
        ("https://h/k8s/c/?q#f", "https://h/k8s/c"),
        ("http://[fd00::1]:443", "http://[fd00::1]:443"),
        ("h", "http://h"),
        ("h:8080", "http://h:8080"),
        ("", "http://localhost"),
    ],
)
def test_a_host_is_taken_apart(host: str, url: str) -> None:
    assert rest.Config(host=host).server().url == url


def test_a_host_without_scheme_is_https_if_tls_is_configured() -> None:
    assert rest.Config(host="h", tls=rest.TLSConfig(insecure=True)).server().url == "https://h"


@pytest.mark.parametrize(
    "host", ["ftp://h", "https://", "h/path", "https://u:p@h", "https://h:x", "https://h\n", "https://[::"]
)
def test_an_invalid_server_url_is_refused_without_its_password(host: str) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        rest.Config(host=host).server()
    assert "p@" not in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        rest.Config(host="https://h", bearer_token="t", username="u"),
        rest.Config(host="https://h", tls=rest.TLSConfig(insecure=True, ca_data=b"x")),
        rest.Config(host="https://h", tls=rest.TLSConfig(cert_data=b"x")),
        rest.Config(host="https://h", tls=rest.TLSConfig(key_file="x")),
        rest.Config(host="http://h", bearer_token=SECRET),
        rest.Config(host="http://h", username="u", password=SECRET),
        rest.Config(host="https://h", bearer_token=f"{SECRET}\r\nX: y"),
        rest.Config(host="https://h", bearer_token=f"{SECRET}ü"),
        rest.Config(host="https://h", user_agent="a\r\nb"),
        rest.Config(host="https://h", bearer_token_file="/nowhere"),
        rest.Config(host="https://h", tls=rest.TLSConfig(ca_file="/nowhere")),
        rest.Config(host="https://h", tls=rest.TLSConfig(ca_data=b"junk")),
        rest.Config(host="https://h", tls=rest.TLSConfig(cert_data=b"junk", key_data=SECRET.encode())),
    ],
)
def test_a_contradictory_configuration_is_refused_without_its_secrets(config: rest.Config) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        rest.Client(config)
    assert SECRET not in str(caught.value)


def test_a_token_file_is_read_again_and_an_invalid_one_keeps_the_last_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    file = tmp_path / "token"
    file.write_text("one\n")
    shown = authorization.Authorization(
        authorization.source(rest.Config(host="https://h", bearer_token="static", bearer_token_file=str(file)))
    )
    assert shown.get().header == b"Bearer one"
    file.write_text("two\n")
    assert shown.get().header == b"Bearer one"
    now[0] += 51
    assert shown.get().header == b"Bearer two"
    for bad in ("", "  \n", "a b\x00"):
        file.write_text(bad)
        now[0] += 51
        assert shown.get().header == b"Bearer two"
    file.unlink()
    now[0] += 51
    assert shown.get().header == b"Bearer two"
    file.write_text("three")
    now[0] += 51
    assert shown.get().header == b"Bearer three"


def test_a_token_file_that_was_never_read_falls_back_to_the_token(tmp_path: Path) -> None:
    config = rest.Config(host="https://h", bearer_token="static", bearer_token_file=str(tmp_path / "none"))
    assert authorization.Authorization(authorization.source(config)).get().header == b"Bearer static"


@pytest.fixture
def pki(tmp_path: Path) -> tuple[trustme.CA, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "other.example").configure_cert(context)
    return authority, context


def get(port: int, **options: Any) -> str:
    config = rest.Config(host=f"https://127.0.0.1:{port}", tls=rest.TLSConfig(**options))
    with Clientset(config) as clientset:
        return clientset.core_v1.pods("d").get("p").metadata.name


@pytest.fixture
def refusing() -> Iterator[int]:
    with closed_port() as port:
        yield port


@pytest.mark.slow
@pytest.mark.parametrize(
    ("origin", "hint"),
    [("", "right host?"), ("user 'u' of context 'lab'", "right context (user 'u' of context 'lab')?")],
)
def test_the_error_for_a_refused_connection_has_a_hint(origin: str, hint: str, refusing: int) -> None:
    config = rest.Config(host=f"http://127.0.0.1:{refusing}", origin=origin, max_retries=0)

    async def asynchronous() -> None:
        async with AsyncClientset(config) as made:
            await made.core_v1.pods("d").get("p")

    own = httpx.Client()
    for client in (None, own):
        with Clientset(config, http_client=client) as made, pytest.raises(errors.ConnectError) as raised:
            made.core_v1.pods("d").get("p")
        assert f"Connection refused; is the server running, and is this the {hint}" in str(raised.value)
    own.close()
    for backend in ("asyncio", "trio"):
        with pytest.raises(errors.ConnectError, match=re.escape(hint)):
            anyio.run(asynchronous, backend=backend)


def test_servers_are_checked(pki: tuple[trustme.CA, ssl.SSLContext], tmp_path: Path) -> None:
    authority, context = pki
    ca = authority.cert_pem.bytes()
    (tmp_path / "ca").write_bytes(ca)
    other = trustme.CA().cert_pem.bytes()
    with loopback(*[response_bytes(POD)] * 9, context=context) as server:
        assert get(server.port, ca_data=ca) == "p"
        assert get(server.port, ca_file=str(tmp_path / "ca")) == "p"
        assert get(server.port, ca_data=ca, server_name="other.example") == "p"
        assert get(server.port, insecure=True) == "p"
        for wrong in ({"ca_data": other}, {}, {"ca_data": ca, "server_name": "wrong.example"}):
            with pytest.raises(
                errors.ConnectError, match=r"certificate verify failed.*certificate-authority in a kubeconfig"
            ):
                get(server.port, **wrong)


def test_a_large_body_over_tls_is_read_completely(pki: tuple[trustme.CA, ssl.SSLContext]) -> None:
    authority, context = pki
    body = os.urandom(3_000_001)
    tls_config = rest.TLSConfig(ca_data=authority.cert_pem.bytes())
    with loopback(response_bytes(body), response_bytes(body)[:-70_000], context=context) as server:
        with rest.Client(rest.Config(host=f"https://127.0.0.1:{server.port}", tls=tls_config)) as client:
            assert client.get_bytes("/large") == body
            with pytest.raises(errors.TransportError):
                client.get_bytes("/cut")


def test_a_client_shows_its_certificate_from_memory_and_leaves_no_file(
    pki: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, context = pki
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    own = authority.issue_cert("client.example")
    pair = {"cert_data": own.cert_chain_pems[0].bytes(), "key_data": own.private_key_pem.bytes()}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with loopback(response_bytes(POD), response_bytes(POD), context=context) as server:
        assert get(server.port, ca_data=authority.cert_pem.bytes(), **pair) == "p"
        monkeypatch.delattr(os, "memfd_create", raising=False)
        assert get(server.port, ca_data=authority.cert_pem.bytes(), **pair) == "p"
    assert list(tmp_path.iterdir()) == []


# In a cluster.


def mounted(folder: Path, token: str = "tok\n") -> Path:
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_bytes(trustme.CA().cert_pem.bytes())
    return folder


@pytest.mark.parametrize(("host", "url"), [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")])
def test_in_a_cluster_the_environment_names_the_server(
    host: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    config = rest.in_cluster_config(folder=mounted(tmp_path))
    assert config.server().url == url
    assert config.bearer_token_file == str(tmp_path / "token")
    assert config.tls.ca_file == str(tmp_path / "ca.crt")
    assert authorization.Authorization(authorization.source(config)).get().header == b"Bearer tok"


@pytest.mark.parametrize("missing", ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"])
@pytest.mark.parametrize("empty", [True, False])
def test_in_cluster_config_raises_not_in_cluster_error_outside_of_a_cluster(
    missing: str, empty: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing or empty variable means that the program runs outside of a cluster."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "h")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    monkeypatch.setenv(missing, "") if empty else monkeypatch.delenv(missing)
    with pytest.raises(rest.NotInClusterError, match="KUBERNETES_SERVICE_HOST"):
        rest.in_cluster_config()


def test_in_a_cluster_a_missing_token_is_an_error_and_a_bad_ca_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "h")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    with pytest.raises(errors.ConfigError, match="token can't be read") as caught:
        rest.in_cluster_config(folder=tmp_path)
    assert not isinstance(caught.value, rest.NotInClusterError)
    mounted(tmp_path)
    (tmp_path / "ca.crt").write_text("junk")
    assert rest.in_cluster_config(folder=tmp_path).tls.ca_file is None
    assert "CA can't be used" in caplog.text


def test_the_default_limits_are_those_that_are_documented() -> None:
    assert rest.Timeouts() == rest.Timeouts(connect=30.0, read=75.0, write=75.0, pool=75.0, total=600.0, idle=90.0)
    assert rest.ExecConfig(command="p").timeout == 120.0
    assert rest.Config().max_retries == 10
    assert (rest.Config().qps, rest.Config().rate_limiter, rest.Config().compression) == (None, None, False)
