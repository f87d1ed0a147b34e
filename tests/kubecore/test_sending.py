"""Retries, sync and async: which requests are sent again, the calls of observers, and the server's hints."""

from __future__ import annotations

import gzip
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore._support import pauses
from kubecore.rest.request_builder import RequestBuilder
from tests.kubecore.loopback import Loopback, loopback, response_bytes

POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[]}}'
RESET = b""  # The connection is closed without a response.

Do = Callable[..., Any]


def do_sync(config: rest.Config, verb: str, *arguments: Any, **options: Any) -> Any:
    with Clientset(config) as clientset:
        return getattr(clientset.core_v1.pods("d"), verb)(*arguments, **options)


def do_async(config: rest.Config, verb: str, *arguments: Any, **options: Any) -> Any:
    async def main() -> Any:
        async with AsyncClientset(config) as clientset:
            return await getattr(clientset.core_v1.pods("d"), verb)(*arguments, **options)

    return anyio.run(main)


both = pytest.mark.parametrize("do", [do_sync, do_async], ids=["sync", "async"])


def config(server: Loopback, **more: Any) -> rest.Config:
    return rest.Config(host=f"http://127.0.0.1:{server.port}", **more)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of all pauses, which do not wait."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(pauses, "sleep", waits.append)
    monkeypatch.setattr(pauses, "async_sleep", sleep)
    return waits


def busy(status: str, *headers: str) -> bytes:
    return response_bytes(b"", *headers, status=status)


@both
def test_a_post_is_retried_unchanged_if_the_server_requests_it(do: Do, slept: list[float]) -> None:
    statuses = ["429 Too Many", "500 Error", "501 No", "504 Timeout"]
    pod = {"metadata": {"name": "p", "annotations": {"a": "x" * 4000}}, "spec": {"containers": []}}
    with loopback(*[busy(status, "Retry-After: 0") for status in statuses], response_bytes(POD)) as server:
        assert do(config(server), "create", pod).metadata.name == "p"
    assert len(server.requests) == 5
    assert len(set(server.requests)) == 1
    assert b"Content-Length: 4" in server.requests[0]


@both
@pytest.mark.parametrize(
    "script",
    [
        busy("500 Error"),
        busy("429 Too Many"),
        busy("301 Moved", "Retry-After: 0"),
        busy("404 None", "Retry-After: 0"),
        busy("500 Error", "Retry-After: soon"),
        busy("429 Too Many", "Retry-After: -1"),
        busy("429 Too Many", "Retry-After: 99999999"),
    ],
)
def test_a_response_without_a_usable_retry_after_is_not_retried(do: Do, script: bytes, slept: list[float]) -> None:
    with loopback(script, response_bytes(POD)) as server, pytest.raises(errors.KubeError):
        do(config(server), "get", "p")
    assert len(server.requests) == 1
    assert slept == []


@both
def test_a_get_is_retried_after_a_broken_connection(do: Do, slept: list[float]) -> None:
    with loopback(RESET, b"HTTP/1.1 200 OK\r\nContent-", response_bytes(POD)) as server:
        assert do(config(server), "get", "p").metadata.name == "p"
    assert len(server.requests) == 3
    assert [1.0 <= wait <= 1.3 for wait in slept] == [True, True]


@both
@pytest.mark.parametrize("verb", ["create", "update", "delete", "patch"])
def test_a_request_with_a_possible_effect_is_never_sent_twice(do: Do, verb: str, slept: list[float]) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": []}}
    arguments = {"create": (pod,), "update": (pod,), "delete": ("p",), "patch": ("p", {})}[verb]
    for script in (RESET, busy("503 Unavailable"), busy("502 Bad"), busy("504 Timeout")):
        with loopback(script, response_bytes(POD)) as server, pytest.raises(errors.KubeError):
            do(
                config(server),
                verb,
                *arguments,
                **({"type": "merge"} if verb == "patch" else {}),
            )
        assert len(server.requests) == 1


@both
def test_the_number_of_attempts_is_limited_and_part_of_the_error(do: Do, slept: list[float]) -> None:
    with loopback(*[busy("503 Unavailable", "Retry-After: 3")] * 4) as server:
        with pytest.raises(errors.ServiceUnavailableError) as caught:
            do(config(server, max_retries=2), "get", "p")
    assert len(server.requests) == 3
    assert caught.value.__notes__[1:] == ["after 3 attempts; the one before: the server responded 503"]
    assert all(3.0 <= wait < 4.0 for wait in slept)
    with loopback(busy("503 Unavailable", "Retry-After: 0")) as server, pytest.raises(errors.KubeError):
        do(config(server, max_retries=0), "get", "p")
    assert len(server.requests) == 1


