"""No variable of kubecore shows a secret in a traceback with variables, as tools that collect errors send it."""

from __future__ import annotations

import base64
import json
import logging
import ssl
import stat
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, kubeconfig, rest
from tests.kubecore.loopback import Loopback, loopback, response_bytes

SECRET = "c4n4ry-0f-a-s3cret"
BASE64 = base64.b64encode(SECRET.encode()).decode()
PAIR = base64.b64encode(f"u:{SECRET}".encode()).decode()
OBJECT = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, "data": {"k": BASE64}}


def shown(error: BaseException | None) -> Iterator[str]:
    """Yield the texts of an error and the variables of all frames of kubecore that belong to it."""
    while error is not None:
        yield f"{error}\n{error!r}"
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if "/kubecore/" in frame.f_code.co_filename and "/tests/" not in frame.f_code.co_filename:
                for name, value in frame.f_locals.items():
                    yield f"{frame.f_code.co_qualname}: {name} = {value!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def check_hidden(error: BaseException) -> None:
    """Check that nothing shows the secret, and that variables can be shown at all."""
    found = [text for text in shown(error) if SECRET in text or BASE64 in text or PAIR in text]
    assert not found
    assert "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def raised(config: rest.Config, *, is_async: bool, verb: Callable[[Any], Any]) -> BaseException:
    """Return the error that a call raises."""

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            await verb(clientset.core_v1.secrets("d"))

    with pytest.raises(errors.KubeError) as caught:
        if is_async:
            anyio.run(main)
        else:
            with Clientset(config) as clientset:
                verb(clientset.core_v1.secrets("d"))
    return caught.value


BODIES = {
    "another type": json.dumps({**OBJECT, "immutable": "maybe"}),
    "not valid base64": json.dumps({**OBJECT, "data": {"k": SECRET}}),
    "another kind": json.dumps({**OBJECT, "kind": "Pod"}),
    "cut": json.dumps(OBJECT)[:-3],
    "no JSON": f"<p>{SECRET}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_an_unreadable_secret_is_not_shown(*, is_async: bool, body: str) -> None:
    for verb in (lambda secrets: secrets.get("s"), lambda secrets: secrets.modify("s", lambda secret: None)):
        with loopback(response_bytes(body.encode())) as server:
            config = rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)
            error = raised(config, is_async=is_async, verb=verb)
        assert isinstance(error, errors.DecodeError)
        check_hidden(error)


