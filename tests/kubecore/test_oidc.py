"""Tokens of an OpenID Connect provider: trust, renewal, and providers that misbehave.

Every test runs against a real provider on loopback, once with threads, once on asyncio and once on trio.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
import trustme

from kubecore import errors, rest
from kubecore._auth import authorization, oidc
from kubecore._auth.credential import Credential, Source
from tests.identity import DISCOVERY, TOKEN, Answer, IdentityServer
from tests.ready import PATIENCE, wait_until

pytestmark = pytest.mark.slow  # a provider with TLS for each test

AUTHORITY: Final = trustme.CA()
SECRET: Final = "s3cret"
PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")

Get = Callable[[Source], Credential]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def provider() -> Iterator[IdentityServer]:
    with IdentityServer(authority=AUTHORITY) as made:
        yield made


@pytest.fixture(params=["sync", "asyncio", "trio"])
def get(request: pytest.FixtureRequest) -> Get:
    """Return a function that gets the credential of a source, as a client of this kind does."""
    if request.param == "sync":
        return lambda source: authorization.Authorization(source).get()
    backend = request.param

    def ask(source: Source) -> Credential:
        return anyio.run(authorization.AsyncAuthorization(source).get, backend=backend)

    return ask


def configured(provider: IdentityServer, **fields: Any) -> rest.OIDCConfig:
    usual = {
        "issuer_url": provider.issuer,
        "client_id": "tests",
        "ca_data": provider.ca_pem,
        "refresh_token": provider.refresh_token,
    }
    return rest.OIDCConfig(**{**usual, **fields})


def source(provider: IdentityServer, **fields: Any) -> Source:
    return authorization.source(rest.Config(host="https://server", oidc=configured(provider, **fields)))


def refused(get: Get, asked: Source, *secrets: str) -> str:
    """Return the message of the error. Fail if the message contains a secret or the error shows its context."""
    with pytest.raises(errors.ConfigError) as caught:
        get(asked)
    said = str(caught.value)
    assert said.startswith("oidc: ")
    for secret in ("refresh-0", SECRET, *secrets):
        assert secret not in said
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return said


def token_of(credential: Credential) -> str:
    assert credential.header is not None
    return credential.header.decode().removeprefix("Bearer ")


# Success


def test_a_valid_token_is_sent_without_a_request_to_the_provider(provider: IdentityServer, get: Get) -> None:
    token = provider.id_token()
    assert token_of(get(source(provider, id_token=token))) == token
    assert provider.requests == []


def test_a_token_that_has_expired_is_renewed(provider: IdentityServer, get: Get) -> None:
    old = provider.id_token(expires_in=-60)
    asked = source(provider, id_token=old)
    new = token_of(get(asked))
    assert new != old and new.count(".") == 2
    assert token_of(get(asked)) == new
    assert [(request.method, request.path) for request in provider.requests] == [("GET", DISCOVERY), ("POST", TOKEN)]
    assert provider.requests[-1].form == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-0",
        "client_id": "tests",
    }


def test_a_refresh_token_is_enough_to_start_with(provider: IdentityServer, get: Get) -> None:
    assert token_of(get(source(provider)))


@pytest.mark.parametrize(("left", "renewals"), [(10.1, 0), (9.9, 1), (-1000, 1)])
def test_a_token_is_renewed_ten_seconds_before_it_expires(
    left: float, renewals: int, provider: IdentityServer, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires = int(time.time()) + 1000
    asked = source(provider, id_token=provider.id_token(exp=expires))
    monkeypatch.setattr(time, "time", lambda: expires - left)
    get(asked)
    assert len(provider.asked(TOKEN)) == renewals


def test_without_the_extra_a_valid_token_works_and_a_renewal_names_it(
    provider: IdentityServer, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    valid = source(provider, id_token=provider.id_token())
    assert get(valid)
    expired = source(provider, id_token=provider.id_token(expires_in=-1))
    assert "pip install 'kgen-kubernetes[oidc]'" in refused(get, expired)
    assert provider.requests == []


def test_the_ca_can_be_a_file(provider: IdentityServer, get: Get, tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_bytes(provider.ca_pem)
    assert token_of(get(source(provider, ca_data=None, ca_file=str(file))))


def test_the_new_refresh_token_is_kept_and_saved(provider: IdentityServer, get: Get) -> None:
    saved: list[Mapping[str, str]] = []
    asked = source(provider, save=saved.append)
    for count in (1, 2, 3):
        credential = get(asked)
        assert saved[-1] == {"id-token": token_of(credential), "refresh-token": f"refresh-{count}"}
        assert asked.refuse(credential)
    assert [request.form["refresh_token"] for request in provider.asked(TOKEN)] == [
        "refresh-0",
        "refresh-1",
        "refresh-2",
    ]


def test_a_refresh_token_that_stays_is_used_again(provider: IdentityServer, get: Get) -> None:
    provider.rotates = False
    saved: list[Mapping[str, str]] = []
    asked = source(provider, save=saved.append)
    for _ in range(2):
        asked.refuse(get(asked))
    assert [values["refresh-token"] for values in saved] == ["refresh-0", "refresh-0"]


@pytest.mark.parametrize("error", [OSError("disk full"), errors.ConfigError("locked")])
def test_tokens_are_used_even_if_saving_them_fails(
    error: Exception, provider: IdentityServer, get: Get, caplog: pytest.LogCaptureFixture
) -> None:
    def save(values: Mapping[str, str]) -> None:
        raise error

    with caplog.at_level(logging.WARNING, "kubecore"):
        credential = get(source(provider, save=save))
    assert f"can't be saved: {error}" in caplog.text
    assert token_of(credential) not in caplog.text and "refresh-1" not in caplog.text


def test_a_token_that_the_server_refuses_is_forgotten_once(provider: IdentityServer, get: Get) -> None:
    asked = source(provider, id_token=provider.id_token())
    first = get(asked)
    assert asked.refuse(first)
    second = get(asked)
    assert asked.refuse(first)  # A late response to a request with the old token.
    assert get(asked) is second
    assert len(provider.asked(TOKEN)) == 1


def test_without_a_refresh_token_the_provider_gets_no_request(provider: IdentityServer, get: Get) -> None:
    asked = source(provider, id_token=provider.id_token(expires_in=-1), refresh_token="")
    assert "no refresh token" in refused(get, asked)
    assert provider.requests == []
    good = source(provider, id_token=provider.id_token(), refresh_token="")
    assert not good.refuse(get(good))


@pytest.mark.parametrize(("name", "secret"), [("tests", SECRET), ("urn:a b", "p:%+/ü")])
@pytest.mark.parametrize("methods", [None, ["client_secret_basic", "client_secret_post"], ["client_secret_post"]])
def test_the_client_secret_is_sent_by_a_method_that_the_provider_supports(
    methods: list[str] | None, name: str, secret: str, get: Get
) -> None:
    with IdentityServer(client_id=name, client_secret=secret, authority=AUTHORITY) as provider:
        provider.discovery["token_endpoint_auth_methods_supported"] = methods
        get(source(provider, client_id=name, client_secret=secret))
        request = provider.asked(TOKEN)[0]
    assert (request.authorization is None) == (methods == ["client_secret_post"])
    assert ("client_secret" in request.form) == (request.authorization is None)


# Concurrent calls


def test_a_hundred_threads_wait_for_one_refresh(provider: IdentityServer) -> None:
    asked = authorization.Authorization(source(provider, id_token=provider.id_token(expires_in=-1)))
    barrier = threading.Barrier(100)

    def one(_: int) -> Credential:
        barrier.wait()
        return asked.get()

    with ThreadPoolExecutor(100) as pool:
        assert len({token_of(credential) for credential in pool.map(one, range(100))}) == 1
    assert len(provider.asked(TOKEN)) == len(provider.asked(DISCOVERY)) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_hundred_tasks_wait_for_one_refresh(backend: str, provider: IdentityServer) -> None:
    asked = authorization.AsyncAuthorization(source(provider, id_token=provider.id_token(expires_in=-1)))
    seen: list[str] = []

    async def one() -> None:
        seen.append(token_of(await asked.get()))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(one)

    anyio.run(main, backend=backend)
    assert len(seen) == 100 and len(set(seen)) == 1
    assert len(provider.asked(TOKEN)) == len(provider.asked(DISCOVERY)) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_renewal_does_not_block_the_next_one(backend: str, provider: IdentityServer) -> None:
    asked = authorization.AsyncAuthorization(source(provider))
    provider.answers[DISCOVERY] = Answer(wait=30)

    async def main() -> None:
        with anyio.move_on_after(0.3) as scope:
            await asked.get()
        assert scope.cancelled_caught
        del provider.answers[DISCOVERY]
        with anyio.fail_after(PATIENCE):
            await asked.get()

    anyio.run(main, backend=backend)


# Receivers of the refresh token


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:1", "127.0.0.1", "ftp://127.0.0.1", ""])
def test_an_issuer_without_https_is_refused(issuer: str) -> None:
    config = rest.Config(host="https://server", oidc=rest.OIDCConfig(issuer_url=issuer, client_id="tests"))
    with pytest.raises(errors.ConfigError, match="https"):
        config.check()


@pytest.mark.parametrize("other", ["https://evil.example", "{}/", "{}/tenant", ""])
def test_a_provider_with_another_issuer_url_is_refused(other: str, provider: IdentityServer, get: Get) -> None:
    provider.discovery["issuer"] = other.format(provider.issuer)
    assert "issuer URLs must be equal" in refused(get, source(provider))
    assert provider.asked(TOKEN) == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:{}/token",
        "HTTP://127.0.0.1:{}/token",
        "//127.0.0.1:{}/token",
        "/token",
        "",
        "https://",
        "https://[::1/token",
        "https://127.0.0.1:99999/token",
        "https://127.0.0.1:x/token",
    ],
)
def test_a_token_endpoint_without_https_is_refused(endpoint: str, provider: IdentityServer, get: Get) -> None:
    provider.discovery["token_endpoint"] = endpoint.format(provider.issuer.rpartition(":")[2])
    assert "is not an https URL" in refused(get, source(provider))
    assert provider.asked(TOKEN) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", [DISCOVERY, TOKEN])
def test_redirects_are_not_followed(path: str, status: int, provider: IdentityServer, get: Get) -> None:
    with IdentityServer(authority=AUTHORITY) as other:
        provider.answers[path] = Answer(status=status, headers={"Location": other.issuer + path})
        assert f"responded with {status}" in refused(get, source(provider))
        assert other.requests == []
    assert len(provider.asked(path)) == 1


@pytest.mark.parametrize("fields", [{"ca_data": None}, {"ca_data": trustme.CA().cert_pem.bytes()}])
def test_a_provider_that_can_not_be_verified_is_refused(
    fields: dict[str, Any], provider: IdentityServer, get: Get
) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in refused(get, source(provider, **fields))
    assert provider.requests == []


def test_a_token_endpoint_that_can_not_be_verified_is_refused(provider: IdentityServer, get: Get) -> None:
    with IdentityServer() as other:
        provider.discovery["token_endpoint"] = other.issuer + TOKEN
        assert "CERTIFICATE_VERIFY_FAILED" in refused(get, source(provider))
        assert other.requests == []


def test_a_provider_of_another_name_is_refused(provider: IdentityServer, get: Get) -> None:
    asked = source(provider, issuer_url=provider.issuer.replace("127.0.0.1", "localhost"))
    assert "CERTIFICATE_VERIFY_FAILED" in refused(get, asked)
    assert provider.requests == []


def test_the_refresh_token_goes_to_the_token_endpoint_alone(get: Get) -> None:
    with IdentityServer(client_secret=SECRET, authority=AUTHORITY) as provider:
        get(source(provider, client_secret=SECRET, id_token=provider.id_token(expires_in=-1)))
        asked = provider.requests[:]
    assert [(request.method, request.path) for request in asked] == [("GET", DISCOVERY), ("POST", TOKEN)]
    assert asked[0].form == {} and asked[0].authorization is None
    assert asked[1].form == {"grant_type": "refresh_token", "refresh_token": "refresh-0"}


def test_a_token_of_another_issuer_is_refused(provider: IdentityServer, get: Get) -> None:
    with pytest.raises(errors.ConfigError, match="issued by somebody else"):
        source(provider, id_token=provider.id_token(iss="https://evil.example"))
    provider.answers[TOKEN] = said(id_token=provider.id_token(iss="https://evil.example"))
    assert "issued by somebody else" in refused(get, source(provider))


# Providers that misbehave


def said(**fields: Any) -> Answer:
    return Answer(body=json.dumps(fields).encode(), headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 503])
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": "invalid_grant", "error_description": "refresh-0 s3cret"}, "invalid_grant"),
        ({"error": "refresh-0"}, "no error code"),
        ({"error": "the token refresh-0 of s3cret"}, "no error code"),
        ({"error": "x" * 100_000}, "no error code"),
        ({"error": "bad\x1b[2J\r\n"}, "no error code"),
        ({"error": None}, "no error code"),
        ("refresh-0", "no error code"),
        ([], "no error code"),
    ],
)
def test_an_error_response_never_quotes_tokens_or_secrets(
    body: Any, told: str, status: int, provider: IdentityServer
) -> None:
    provider.answers[TOKEN] = Answer(status=status, body=json.dumps(body).encode())
    for get in (_sync, _async):
        error = refused(get, source(provider, client_secret=SECRET))
        assert error == f"oidc: {provider.issuer} responded with {status} to a refresh: {told}"


def _sync(asked: Source) -> Credential:
    return authorization.Authorization(asked).get()


def _async(asked: Source) -> Credential:
    return anyio.run(authorization.AsyncAuthorization(asked).get)


@pytest.mark.parametrize("secret", ["abc", "abc_def"])
def test_a_secret_that_looks_like_an_error_code_is_hidden_too(secret: str, provider: IdentityServer) -> None:
    provider.answers[TOKEN] = Answer(status=400, body=json.dumps({"error": f"x_{secret}"}).encode())
    assert secret not in refused(_sync, source(provider, client_secret=secret))
    assert secret not in refused(_sync, source(provider, refresh_token=secret))


@pytest.mark.parametrize("path", [DISCOVERY, TOKEN])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>refresh-0</html>",
        b"null",
        b"[]",
        b"{}",
        b'{"issuer": 1, "token_endpoint": 2, "id_token": 3}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"id_token": "refresh-0"}',
        b'{"id_token": "a.b.c", "refresh_token": ["refresh-0"]}',
        b'{"id_token": "a.e30.c"}',
        b'{"id_token": "a.eyJleHAiOiJzb29uIn0.c"}',
        b'{"id_token": "a.\xc3\xbc.c"}',
        b'{"id_token": "a\\r\\nX-Evil: 1.eyJleHAiOjk5OTk5OTk5OTl9.c"}',
    ],
)
def test_garbage_is_refused(path: str, body: bytes, provider: IdentityServer) -> None:
    provider.answers[path] = Answer(body=body)
    for get in (_sync, _async):
        refused(get, source(provider))


def test_an_invalid_gzip_body_is_refused(provider: IdentityServer, get: Get) -> None:
    provider.answers[DISCOVERY] = Answer(body=b"\x1f\x8b\x08garbage", headers={"Content-Encoding": "gzip"})
    assert "can't be read" in refused(get, source(provider))


@pytest.mark.parametrize("path", [DISCOVERY, TOKEN])
def test_a_response_of_two_megabytes_is_refused(path: str, provider: IdentityServer, get: Get) -> None:
    provider.answers[path] = Answer(body=b" " * (2 << 20) + b"{}")
    assert "larger than 1048576 bytes" in refused(get, source(provider))


@pytest.mark.parametrize("path", [DISCOVERY, TOKEN])
@pytest.mark.parametrize("answer", [Answer(wait=30), Answer(body=b" " * 1000, drip=0.05)], ids=["silent", "dripping"])
def test_a_slow_provider_is_given_up(
    answer: Answer, path: str, provider: IdentityServer, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "_SECONDS", 0.2)
    provider.answers[path] = answer
    start = time.monotonic()
    refused(get, source(provider))
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("issuer", ["http://127.0.0.1", "https://127.0.0.1:99999", "https://[", "https://"])
def test_an_invalid_issuer_url_is_refused(issuer: str, provider: IdentityServer, get: Get) -> None:
    assert "is not an https URL" in refused(get, source(provider, issuer_url=issuer))


@pytest.mark.parametrize("issuer", ["https://127.0.0.1:1", "https://a b", "https://nowhere.invalid"])
def test_an_unreachable_provider_is_reported(issuer: str, provider: IdentityServer, get: Get) -> None:
    assert "can't be reached" in refused(get, source(provider, issuer_url=issuer))


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "what://127.0.0.1:1", "http://127.0.0.1:1"])
def test_an_unusable_proxy_is_reported(
    proxy: str, provider: IdentityServer, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert "can't be reached" in refused(get, source(provider))


def test_a_failed_renewal_is_retried_by_the_next_call(provider: IdentityServer, get: Get) -> None:
    asked = source(provider)
    provider.answers[TOKEN] = Answer(status=503)
    refused(get, asked)
    del provider.answers[TOKEN]
    assert token_of(get(asked))


def test_a_new_refresh_token_is_kept_despite_an_invalid_id_token(provider: IdentityServer, get: Get) -> None:
    asked = source(provider)
    provider.answers[TOKEN] = said(id_token="garbage", refresh_token="refresh-7")
    refused(get, asked, "refresh-7")
    del provider.answers[TOKEN]
    provider.refresh_token = "refresh-7"
    assert token_of(get(asked))


def test_the_response_of_a_provider_that_hangs_up_is_reported(provider: IdentityServer, get: Get) -> None:
    provider.answers[TOKEN] = Answer(body=b"", headers={"Content-Length": "10"})
    assert "can't be reached" in refused(get, source(provider))


def test_representations_contain_no_secrets(provider: IdentityServer) -> None:
    config = configured(provider, client_secret=SECRET, id_token=provider.id_token())
    for text in (repr(config), repr(rest.Config(oidc=config)), repr(_sync(source(provider)))):
        assert SECRET not in text and "refresh-0" not in text and config.id_token not in text
    assert {f.name for f in dataclasses.fields(config)} >= {"client_secret", "id_token", "refresh_token"}


def test_the_test_provider_leaves_no_threads() -> None:
    before = threading.active_count()
    with IdentityServer(authority=AUTHORITY) as provider:
        provider.answers[DISCOVERY] = Answer(wait=60)
        asked = threading.Thread(target=lambda: refused(_sync, source(provider)))
        asked.start()
        wait_until(lambda: provider.asked(DISCOVERY))
    asked.join(PATIENCE)
    assert threading.active_count() == before