@both
def test_a_wait_is_logged_with_its_flow_schema(do: Do, slept: list[float], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kubecore")
    script = busy("429 Too Many", "Retry-After: 2", "X-Kubernetes-Pf-Flowschema-Uid: fs-1")
    with loopback(script, response_bytes(POD)) as server:
        do(config(server), "get", "p")
    (record,) = caplog.records
    assert "is retried in 2." in record.getMessage()
    assert "the response was 429, by the FlowSchema with the UID 'fs-1'" in record.getMessage()


@both
def test_a_wait_gets_a_random_part_of_a_quarter(do: Do, slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    waits = [busy("429 Too Many", f"Retry-After: {seconds}") for seconds in ("8", "600", "0")]
    with loopback(*waits, RESET, response_bytes(POD)) as server:
        do(config(server, timeouts=rest.Timeouts(total=None)), "get", "p")
    assert slept == [10.0, 750.0, 0.01, 1.25]


@both
def test_retry_after_accepts_a_date(do: Do, slept: list[float]) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    with loopback(busy("429 Too Many", f"Retry-After: {at}"), response_bytes(POD)) as server:
        do(config(server), "get", "p")
    assert 17 < slept[0] < 26


@both
def test_the_error_of_the_last_attempt_has_the_delay_of_the_server(do: Do, slept: list[float]) -> None:
    status = b'{"kind":"Status","status":"Failure","reason":"TooManyRequests","code":429}'
    with loopback(response_bytes(status, "Retry-After: 20", status="429 Too Many")) as server:
        with pytest.raises(errors.TooManyRequestsError) as caught:
            do(config(server, max_retries=0), "get", "p")
    assert errors.suggests_client_delay(caught.value) == 20
    assert slept == []


@both
def test_a_retry_after_beyond_the_deadline_is_an_error_at_once(do: Do, slept: list[float]) -> None:
    with loopback(busy("429 Too Many", "Retry-After: 60"), response_bytes(POD)) as server:
        with pytest.raises(errors.TooManyRequestsError):
            do(config(server, timeouts=rest.Timeouts(total=30)), "get", "p")
    assert slept == []


@pytest.mark.slow
@both
def test_the_total_timeout_ends_a_response_that_arrives_slowly(do: Do) -> None:

    class Trickle(Loopback):
        def _serve(self, connection: Any) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(0.02)

    server = Trickle([], close=True, context=None)
    try:
        with pytest.raises(errors.DeadlineError, match=r"not done within 0\.3 s"):
            do(config(server, timeouts=rest.Timeouts(total=0.3)), "get", "p")
    finally:
        server.stop()


@both
def test_a_401_is_tried_once_more_with_the_new_token_of_the_file(do: Do, tmp_path: Path) -> None:
    """The kubelet renewed the token, and the old one is refused."""
    file = tmp_path / "token"
    file.write_text("old")
    denied = response_bytes(b"", status="401 Unauthorized")
    made = rest.Config(bearer_token_file=str(file))
    with tls_loopback(tmp_path, denied, response_bytes(POD), rotate=lambda: file.write_text("new")) as (server, tls):
        made = rest.Config(host=f"https://127.0.0.1:{server.port}", bearer_token_file=str(file), tls=tls)
        assert do(made, "get", "p").metadata.name == "p"
    assert [b"Bearer old" in one for one in server.requests] == [True, False]
    assert b"Authorization: Bearer new" in server.requests[1]
    with tls_loopback(tmp_path, denied, denied, denied) as (server, tls):
        made = rest.Config(host=f"https://127.0.0.1:{server.port}", bearer_token_file=str(file), tls=tls)
        with pytest.raises(errors.UnauthorizedError):
            do(made, "get", "p")
    assert len(server.requests) == 1  # The file does not contain another token.


class Rotating(Loopback):
    """A server that calls `rotate` before it responds to the first request."""

    rotate: Callable[[], Any] | None = None

    def _serve(self, connection: Any) -> None:
        if not self.requests and self.rotate is not None:
            self.rotate()
        super()._serve(connection)


@pytest.fixture(scope="module")
def authority() -> Any:
    import trustme

    return trustme.CA()


def tls_loopback(folder: Path, *scripts: bytes, rotate: Callable[[], Any] | None = None) -> Any:
    import ssl
    from contextlib import contextmanager

    import trustme

    @contextmanager
    def run() -> Iterator[tuple[Loopback, rest.TLSConfig]]:
        made = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.issue_cert("127.0.0.1").configure_cert(context)
        server = Rotating(scripts, close=True, context=context)
        server.rotate = rotate
        try:
            yield server, rest.TLSConfig(ca_data=made.cert_pem.bytes())
        finally:
            server.stop()

    return run()


@both
def test_redirects_are_followed_only_if_enabled_and_on_the_same_server(do: Do) -> None:
    with loopback() as other:
        here = busy("307 Temporary", "Location: /moved/p?x=1")
        away = busy("307 Temporary", f"Location: http://127.0.0.1:{other.port}/moved")
        with loopback(here, response_bytes(POD)) as server:
            assert do(config(server, follow_redirects=True), "get", "p").metadata.name == "p"
            assert server.requests[1].startswith(b"GET /moved/p?x=1 HTTP/1.1")
        for script in (away, busy("302 Found", "Location: //evil.example/x"), busy("302 Found", "Location: http://[")):
            with loopback(script, response_bytes(POD)) as server, pytest.raises(errors.RedirectError):
                do(config(server, follow_redirects=True), "get", "p")
        with loopback(*[here] * 20) as server, pytest.raises(errors.RedirectError):
            do(config(server, follow_redirects=True), "get", "p")
        with (
            loopback(here, response_bytes(POD)) as server,
            pytest.raises(errors.RedirectError, match="follow_redirects"),
        ):
            do(config(server), "get", "p")
    assert other.requests == []


@pytest.mark.slow
@both
def test_compressed_responses_are_read_and_bombs_are_not(do: Do) -> None:
    packed = gzip.compress(POD)
    with loopback(response_bytes(packed, "Content-Encoding: gzip")) as server:
        assert do(config(server, compression=True), "get", "p").metadata.name == "p"
    assert b"Accept-Encoding: gzip\r\n" in server.requests[0]
    bomb = gzip.compress(b" " * 50_000_000)
    with loopback(response_bytes(bomb, "Content-Encoding: gzip")) as server, pytest.raises(errors.BodyTooLargeError):
        do(config(server, max_response_bytes=1_000_000), "get", "p")
    for at in range(len(packed)):
        cut = response_bytes(packed[:at], "Content-Encoding: gzip")
        with loopback(cut) as server, pytest.raises((errors.ReadError, errors.ProtocolError)):
            do(config(server, max_retries=0), "get", "p")


@both
def test_warnings_reach_the_handler_and_by_default_the_log_once(do: Do, caplog: pytest.LogCaptureFixture) -> None:
    header = 'Warning: 299 - "v1 Old is deprecated", 299 - "second", 199 - "not for the log"'
    seen: list[rest.ServerWarning] = []
    with loopback(response_bytes(POD, header)) as server:
        do(config(server, warning_handler=seen.append), "get", "p")
    assert {one.request for one in seen} == {"GET /api/v1/namespaces/d/pods/p"}
    assert [(one.code, one.agent, one.text) for one in seen] == [
        (299, "-", "v1 Old is deprecated"),
        (299, "-", "second"),
        (199, "-", "not for the log"),
    ]
    with loopback(busy("503 Unavailable", header, "Retry-After: 0"), response_bytes(POD, header)) as server:
        do(config(server), "get", "p")
    place = "GET /api/v1/namespaces/d/pods/p: "
    assert [record.getMessage() for record in caplog.records] == [f"{place}v1 Old is deprecated", f"{place}second"]


@both
def test_warnings_of_proxied_responses_are_ignored(do: Do, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[rest.ServerWarning] = []
    header = 'Warning: 299 - "from the pod"'
    for status in ("200 OK", "404 Not Found", "503 Unavailable"):
        with loopback(
            response_bytes(b"x", header, status=status), response_bytes(b"x", header, status=status)
        ) as server:
            do(config(server, warning_handler=seen.append), "proxy", "p")
            do(config(server), "proxy", "p")
    assert seen == []
    assert caplog.records == []


@both
def test_observers_see_each_attempt_and_may_add_headers(do: Do) -> None:
    attempts: list[rest.Attempt] = []
    outcomes: list[rest.Outcome] = []

    def observer(attempt: rest.Attempt) -> Callable[[rest.Outcome], None]:
        attempts.append(attempt)
        attempt.headers["traceparent"] = f"00-{attempt.number}"
        return outcomes.append

    with loopback(busy("503 Unavailable", "Retry-After: 0"), response_bytes(POD)) as server:
        do(config(server, observers=[observer, lambda attempt: None]), "get", "p")
    assert [(a.verb, a.group, a.resource, a.namespace, a.name, a.method, a.number) for a in attempts] == [
        ("get", "", "pods", "d", "p", "GET", 1),
        ("get", "", "pods", "d", "p", "GET", 2),
    ]
    assert attempts[0].url.endswith("/api/v1/namespaces/d/pods/p")
    assert [outcome.code for outcome in outcomes] == [503, 200]
    assert b"traceparent: 00-2\r\n" in server.requests[1]
    with loopback(RESET) as server, pytest.raises(errors.ReadError) as caught:
        do(config(server, observers=[observer], max_retries=0), "get", "p")
    assert (outcomes[-1].code, outcomes[-1].error) == (None, caught.value)


@both
def test_debug_logs_contain_method_url_code_and_time_but_no_secret(do: Do, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kubecore")
    with loopback(response_bytes(POD)) as server:
        do(config(server), "get", "p")
    (record,) = caplog.records
    assert record.getMessage().startswith(f"GET http://127.0.0.1:{server.port}/api/v1/namespaces/d/pods/p: 200 in ")


def test_the_rate_limiter_is_off_by_default_and_can_be_shared(slept: list[float]) -> None:
    with loopback(*[response_bytes(POD)] * 8) as server:
        for _ in range(3):
            do_sync(config(server), "get", "p")
        assert slept == []
        bucket = rest.TokenBucket(qps=0.5, burst=2)
        for do in (do_sync, do_async, do_sync):
            do(config(server, rate_limiter=bucket), "get", "p")
        assert len(slept) == 1
        assert 1.9 < slept[0] <= 2.0
    with pytest.raises(errors.ConfigError, match="burst is 0"):
        rest.Client(rest.Config(qps=5.0, burst=0))
    with pytest.raises(errors.ConfigError):
        rest.TokenBucket(0, 1)


def test_the_default_burst_is_ten_as_in_client_go() -> None:
    limiter = RequestBuilder(rest.Config(host="https://h", qps=0.001)).limiter
    assert limiter is not None
    assert [limiter.reserve() > 0 for _ in range(12)] == [False] * 10 + [True] * 2


def test_a_bucket_fills_at_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    bucket = rest.TokenBucket(qps=10, burst=3)
    assert [bucket.reserve() for _ in range(4)] == [0, 0, 0, pytest.approx(0.1)]
    now[0] += 0.3
    assert bucket.reserve() == 0
    now[0] += 100
    assert [bucket.reserve() for _ in range(4)][3] > 0


def test_a_call_cancelled_in_the_rate_limiter_sends_nothing() -> None:
    with loopback(response_bytes(POD)) as server:

        async def main() -> None:
            limiter = rest.TokenBucket(qps=0.01, burst=1)
            limiter.reserve()
            async with AsyncClientset(config(server, rate_limiter=limiter)) as clientset:
                with anyio.move_on_after(0.05) as scope:
                    await clientset.core_v1.pods("d").get("p")
                assert scope.cancelled_caught

        anyio.run(main)
    assert server.requests == []


def test_impersonation_is_written_as_headers() -> None:
    who = rest.Impersonate(
        user="ü",
        uid="7",
        groups=["one", "two"],
        extra={"first": ["A", "a"], "test.example.com/thing.thing": ["x"], "a%20b": ["y"]},
    )
    with loopback(response_bytes(POD)) as server:
        do_sync(config(server, impersonate=who), "get", "p")
    lines = server.requests[0].split(b"\r\n")
    assert [line for line in lines if line.startswith(b"Impersonate")] == [
        "Impersonate-User: ü".encode(),
        b"Impersonate-Uid: 7",
        b"Impersonate-Group: one",
        b"Impersonate-Group: two",
        b"Impersonate-Extra-first: A",
        b"Impersonate-Extra-first: a",
        b"Impersonate-Extra-test.example.com%2Fthing.thing: x",
        b"Impersonate-Extra-a%2520b: y",
    ]
    with pytest.raises(errors.ConfigError, match=r"impersonate\.user is empty"):
        rest.Client(rest.Config(impersonate=rest.Impersonate(groups=["g"])))
    for bad in ("a\r\nX: y", "a\0", "\n"):
        with pytest.raises(errors.ConfigError):
            rest.Client(rest.Config(impersonate=rest.Impersonate(user=bad)))


def test_an_anonymous_copy_keeps_the_connection_without_credentials() -> None:
    full = rest.Config(
        host="https://h/prefix",
        bearer_token="t",
        impersonate=rest.Impersonate(user="u"),
        exec=rest.ExecConfig(command="x", args=["s3cret"], env={"A": "s3cret"}),
        tls=rest.TLSConfig(ca_data=b"ca", cert_data=b"c", key_data=b"s3cret", server_name="n"),
        qps=3.0,
        burst=4,
        user_agent="me",
        observers=[lambda attempt: None],
    )
    assert "s3cret" not in repr(full)
    assert full.copy() == full
    assert full.copy().tls is not full.tls
    bare = full.anonymous()
    assert (bare.host, bare.tls.ca_data, bare.tls.server_name, bare.qps, bare.user_agent) == (
        "https://h/prefix",
        b"ca",
        "n",
        3.0,
        "me",
    )
    for gone in (bare.bearer_token, bare.impersonate, bare.exec, bare.tls.cert_data, bare.tls.key_data):
        assert gone is None
    assert full.bearer_token == "t"


@both
def test_the_timeout_of_a_client_is_not_sent_and_that_of_a_list_is(do: Do) -> None:
    listed = response_bytes(b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"4"},"items":[]}')
    with loopback(response_bytes(POD), listed) as server:
        timeouts = rest.Timeouts(total=30)
        do(config(server, timeouts=timeouts), "get", "p", timeout=20)
        do(config(server, timeouts=timeouts), "list", timeout_seconds=5)
    assert server.requests[0].startswith(b"GET /api/v1/namespaces/d/pods/p HTTP/1.1\r\n")
    assert server.requests[1].startswith(b"GET /api/v1/namespaces/d/pods?timeoutSeconds=5 HTTP/1.1\r\n")


@both
def test_variables_that_set_a_backoff_are_not_read(do: Do, slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBE_CLIENT_BACKOFF_BASE", "60")
    monkeypatch.setenv("KUBE_CLIENT_BACKOFF_DURATION", "120")
    with loopback(busy("500 Error"), response_bytes(POD)) as server:
        with pytest.raises(errors.InternalError):
            do(config(server), "get", "p")
        do(config(server), "get", "p")
    assert slept == []


@both
def test_a_warning_that_cannot_be_read_ends_those_of_all_header_lines(do: Do) -> None:
    seen: list[rest.ServerWarning] = []
    lines = ('Warning: 299 - "first"', "Warning: 299 - unquoted", 'Warning: 299 - "third"')
    with loopback(response_bytes(POD, *lines)) as server:
        do(config(server, warning_handler=seen.append), "get", "p")
    assert [one.text for one in seen] == ["first"]


@both
def test_tables_and_metadata_accept_no_other_media_type(do: Do) -> None:
    with loopback(*[busy("406 Not Acceptable")] * 2) as server:
        for verb in ("table", "list_metadata"):
            with pytest.raises(errors.NotAcceptableError):
                do(config(server), verb)
    assert b"\r\nAccept: application/json;as=Table;g=meta.k8s.io;v=v1\r\n" in server.requests[0]
    assert b"\r\nAccept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1\r\n" in server.requests[1]


@both
def test_items_of_lists_have_api_version_and_kind(do: Do) -> None:
    item = POD.replace(b'"kind":"Pod",', b"").replace(b'"apiVersion":"v1",', b"")
    listed = b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[%b]}' % item
    with loopback(response_bytes(listed)) as server:
        (pod,) = do(config(server), "list").items
    assert (pod.api_version, pod.kind) == ("v1", "Pod")
    assert pod.to_yaml().startswith("apiVersion: v1\nkind: Pod\n")
