"""Hostile names are rejected before a socket opens, or sent as one percent-encoded path segment."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from kubeclient.models import core_v1
from kubecore import errors, rest
from kubecore.calls.resource import Resource
from tests.torture.callers import Caller, callers
from tests.torture.server import PodServer
from tests.torture.tally import Tally

# Values that must be rejected in every place.
REFUSED: Final[tuple[Any, ...]] = (
    *("", ".", "..", "../..", "../../x", "a/b", "/", "//", "a%2fb", "%2e%2e", "%2e", "%"),
    *("\ud800", "a\udfffb", None, 0, 1, b"p", ["p"], True, 1.5),
)

# Names that may be rejected; otherwise they must arrive unchanged.
ALLOWED: Final[tuple[str, ...]] = (
    *("p", "system:node:a.b", "a@b", "a;b", "a=b&c", "a+b", "a,b", "~", "*", "$(x)", "'", '"', "<a>", "|", "^", "`"),
    *("a#b", "#", "a?b", "?x=y", "a\\b", "..\\x", "a b", " ", "a\r\nX: y", "\n", "a\0b", "\0", "\x7f", "\x1b[31m"),
    *("\x85", "\u202e", "a\u200bb", "\u2028", "\ufeff", "x" * 10_000),
    *("{a}", "[a]", "ü", "☃", "😀", "...", "..a", "a..", "-", "_", "x" * 1024, "e\u0301"),
)

_CUSTOM: Final = Resource(
    group="example.com", version="v1", plural="widgets", namespaced=True, kind=core_v1.Pod, list_kind=core_v1.PodList
)

_Verb = Callable[[Any, Any], Any]

# Each verb with the path before and after the name, "" if there is no path.
_VERBS: Final[dict[str, tuple[_Verb, str, str]]] = {
    "get name": (lambda c, x: c.core_v1.pods("d").get(x), "/api/v1/namespaces/d/pods/", ""),
    "get namespace": (lambda c, x: c.core_v1.pods(x).get("p"), "/api/v1/namespaces/", "/pods/p"),
    "delete name": (lambda c, x: c.core_v1.pods("d").delete(x), "/api/v1/namespaces/d/pods/", ""),
    "delete namespace": (lambda c, x: c.core_v1.pods(x).delete("p"), "/api/v1/namespaces/", "/pods/p"),
    "patch name": (lambda c, x: c.core_v1.pods("d").patch(x, {}, type="merge"), "/api/v1/namespaces/d/pods/", ""),
    "patch namespace": (lambda c, x: c.core_v1.pods(x).patch("p", {}, type="merge"), "/api/v1/namespaces/", "/pods/p"),
    "update_status name": (
        lambda c, x: c.core_v1.pods("d").update_status({"metadata": {"name": x}}),
        "/api/v1/namespaces/d/pods/",
        "/status",
    ),
    "update_status namespace": (
        lambda c, x: c.core_v1.pods(x).update_status({"metadata": {"name": "p"}}),
        "/api/v1/namespaces/",
        "/pods/p/status",
    ),
    "evict name": (lambda c, x: c.core_v1.pods("d").evict(x, {}), "/api/v1/namespaces/d/pods/", "/eviction"),
    "evict namespace": (lambda c, x: c.core_v1.pods(x).evict("p", {}), "/api/v1/namespaces/", "/pods/p/eviction"),
    "get_logs name": (lambda c, x: c.core_v1.pods("d").get_logs(x), "/api/v1/namespaces/d/pods/", "/log"),
    "get_logs namespace": (lambda c, x: c.core_v1.pods(x).get_logs("p"), "/api/v1/namespaces/", "/pods/p/log"),
    "proxy name": (lambda c, x: c.core_v1.pods("d").proxy(x), "/api/v1/namespaces/d/pods/", "/proxy/"),
    "proxy namespace": (lambda c, x: c.core_v1.pods(x).proxy("p"), "/api/v1/namespaces/", "/pods/p/proxy/"),
    "namespaces get": (lambda c, x: c.core_v1.namespaces().get(x), "/api/v1/namespaces/", ""),
    "namespaces delete": (lambda c, x: c.core_v1.namespaces().delete(x), "/api/v1/namespaces/", ""),
    "namespaces patch": (
        lambda c, x: c.core_v1.namespaces().patch(x, {}, type="merge"),
        "/api/v1/namespaces/",
        "",
    ),
    "custom get": (
        lambda c, x: c.rest_client.send(_CUSTOM.get("d", x, ())),
        "/apis/example.com/v1/namespaces/d/widgets/",
        "",
    ),
    "custom delete": (
        lambda c, x: c.rest_client.send(_CUSTOM.delete("d", x, None)),
        "/apis/example.com/v1/namespaces/d/widgets/",
        "",
    ),
    "custom subresource": (
        lambda c, x: c.rest_client.send(_CUSTOM.call("get", "GET", "d", core_v1.Pod, name="p", subresource=x)),
        "/apis/example.com/v1/namespaces/d/widgets/p/",
        "",
    ),
}

_NO_NAME: Final = {"custom subresource": ("",)}
"""Values that a verb accepts instead of a name."""

_UNWRITABLE: Final = ("\ud800", "a\udfffb", b"p")
"""Names that cannot be encoded in a body: if the body contains the name, EncodeError is raised first."""


class _Connects:
    """Counter of the sockets that this process connects."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()
        sys.addaudithook(self._hook)  # Audit hooks cannot be removed, so the process installs one.

    def _hook(self, event: str, _: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.getaddrinfo"):
            with self._lock:
                self.count += 1


_CONNECTS: list[_Connects] = []


def run(n: int | None, seed: int) -> Tally:
    """Try each name in each place; `n` limits the number of names of each kind."""
    tally = Tally("names")
    if not _CONNECTS:
        _CONNECTS.append(_Connects())
    names = [(name, True) for name in REFUSED[:n]] + [(name, False) for name in ALLOWED[:n]]
    refused = 0
    for mode in ("sync", "asyncio", "trio"):
        with PodServer() as server, callers(mode) as make:
            for what, (verb, before, behind) in _VERBS.items():
                for name, must_refuse in names:
                    if isinstance(name, str) and name in _NO_NAME.get(what, ()):
                        continue
                    with make(rest.Config(host=server.url, max_retries=0)) as caller:
                        fault = _fault(caller, server, verb, name, must_refuse, before, behind)
                    refused += fault == ""
                    tally.check(not fault, f"{mode} {what} {name!a:.60}: {fault}")
    tally.figure("refused", refused)
    return tally


def _fault(
    caller: Caller, server: PodServer, verb: _Verb, name: Any, must_refuse: bool, before: str, behind: str
) -> str | None:
    """Return the fault, "" for a name that was rejected, or None for a name that arrived unchanged."""
    connects, requests = _CONNECTS[0].count, len(server.requests)
    error: BaseException | None = None
    try:
        caller.run(lambda c: verb(c, name))
    except (errors.InvalidRequestError, errors.EncodeError) as caught:
        if isinstance(caught, errors.EncodeError) and name not in _UNWRITABLE:
            return f"EncodeError: {caught}"
        if _CONNECTS[0].count != connects or len(server.requests) != requests:
            return "refused, but a socket was opened"
        str(caught).encode()  # The message must be valid UTF-8.
        return ""
    except errors.DecodeError:
        pass  # The server responds with a pod to any request.
    except Exception as caught:
        error = caught
    if error is not None:
        return f"{type(error).__name__}: {error}"
    new = server.requests[requests:]
    if len(new) != 1:
        return f"{len(new)} requests were sent"
    target = new[0].target.removesuffix("?fieldValidation=Strict")  # Added to requests with mappings.
    if must_refuse:
        return f"not refused: {new[0].method} {target[:100]}"
    if not (target.startswith(before) and target.endswith(behind) and target.isascii() and "?" not in target):
        return f"sent to {target[:100]}"
    middle = target[len(before) : len(target) - len(behind)]
    if "/" in middle or unquote(middle, errors="strict") != name:
        return f"arrived as {middle[:100]}"
    return None