@pytest.mark.parametrize(
    "response",
    [
        response_bytes(json.dumps(OBJECT).encode())[:-4],
        response_bytes(json.dumps(OBJECT).encode()) + SECRET.encode(),
        response_bytes(SECRET.encode(), status="500 No"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + SECRET.encode(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + SECRET.encode(),
    ],
    ids=["cut", "more than the body", "failure", "bad chunk", "cut chunk"],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_broken_response_is_not_shown(*, is_async: bool, response: bytes) -> None:
    with loopback(response) as server:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)
        check_hidden(raised(config, is_async=is_async, verb=lambda secrets: secrets.get("s")))


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.slow
def test_an_unreadable_event_is_not_shown(*, is_async: bool) -> None:
    event = json.dumps({"type": "ADDED", "object": {**OBJECT, "immutable": "maybe"}}).encode() + b"\n"
    listed = response_bytes(b'{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}')

    def read(secrets: Any) -> Any:
        async def first() -> None:
            async with secrets.watch() as events:
                async for _ in events:
                    pass

        if is_async:
            return first()
        with secrets.watch() as events:
            return list(events)

    with loopback(*[listed, response_bytes(event)] * 20) as server:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)
        check_hidden(raised(config, is_async=is_async, verb=read))


class Proxy(Loopback):
    """Sends the next reply after each received message, then closes the connection."""

    def _serve(self, connection: Any) -> None:
        for script in self._scripts:
            if not connection.recv(65536):
                return
            connection.sendall(script)
        connection.recv(65536)
        connection.close()


@pytest.mark.parametrize(
    ("scheme", "replies"),
    [
        ("http", [b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"]),
        ("http", [b"what?\r\n\r\n"]),
        ("http", []),
        ("socks5", [b"\x05\x02", b"\x01\x01"]),
        ("socks5", [b"\x05\x02", b"\x01\x00", b"\x05\x05\x00\x01"]),
        ("socks5", [b"\x05\x02"]),
    ],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_proxys_password_is_not_shown(*, is_async: bool, scheme: str, replies: list[bytes]) -> None:
    server = Proxy(replies, close=False, context=None)
    timeouts = rest.Timeouts(connect=2)
    config = rest.Config(
        host="https://h.example",
        bearer_token=SECRET,
        proxy_url=f"{scheme}://u:{SECRET}@127.0.0.1:{server.port}",
        max_retries=0,
        timeouts=timeouts,
    )
    try:
        check_hidden(raised(config, is_async=is_async, verb=lambda secrets: secrets.get("s")))
    finally:
        server.stop()


@pytest.mark.parametrize(
    "headers",
    [{"Host": "x"}, {"X": f"{SECRET}\n"}, {"Authorization": f"Bearer {SECRET}\n"}, {"X": "\u20ac"}, {"a b": SECRET}],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_headers_of_observers_are_not_shown(*, is_async: bool, headers: dict[str, str]) -> None:
    def observe(attempt: rest.Attempt) -> None:
        attempt.headers.update(headers)

    config = rest.Config(host="https://127.0.0.1:1", bearer_token=SECRET, observers=[observe])
    error = raised(config, is_async=is_async, verb=lambda secrets: secrets.get("s"))
    assert isinstance(error, errors.InvalidRequestError)
    check_hidden(error)


@pytest.mark.parametrize(
    "status",
    [
        {"token": SECRET, "clientCertificateData": "x", "clientKeyData": SECRET},
        {"token": SECRET, "clientKeyData": SECRET},
        {"token": f"{SECRET} x"},
        {"token": SECRET, "expirationTimestamp": "soon"},
    ],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_the_output_of_a_plugin_is_hidden_in_errors(*, is_async: bool, status: dict[str, str], tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    version = "client.authentication.k8s.io/v1"
    printed = json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})
    plugin.write_text(f"#!{sys.executable} -IS\nprint({printed!r})\n")
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    config = rest.Config(host="https://127.0.0.1:1", exec=rest.ExecConfig(command=str(plugin)))
    check_hidden(raised(config, is_async=is_async, verb=lambda secrets: secrets.get("s")))


def claims(**values: Any) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip('=')}.{SECRET}"


@pytest.mark.parametrize(
    "reply",
    [
        response_bytes(f'{{"error": "{SECRET}"}}'.encode(), status="400 No"),
        response_bytes(f'{{"refresh_token": "{SECRET}"}}'.encode()),
        response_bytes(json.dumps({"id_token": claims(exp=1e10, iss="x"), "refresh_token": SECRET}).encode()),
        response_bytes(json.dumps({"id_token": claims(), "refresh_token": SECRET}).encode()),
        response_bytes(SECRET.encode()),
        response_bytes(b"x" * (2 << 20)),
    ],
    ids=["refused", "no token", "another issuer", "no expiry", "no JSON", "too large"],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.slow
def test_tokens_of_a_provider_are_not_shown(*, is_async: bool, reply: bytes, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca"))
    scripts: list[bytes] = []
    server = Loopback(scripts, close=False, context=context)
    issuer = f"https://127.0.0.1:{server.port}"
    server._scripts = iter(
        [response_bytes(json.dumps({"issuer": issuer, "token_endpoint": f"{issuer}/t"}).encode()), reply]
    )
    provider = rest.OIDCConfig(
        issuer_url=issuer,
        client_id="u",
        client_secret=SECRET,
        refresh_token=SECRET,
        ca_file=str(tmp_path / "ca"),
    )
    config = rest.Config(host="https://127.0.0.1:1", oidc=provider)
    try:
        check_hidden(raised(config, is_async=is_async, verb=lambda secrets: secrets.get("s")))
    finally:
        server.stop()


@pytest.mark.parametrize(
    "cluster",
    [{"server": f"https://u:{SECRET}@h"}, {"server": "https://h", "proxy-url": f"http://u:{SECRET}@h:99999"}],
)
def test_passwords_of_urls_in_a_kubeconfig_are_not_shown(cluster: dict[str, str]) -> None:
    content = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k"}}],
        "clusters": [{"name": "k", "cluster": cluster}],
    }
    with pytest.raises(errors.ConfigError) as caught:
        kubeconfig.loads(json.dumps(content))
    check_hidden(caught.value)


@pytest.mark.parametrize("make", [Clientset, AsyncClientset, rest.Client, rest.AsyncClient])
def test_a_client_whose_configuration_was_refused_has_a_repr(make: Any) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        make(rest.Config(host="https://h", bearer_token=""))
    check_hidden(caught.value)
    assert repr(make.__new__(make)).startswith(make.__name__)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_debug_logging_does_not_replace_the_error_of_missing_credentials(
    *, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    config = rest.Config(host="https://127.0.0.1:1", exec=rest.ExecConfig(command="/no/such/plugin"))
    with caplog.at_level(logging.DEBUG, "kubecore"):
        error = raised(config, is_async=is_async, verb=lambda secrets: secrets.get("s"))
    assert isinstance(error, errors.ConfigError)
    assert "GET https://127.0.0.1:1/api/v1/namespaces/d/secrets/s: ConfigError" in caplog.text
