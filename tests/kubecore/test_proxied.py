"""Requests that the API server forwards: the request, and the origin of the response."""

from __future__ import annotations

from typing import Any

import pytest

from kubeclient import Clientset
from kubeclient.typed.core.v1.node import NODES
from kubeclient.typed.core.v1.pod import PODS
from kubecore import errors, rest
from kubecore.calls.proxy import proxy_call
from tests.kubecore.loopback import loopback, response_bytes

NOTHING: dict[str, Any] = {"port": None, "scheme": None, "query": None, "headers": None, "body": None}


def made(path: str = "", **options: Any) -> Any:
    method = options.pop("method", "GET")
    return proxy_call(PODS, "ns", options.pop("name", "web"), method, path, **{**NOTHING, **options})


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({}, "web"),
        ({"port": 80}, "web:80"),
        ({"port": "http-metrics"}, "web:http-metrics"),
        ({"port": 443, "scheme": "https"}, "https:web:443"),
        ({"scheme": "http"}, "http:web:"),
    ],
)
def test_the_path_contains_scheme_and_port(options: dict[str, Any], part: str) -> None:
    assert made(**options).target == f"/api/v1/namespaces/ns/pods/{part}/proxy/"


def test_nodes_have_no_namespace() -> None:
    call = proxy_call(NODES, "", "node-1", "GET", "healthz", **NOTHING)
    assert (call.target, call.verb, call.subresource) == ("/api/v1/nodes/node-1/proxy/healthz", "get", "proxy")


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("", "/"),
        ("a/b", "/a/b"),
        ("/a/b/", "/a/b/"),
        ("//a", "//a"),
        ("a b", "/a%20b"),
        ("a%20b%2Fc", "/a%20b%2Fc"),
        ("...", "/..."),
        ("\u20ac", "/%E2%82%AC"),
    ],
)
def test_the_path_is_appended_to_the_path_of_the_object(path: str, sent: str) -> None:
    assert made(path).target == f"/api/v1/namespaces/ns/pods/web/proxy{sent}"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "..",
            "../x",
            "a/../b",
            "a/..",
            ".",
            "./a",
            "%2e%2e/x",
            "a%2f..%2fb",
            "%252e%252e",
            ".%2e",
            "..;a/b",
            "a\\..\\b",
        ),
        *("a?b", "a#b", "%", "%zz", "a\nb", "a\u202eb", "a\x00", "\ud800", "x" * 9000, None, 1),
    ],
)
def test_a_path_that_leaves_the_proxy_of_the_object_is_refused(path: Any) -> None:
    with pytest.raises(errors.InvalidRequestError):
        made(path)


@pytest.mark.parametrize(
    "options",
    [{"name": name} for name in ("", ".", "..", "a/b", "a:80", "https:a", "a:", "a%2f", "\ud800", None)]
    + [{"port": port} for port in (0, -1, 65536, True, 80.0, "", "80", "a:b", "a/b", "..", "A", "-a", "a-", "x" * 70)]
    + [{"scheme": scheme} for scheme in ("", "ftp", "https:")]
    + [{"method": method} for method in ("get", "CONNECT", "TRACE", "GET /x", None)]
    + [{"query": {"a": None}}, {"query": {1: "a"}}, {"query": [("a", 1.5)]}, {"body": "text"}]
    + [
        {"headers": {name: "x"}}
        for name in ("Authorization", "Host", "connection", "Impersonate-User", "X-Remote-Group")
    ]
    + [{"headers": {"X-A": "a\r\nb: c"}}, {"headers": {"X A": "a"}}, {"headers": {"X-A": "\u20ac"}}],
)
def test_invalid_arguments_are_refused_before_a_connection_is_opened(options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidRequestError):
        made(**options)


def ask(server: Any, *arguments: Any, **options: Any) -> Any:
    with Clientset(rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=3)) as clientset:
        return clientset.core_v1.pods("ns").proxy("web", *arguments, **options)


def test_a_proxied_request_has_the_given_method_query_headers_and_body() -> None:
    with loopback(response_bytes(b"done", "Content-Type: text/plain", "X-Seen: yes", status="201 Created")) as server:
        got = ask(
            server, "PUT", "a", port=8080, query=[("x", 1), ("x", True)], body=b"{}", headers={"Content-Type": "a/b"}
        )
        head = server.requests[0].decode()
    assert head.startswith("PUT /api/v1/namespaces/ns/pods/web:8080/proxy/a?x=1&x=true HTTP/1.1\r\n")
    assert "\r\ncontent-type: a/b\r\n" in head
    assert "\r\nContent-Length: 2\r\n" in head
    assert "\r\nAccept: */*\r\n" in head
    assert (got.status, got.headers["x-seen"], got.content, got.text) == (201, "yes", b"done", "done")
    assert repr(got) == "<ProxyResponse 201, 4 bytes>"


@pytest.mark.parametrize("status", ["302 Found", "404 Not Found", "429 Too Many Requests", "503 Unavailable"])
def test_a_response_of_any_status_is_the_backends(status: str) -> None:
    """The request is sent once, regardless of the response; redirects are not followed."""
    script = response_bytes(b"no", "Content-Type: text/plain", "Retry-After: 1", "Location: /elsewhere", status=status)
    with loopback(script) as server:
        got = ask(server)
        assert len(server.requests) == 1
    assert (got.status, got.content) == (int(status[:3]), b"no")


STATUS = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","message":"no pod","code":404}'


def test_a_status_of_the_api_server_is_raised() -> None:
    with (
        loopback(response_bytes(STATUS, status="404 Not Found")) as server,
        pytest.raises(errors.NotFoundError, match="no pod"),
    ):
        ask(server)


@pytest.mark.parametrize(
    "script",
    [
        response_bytes(STATUS),
        response_bytes(STATUS, "Content-Type: text/plain", status="404 Not Found"),
        response_bytes(b'{"kind":"Problem"}', status="404 Not Found"),
    ],
)
def test_a_response_of_the_backend_that_resembles_an_error_is_returned(script: bytes) -> None:
    with loopback(script) as server:
        assert ask(server).content
