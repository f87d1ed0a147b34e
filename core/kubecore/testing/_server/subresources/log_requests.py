"""Requests for the log of a container."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from kubecore.testing._schemas.go_scalars import read_time
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import Cause, invalid
from kubecore.testing._server.logs import Line, Logs, LogStream, has_ended
from kubecore.testing._server.options import bad_request, number_in, truth_in
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State, not_found

__all__ = ["LogRequests"]

_TEXT: Final = ("content-type", "text/plain")
_SINCE: Final = "at most one of `sinceTime` or `sinceSeconds` may be specified"


class _Options(NamedTuple):
    """Options of a request for a log.

    Attributes:
        container: The container, or "".
        is_followed: Whether the body contains lines of the future.
        is_previous: Whether the log is that of the container before its restart.
        has_times: Whether each line begins with its time.
        tail: The number of lines at the end, None for all.
        most: The number of bytes, None for all.
        since: The time of the first line, None for all.
    """

    container: str
    is_followed: bool
    is_previous: bool
    has_times: bool
    tail: int | None
    most: int | None
    since: datetime | None

    @classmethod
    def of(cls, received: Received, now: datetime) -> _Options:
        """Read the options of a request.

        Raises:
            RequestError: They can't be read, or are invalid.
        """
        query = dict(received.query)
        numbers = {name: number_in(query, name) for name in ("tailLines", "limitBytes", "sinceSeconds")}
        at = _time(query["sinceTime"]) if query.get("sinceTime") else None
        causes = list(_causes(numbers, query, at))
        if causes:
            raise invalid("", "PodLogOptions", received.name, causes)
        seconds = numbers["sinceSeconds"]
        return cls(
            container=query.get("container", ""),
            is_followed=bool(truth_in(query, "follow")),
            is_previous=bool(truth_in(query, "previous")),
            has_times=bool(truth_in(query, "timestamps")),
            tail=numbers["tailLines"],
            most=numbers["limitBytes"],
            since=now - timedelta(seconds=seconds) if seconds is not None else at,
        )

    def shaped(self, lines: Iterable[Line]) -> bytes:
        """Return lines as the response contains them."""
        found = [line for line in lines if self.since is None or line[0] >= self.since]
        if not self.has_times:
            return b"".join(line for _, line in found)
        return b"".join(f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond * 1000:09d}Z ".encode() + line for at, line in found)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(read_time(text))
    except ValueError as error:
        raise bad_request(str(error)) from None


def _causes(numbers: dict[str, int | None], query: dict[str, str], at: datetime | None) -> Iterator[Cause]:
    for name, least, text in (
        ("tailLines", 0, "must be greater than or equal to 0"),
        ("limitBytes", 1, "must be greater than 0"),
        ("sinceSeconds", 1, "must be greater than 0"),
    ):
        value = numbers[name]
        if name == "sinceSeconds" and value is not None and at is not None:
            yield Cause("FieldValueForbidden", f"Forbidden: {_SINCE}", "[]")
        elif value is not None and value < least:
            yield Cause("FieldValueInvalid", f"Invalid value: {value}: {text}", name)
    if "stream" in query:
        yield Cause("FieldValueForbidden", "Forbidden: may not be specified", "stream")


class LogRequests:
    """Responds with the logs that a test has set.

    Args:
        logs: The logs.
    """

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def respond(self, state: State, resource: Resource, received: Received) -> Reply:
        """Return the log of a container.

        Raises:
            RequestError: The server refuses it, or no log was set.
        """
        record = state.find(resource, received.namespace, received.name)
        options = _Options.of(received, state.now())
        pod = record.document()
        container = _container(pod, options.container)
        name = received.name
        lines = self._logs.lines(received.namespace, name, container)
        if lines is None or options.is_previous:
            return _without_log(state, resource, pod, container, is_previous=options.is_previous)
        shown = lines if options.tail is None else lines[len(lines) - min(options.tail, len(lines)) :]
        if not options.is_followed or has_ended(record.content):
            return Reply(code=200, headers=[_TEXT], content=options.shaped(shown)[: options.most])
        stream = LogStream(_shape(options), options.most)
        stream.add(shown)
        self._logs.follow(received.namespace, name, container, stream)
        return Reply(code=200, headers=[_TEXT], stream=stream)


def _shape(options: _Options) -> Callable[[Iterable[Line]], bytes]:
    return options.shaped


def _container(pod: dict[str, Any], wanted: str) -> str:
    """Return the container whose log is requested.

    Raises:
        RequestError: 400, there are several, or none has the name.
    """
    spec, name = map_at(pod, "spec"), pod["metadata"]["name"]
    own = [each["name"] for each in items_at(spec, "containers")]
    names = [each["name"] for each in items_at(spec, "initContainers")] + own
    names += [each["name"] for each in items_at(spec, "ephemeralContainers")]
    if not wanted and len(own) == 1:
        return str(own[0])
    if not wanted:
        shown = " ".join(names)
        raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{shown}]")
    if wanted not in names:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def _without_log(state: State, resource: Resource, pod: dict[str, Any], container: str, *, is_previous: bool) -> Reply:
    """Return the response for a container without a log.

    Raises:
        RequestError: 404, the node is missing; 400, the container has not begun.
    """
    node, name = map_at(pod, "spec").get("nodeName"), pod["metadata"]["name"]
    if not node:
        return Reply(code=204, headers=[])
    if state.store.get(("", "nodes"), ("", node)) is None and not is_previous:
        raise not_found(resource, node)
    if is_previous:
        raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating')
