"""Requests that the API server passes on to a pod, a service or a node, and their responses. No I/O.

Source: the `proxy` subresource of `k8s.io/kubernetes`; `JoinSchemeNamePort` of `k8s.io/apimachinery/pkg/util/net`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from kubecore.calls import error_response
from kubecore.calls.call import Call
from kubecore.calls.path import quote_path, segment
from kubecore.calls.resource import Resource
from kubecore.errors import InvalidRequestError
from kubecore.options import Query, query_value

__all__ = ["ProxyMethod", "ProxyQuery", "ProxyResponse", "ProxyScheme", "proxy_call"]

ProxyMethod: TypeAlias = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""The methods that the API server hands on."""

ProxyScheme: TypeAlias = Literal["http", "https"]
"""The protocol of the backend; the API server does not verify its certificate."""

ProxyQuery: TypeAlias = Mapping[str, str | int | bool] | Sequence[tuple[str, str | int | bool]]
"""Query parameters: a mapping, or pairs if a name is repeated."""

_VERBS: Final[Mapping[str, str]] = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
    "OPTIONS": "options",
}
_PORT_NAME: Final = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)

# Headers that the client sets: they frame the request, or authenticate it. The API server removes the latter.
_OURS: Final = re.compile(
    r"host|content-length|transfer-encoding|connection|upgrade|te|trailer|expect|accept-encoding|user-agent"
    r"|authorization|proxy-.*|impersonate-.*|x-remote-.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ProxyResponse:
    """Response of a backend.

    Attributes:
        status: The HTTP status code, success or not.
        headers: The headers, their names in lower case.
        content: The body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text; invalid UTF-8 is replaced."""
        return self.content.decode("utf-8", "replace")

    def __repr__(self) -> str:
        """Show status and size; a body may be a secret."""
        return f"<ProxyResponse {self.status}, {len(self.content)} bytes>"


def _read(_: Call[Any], status: int, headers: Mapping[str, str], body: bytes | bytearray | memoryview) -> ProxyResponse:
    """Return the response as it was received; raise StatusError if it is the API server's own failure."""
    if status >= 400 and headers.get("content-type", "").startswith("application/json"):
        error = error_response.status_in(body)
        if error is not None:
            raise error
    kept = dict(headers)
    if kept.pop("content-encoding", None) is not None:
        kept.pop("content-length", None)  # The body was unpacked on the way.
    return ProxyResponse(status, kept, bytes(body))


def proxy_call(
    resource: Resource[Any, Any],
    namespace: str,
    name: str,
    method: ProxyMethod,
    path: str,
    *,
    port: int | str | None,
    scheme: ProxyScheme | None,
    query: ProxyQuery | None,
    headers: Mapping[str, str] | None,
    body: bytes | None,
) -> Call[ProxyResponse]:
    """Make the call.

    Args:
        resource: Pods, services or nodes.
        namespace: The namespace, "" for nodes.
        name: The object.
        method: The HTTP method.
        path: The path at the backend.
        port: The port, or its name.
        scheme: `http` or `https`.
        query: The query parameters.
        headers: Headers for the backend.
        body: The body.

    Raises:
        InvalidRequestError: One of them is invalid.
    """
    if method not in get_args(ProxyMethod):
        raise InvalidRequestError(f"the method {str(method)[:40]!r} is not one of {', '.join(get_args(ProxyMethod))}")
    if body is not None and not isinstance(body, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(f"the body must be bytes, not {type(body).__name__}")
    base = resource.call(
        _VERBS[method],
        method,
        namespace,
        ProxyResponse,
        name=_name(name, port, scheme),
        subresource="proxy",
        query=_query(query),
        body=None if body is None else bytes(body),
    )
    given = _headers(headers or {})
    return Call(
        method=method,
        path=base.path + "/" + quote_path(path).removeprefix("/"),
        response=ProxyResponse,
        verb=base.verb,
        query=base.query,
        body=base.body,
        content_type=None,
        accept=given.pop("accept", "*/*"),
        headers=tuple(given.items()),
        is_proxied=True,
        group=base.group,
        resource=base.resource,
        subresource="proxy",
        namespace=namespace,
        name=name,
        read=_read,
    )


def _name(name: str, port: int | str | None, scheme: ProxyScheme | None) -> str:
    """Return `name`, `name:port` or `scheme:name:port`, the last also without a port."""
    segment(name, "name")
    if ":" in name:
        raise InvalidRequestError(f"invalid name {name[:100]!a}: pass the port and the scheme as `port=` and `scheme=`")
    if scheme is not None and scheme not in get_args(ProxyScheme):
        raise InvalidRequestError(f"the scheme {str(scheme)[:40]!r} is neither http nor https")
    if port is not None and not _is_port(port):
        raise InvalidRequestError(f"the port {str(port)[:40]!r} is neither a number from 1 to 65535 nor a port's name")
    port_text = "" if port is None else str(port)
    if scheme is not None:
        return f"{scheme}:{name}:{port_text}"
    return f"{name}:{port_text}" if port_text else name


def _is_port(port: Any) -> bool:
    if isinstance(port, str):
        return len(port) <= 63 and _PORT_NAME.fullmatch(port) is not None
    return isinstance(port, int) and not isinstance(port, bool) and 1 <= port <= 65535


def _query(query: ProxyQuery | None) -> Query:
    pairs = query.items() if isinstance(query, Mapping) else query or ()
    return tuple((name, _value(name, value)) for name, value in pairs)


def _value(name: Any, value: Any) -> str:
    if not isinstance(name, str):
        raise InvalidRequestError(f"the name of a query parameter must be text, not {type(name).__name__}")
    return query_value(name[:100], value)


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Check the headers for the backend; their names come in lower case."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not value.isprintable() or not value.isascii():
            raise InvalidRequestError("a header for the backend contains characters that are invalid in headers")
        if _OURS.fullmatch(name):
            raise InvalidRequestError(f"the header {name[:60]} does not reach the backend, or is set by the client")
    return {name.lower(): value for name, value in headers.items()}
