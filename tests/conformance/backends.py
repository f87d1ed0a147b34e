"""The two servers of the conformance cases: a real API server, and the fake one."""

from __future__ import annotations

import datetime
import http.client
import importlib
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.cluster.nodes import until
from tests.conformance.exchange import parsed

if TYPE_CHECKING:
    from kubecore.testing._server.exchange import Reply, ReplyStream
    from tests.cluster import Cluster

_IDLE: Final = 5.0
"""Seconds without an event after which a case stops reading a watch of the real server."""


@dataclass
class Raw:
    """A whole response."""

    code: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes = b""


class Reading(Protocol):
    """The response of a watch, while it arrives."""

    code: int
    headers: list[tuple[str, str]]

    def lines(self, count: int) -> list[bytes]:
        """Return at most `count` further lines: fewer if the body ends or stays idle."""
        ...

    def rest(self) -> Any:
        """Return the body of a response that is not a stream."""
        ...


class Backend(Protocol):
    """Interface of both servers."""

    def send(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> Raw:
        """Send a request and return its response."""
        ...

    def open(self, target: str, headers: Mapping[str, str]) -> AbstractContextManager[Reading]:
        """Start a watch."""
        ...

    def await_resource(self, prefix: str, plural: str) -> None:
        """Wait until the server serves a custom resource."""
        ...

    def compact(self) -> None:
        """Forget the history."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ...


class RealServer:
    """The API server of a cluster, without code of the project.

    Args:
        cluster: The cluster.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._context = ssl.create_default_context(cadata=cluster.ca_pem.decode())
        # Newer Pythons require key identifiers, which the CA does not have.
        self._context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._context.load_cert_chain(cluster.admin_cert_file, cluster.admin_key_file)
        self._connection = self._connect()

    def send(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> Raw:
        self._connection.request(method, target, content or None, dict(headers))
        response = self._connection.getresponse()
        return Raw(response.status, response.getheaders(), response.read())

    @contextmanager
    def open(self, target: str, headers: Mapping[str, str]) -> Iterator[Reading]:
        connection = self._connect(_IDLE)
        try:
            connection.request("GET", target, None, dict(headers))
            yield _RealReading(connection.getresponse())
        finally:
            connection.close()

    def await_resource(self, prefix: str, plural: str) -> None:
        until(lambda: self._cluster.answers(f"{prefix}/{plural}"))

    def compact(self) -> None:
        self._cluster.compact()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        self._connection.close()

    def _connect(self, timeout: float = 30.0) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self._cluster.port, context=self._context, timeout=timeout)


class _RealReading:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.code = response.status
        self.headers = response.getheaders()

    def lines(self, count: int) -> list[bytes]:
        found: list[bytes] = []
        while len(found) < count:
            try:
                line = self._response.readline()
            except TimeoutError:
                break
            if not line:
                break
            found.append(line)
        return found

    def rest(self) -> Any:
        return parsed(self._response.read())


class FakeServer:
    """The fake API server, without a transport and with a clock that only `wait` moves."""

    def __init__(self) -> None:
        self._now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        module = importlib.import_module("kubecore.testing._server.server")
        self._server = module.Server(clock=lambda: self._now, controllers=False)
        self._number = 0

    def send(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> Raw:
        try:
            reply = self._respond(method, target, headers, content)
        except Exception as error:
            return _failed(error)
        if reply.stream is not None:
            reply.stream.close()
        return Raw(reply.code, reply.headers, reply.content)

    @contextmanager
    def open(self, target: str, headers: Mapping[str, str]) -> Iterator[Reading]:
        try:
            reply = self._respond("GET", target, headers, b"")
        except Exception as error:
            failed = _failed(error)
            yield _FakeReading(failed.code, [], failed.content, None)
            return
        try:
            yield _FakeReading(reply.code, reply.headers, reply.content, reply.stream)
        finally:
            if reply.stream is not None:
                reply.stream.close()

    def await_resource(self, prefix: str, plural: str) -> None:
        pass

    def compact(self) -> None:
        self._server.store.compact()

    def wait(self, seconds: float) -> None:
        self._now += datetime.timedelta(seconds=seconds)
        self._server.advance()

    def _respond(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> Reply:
        from kubecore.testing._server.exchange import Received

        self._number += 1
        parts = urlsplit(target)
        received = Received(
            method=method,
            path=parts.path,
            query=parse_qsl(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in headers.items()},
            content=content,
            number=self._number,
        )
        reply: Reply = self._server.respond(received)
        return reply


class _FakeReading:
    def __init__(self, code: int, headers: list[tuple[str, str]], content: bytes, stream: ReplyStream | None) -> None:
        self.code = code
        self.headers = headers
        self._content = content
        self._stream = stream
        self._lines: list[bytes] = [] if stream is not None else [line for line in content.split(b"\n") if line]
        self._part = b""

    def lines(self, count: int) -> list[bytes]:
        if self._stream is not None:
            *lines, self._part = b"".join([self._part, *self._stream.take()]).split(b"\n")
            self._lines += lines
        found, self._lines = self._lines[:count], self._lines[count:]
        return found

    def rest(self) -> Any:
        return parsed(self._content)


def _failed(error: Exception) -> Raw:
    """Return a response that no server sends, so that the transcript shows the failure."""
    return Raw(0, [], json.dumps({"raised": type(error).__name__, "text": str(error)[:300]}).encode())
