"""Requests of a case: each is sent to one server, and its response is kept for the transcript."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

from tests.conformance.backends import Backend, Reading
from tests.conformance.exchange import Exchange, parsed
from tests.conformance.normal import CUSTOM_GROUP
from tests.conformance.paths import full_path

USER_AGENT: Final = "conformance/1.0"
PATCHES: Final = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class Wire:
    """Sends the requests of one case. Nothing is asserted here: the transcripts of two servers are compared.

    A path is either absolute, or starts with a plural: `configmaps/a` is in the namespace `one`, `two:configmaps/a` in the
    namespace `two`, and `*:configmaps` is in all of them. `{one}`, `{two}` and `{group}` are replaced in paths.

    Args:
        backend: The server.
        group: The API group of the custom resources; by default, a new one.
    """

    def __init__(self, backend: Backend, group: str = "") -> None:
        self._backend = backend
        self.exchanges: list[Exchange] = []
        token = f"c{uuid.uuid4().hex[:10]}"
        self.one, self.two = f"{token}-1", f"{token}-2"
        self.group = group or f"{token}.example.com"
        self._set_up()

    @property
    def names(self) -> dict[str, str]:
        """The names that differ in each run, and their names in transcripts."""
        return {self.one: "one", self.two: "two", self.group: CUSTOM_GROUP}

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request and return the body of the response, decoded if it is JSON.

        Args:
            method: The HTTP method.
            path: The path, as the class describes it.
            body: Bytes and text as they are, anything else as JSON.
            headers: Headers in addition to the usual ones.
            query: Names and values.
        """
        target = self._target(path, query or {})
        content = _content(body)
        sent = {"Accept": "application/json", "User-Agent": USER_AGENT}
        sent |= {"Content-Type": "application/json"} if content else {}
        raw = self._backend.send(method, target, {**sent, **(headers or {})}, content)
        exchange = Exchange.of(_title(method, target, headers), raw)
        self.exchanges.append(exchange)
        return exchange.body

    def get(self, path: str, /, **query: Any) -> Any:
        """Read an object or a list."""
        return self.send("GET", path, query=query)

    def post(self, path: str, body: Any, /, **query: Any) -> Any:
        """Create an object."""
        return self.send("POST", path, body, query=query)

    def put(self, path: str, body: Any, /, **query: Any) -> Any:
        """Replace an object."""
        return self.send("PUT", path, body, query=query)

    def patch(self, path: str, body: Any, kind: str = "merge", /, **query: Any) -> Any:
        """Patch an object; the kind is one of `PATCHES`, or a Content-Type."""
        return self.send("PATCH", path, body, headers={"Content-Type": PATCHES.get(kind, kind)}, query=query)

    def apply(self, path: str, body: Any, manager: str = "first", /, **query: Any) -> Any:
        """Apply a configuration; `force=True` is possible."""
        return self.patch(path, body, "apply", fieldManager=manager, **query)

    def delete(self, path: str, body: Any = None, /, **query: Any) -> Any:
        """Delete an object or a collection; the body contains DeleteOptions."""
        return self.send("DELETE", path, body, query=query)

    def watch(self, path: str, events: int, /, **query: Any) -> Any:
        """Watch until a number of events arrived, and return them."""
        with self.watching(path, **query) as watching:
            return watching.take(events)

    @contextmanager
    def watching(self, path: str, /, **query: Any) -> Iterator[Watching]:
        """Hold a watch open; its events are read by `take`."""
        target = self._target(path, {"watch": "true", **query})
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
        with self._backend.open(target, headers) as reading:
            yield Watching(self, _title("GET", target, None), reading)

    def define(self, definition: Any) -> Any:
        """Create a CustomResourceDefinition and wait until its kinds are served. Only the creation is recorded."""
        made = self.post("customresourcedefinitions", definition)
        spec = definition["spec"]
        served = next(version["name"] for version in spec["versions"] if version["served"])
        self._backend.await_resource(f"/apis/{spec['group']}/{served}", spec["names"]["plural"])
        return made

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Leave the requests of a block out of the transcript."""
        count = len(self.exchanges)
        yield
        del self.exchanges[count:]

    def compact(self) -> None:
        """Forget the history, so that old versions have expired."""
        self._backend.compact()

    def wait(self, seconds: float) -> None:
        """Let the time of the server pass."""
        self._backend.wait(seconds)

    def _target(self, path: str, query: Mapping[str, Any]) -> str:
        for name in ("one", "two", "group"):
            path = path.replace(f"{{{name}}}", getattr(self, name))
        target = full_path(path, self.one, self.two, self.group)
        pairs = [(name, _text(value)) for name, value in query.items() if value is not None]
        return f"{target}?{urlencode(pairs)}" if pairs else target

    def _set_up(self) -> None:
        with self.unrecorded():
            for namespace in (self.one, self.two):
                self.post("namespaces", {"metadata": {"name": namespace}})
                self.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})


class Watching:
    """An open watch.

    Args:
        wire: The case.
        title: The request as the transcript names it.
        reading: The stream of the response.
    """

    def __init__(self, wire: Wire, title: str, reading: Reading) -> None:
        self._wire = wire
        self._title = title
        self._reading = reading

    def take(self, events: int) -> Any:
        """Read a number of events; the transcript contains fewer if the watch ends, or stays idle."""
        exchange = Exchange.of_events(self._title, self._reading, events)
        self._wire.exchanges.append(exchange)
        return exchange.body

    def take_until(self, is_last: Callable[[Any], bool], most: int) -> Any:
        """Read the events up to a certain one.

        Args:
            is_last: Whether an event is the last one to read.
            most: The largest number of events.
        """
        exchange = Exchange.of_events(self._title, self._reading, 0)
        if exchange.code == 200:
            for _ in range(most):
                lines = [parsed(line) for line in self._reading.lines(1)]
                exchange.body += lines
                if not lines or is_last(lines[0]):
                    break
        self._wire.exchanges.append(exchange)
        return exchange.body


def _content(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _title(method: str, target: str, headers: Mapping[str, str] | None) -> str:
    shown = [f" [{name}: {value}]" for name, value in (headers or {}).items()]
    return f"{method} {target}{''.join(shown)}"
