"""Recorders of threads and tasks: the moments of writing, wrong arguments, and the end."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import anyio
import anyio.to_thread
import httpx
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1, meta_v1
from kubecore import metrics, rest
from kubecore.clocks import FakeClock
from kubecore.errors import InvalidRequestError
from kubecore.recorder import AsyncRecorder, Limits, Recorder, async_recorder, delivery, recorder
from tests.ready import PATIENCE, wait_until, wait_until_async

CONFIG: Final = rest.Config(host="http://h", max_retries=0)
POD: Final = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="web-0", namespace="shop", uid="uid-1"))
KINDS: Final = ("sync", "asyncio", "trio")

kinds = pytest.mark.parametrize("kind", KINDS)


class Server:
    """Stores events. Requests wait while `is_open` is not set."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.events: dict[str, dict[str, Any]] = {}
        self.status = 200
        self.is_open = threading.Event()
        self.is_open.set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        assert self.is_open.wait(PATIENCE)
        return self.respond(request)

    async def asynchronous(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await wait_until_async(self.is_open.is_set)
        return self.respond(request)

    def respond(self, request: httpx.Request) -> httpx.Response:
        if self.status != 200:
            status = {"kind": "Status", "status": "Failure", "code": self.status, "reason": "Forbidden"}
            return httpx.Response(self.status, json=status)
        body = json.loads(request.read())
        if request.method == "POST":
            self.events[body["metadata"]["name"]] = body
        else:
            self.events[request.url.path.rpartition("/")[2]].update(body)
        return httpx.Response(200, json=body)

    @property
    def counts(self) -> dict[str, int]:
        """The counts of all events, by reason."""
        return {event["reason"]: event.get("series", {}).get("count", 1) for event in self.events.values()}


def run(kind: str, server: Server, use: Callable[[Any], Any], **options: Any) -> Any:
    """Call a function in the block of a recorder: in a worker thread if the recorder is asynchronous."""
    if kind == "sync":
        with (
            httpx.Client(transport=httpx.MockTransport(server)) as client,
            Clientset(CONFIG, http_client=client) as clientset,
            Recorder(clientset, "op", "op-1", **options) as recording,
        ):
            use(recording)
        return recording

    async def main() -> Any:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(server.asynchronous)) as client,
            AsyncClientset(CONFIG, http_client=client) as clientset,
            AsyncRecorder(clientset, "op", "op-1", **options) as recording,
        ):
            await anyio.to_thread.run_sync(use, recording)
        return recording

    return anyio.run(main, backend=kind)


@contextmanager
def short_flush(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (async_recorder, recorder, delivery):
        monkeypatch.setattr(module, "FLUSH_SECONDS", 0.05)
    yield


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "kubecore-recorder"]


@kinds
def test_events_are_written_while_the_block_runs(kind: str) -> None:
    server = Server()

    def use(recording: Any) -> None:
        recording.normal(POD, "Scaled", "to 3", action="Scale")
        wait_until(lambda: server.counts == {"Scaled": 1})
        recording.normal(POD, "Scaled", "to 4", action="Scale")
        wait_until(lambda: server.counts == {"Scaled": 2})
        recording.warning(POD, "Failed", "no quota", related={"apiVersion": "v1", "kind": "Node", "name": "n"})
        wait_until(lambda: server.counts == {"Scaled": 2, "Failed": 1})

    run(kind, server, use)
    failed = next(event for event in server.events.values() if event["reason"] == "Failed")
    assert failed["type"] == "Warning"
    assert failed["action"] == "Reconcile"
    assert failed["related"] == {"apiVersion": "v1", "kind": "Node", "name": "n"}
    assert (failed["reportingController"], failed["reportingInstance"]) == ("op", "op-1")


@kinds
def test_events_are_written_at_the_end_of_the_block(kind: str) -> None:
    server = Server()

    def use(recording: Any) -> None:
        for _ in range(7):
            recording.normal(POD, "Scaled", "to 3")

    recording = run(kind, server, use)
    assert server.counts == {"Scaled": 7}
    assert recording.dropped == 0
    assert threads() == []


@kinds
def test_reporting_never_waits_for_the_server(kind: str) -> None:
    server = Server()
    server.is_open.clear()

    def use(recording: Any) -> None:
        recording.normal(POD, "First", "")
        wait_until(lambda: server.requests)
        for _ in range(10_000):
            recording.normal(POD, "Scaled", "to 3")
        assert len(server.requests) == 1
        server.is_open.set()

    run(kind, server, use)
    assert server.counts == {"First": 1, "Scaled": 10_000}


@kinds
def test_many_threads_report_and_nothing_is_lost(kind: str) -> None:
    server = Server()

    def use(recording: Any) -> None:
        def work() -> None:
            for number in range(500):
                recording.normal(POD, f"Reason{number % 5}", "")

        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    run(kind, server, use)
    assert server.counts == {f"Reason{number}": 800 for number in range(5)}


@pytest.mark.parametrize("kind", KINDS[1:])
def test_tasks_of_the_event_loop_report(kind: str) -> None:
    server = Server()

    async def main() -> None:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(server.asynchronous)) as client,
            AsyncClientset(CONFIG, http_client=client) as clientset,
            AsyncRecorder(clientset, "op") as recording,
        ):
            recording.normal(POD, "Scaled", "to 3")
            await wait_until_async(lambda: server.events)

    anyio.run(main, backend=kind)
    assert server.counts == {"Scaled": 1}


@kinds
def test_wrong_arguments_are_logged_and_counted_and_do_not_raise(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise ValueError("no text")

    server = Server()
    registry = metrics.Registry()

    def use(recording: Any) -> None:
        recording.normal(None, "Scaled", "")
        recording.normal(POD, "Scaled", Unprintable())
        recording.normal(POD, "Scaled", "", related="a pod")
        recording.normal(POD, "", "empty")
        recording.normal(POD, None, "nothing")
        recording.normal(POD, "Other", 7, action="")

    with caplog.at_level(logging.WARNING, "kubecore"):
        recording = run(kind, server, use, registry=registry)
    assert recording.dropped == 3
    assert 'kubecore_events_dropped_total{controller="op"} 3' in registry.text()
    assert server.counts == {"Reconcile": 2, "Other": 1}
    assert {event["note"] for event in server.events.values()} == {"empty", "7"}
    assert all(event["action"] == "Reconcile" for event in server.events.values())
    assert "an event can't be reported ('Scaled'): an event is about a model" in caplog.text
    assert "the reason of an event must be a text that is not empty, not ''; 'Reconcile' is used instead" in caplog.text


@kinds
def test_long_texts_are_cut(kind: str) -> None:
    server = Server()

    def use(recording: Any) -> None:
        recording.normal(POD, "R" * 500, "é" * 5000, action="ä" * 100)

    run(kind, server, use)
    (event,) = server.events.values()
    assert (event["reason"], event["action"], event["note"]) == ("R" * 128, "ä" * 64, "é" * 512)


@kinds
def test_a_strict_recorder_refuses_wrong_arguments(kind: str) -> None:
    def use(recording: Any) -> None:
        with pytest.raises(InvalidRequestError, match="has no name"):
            recording.normal(core_v1.Pod(), "Scaled", "")
        with pytest.raises(InvalidRequestError, match="the reason of an event must be a text that is not empty"):
            recording.normal(POD, "", "")
        with pytest.raises(InvalidRequestError, match="the action of an event must be a text that is not empty"):
            recording.warning(POD, "Scaled", "", action="")

    recording = run(kind, Server(), use, strict=True)
    assert recording.dropped == 0


@kinds
def test_events_before_the_block_are_written_and_those_after_it_are_dropped(kind: str) -> None:
    server = Server()
    if kind == "sync":
        with (
            httpx.Client(transport=httpx.MockTransport(server)) as client,
            Clientset(CONFIG, http_client=client) as clientset,
        ):
            synchronous = Recorder(clientset, "op")
            synchronous.normal(POD, "Before", "")
            with synchronous:
                pass
            synchronous.normal(POD, "After", "")
            with pytest.raises(InvalidRequestError, match="a recorder can be started once"), synchronous:
                pass
            assert synchronous.dropped == 1
    else:

        async def main() -> None:
            async with (
                httpx.AsyncClient(transport=httpx.MockTransport(server.asynchronous)) as client,
                AsyncClientset(CONFIG, http_client=client) as clientset,
            ):
                recording = AsyncRecorder(clientset, "op")
                recording.normal(POD, "Before", "")
                async with recording:
                    pass
                recording.normal(POD, "After", "")
                with pytest.raises(InvalidRequestError, match="a recorder can be started once"):
                    async with recording:
                        pass
                assert recording.dropped == 1

        anyio.run(main, backend=kind)
    assert server.counts == {"Before": 1}


@kinds
def test_an_exception_of_the_block_is_not_wrapped_and_events_are_written(kind: str) -> None:
    server = Server()

    def use(recording: Any) -> None:
        recording.normal(POD, "Scaled", "")
        raise LookupError("of the block")

    with pytest.raises(LookupError, match="of the block"):
        run(kind, server, use)
    assert server.counts == {"Scaled": 1}
    assert threads() == []


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_cancelled_block_writes_its_events(kind: str) -> None:
    server = Server()

    async def main() -> None:
        with anyio.CancelScope() as scope:
            async with (
                httpx.AsyncClient(transport=httpx.MockTransport(server.asynchronous)) as client,
                AsyncClientset(CONFIG, http_client=client) as clientset,
                AsyncRecorder(clientset, "op") as recording,
            ):
                recording.normal(POD, "Scaled", "")
                scope.cancel()
                await anyio.sleep_forever()

    anyio.run(main, backend=kind)
    assert server.counts == {"Scaled": 1}


@kinds
def test_a_server_that_does_not_respond_delays_the_end_only_for_a_time(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server()
    server.is_open.clear()

    def use(recording: Any) -> None:
        for _ in range(3):
            recording.normal(POD, "Scaled", "")
        recording.normal(POD, "Other", "")
        wait_until(lambda: server.requests)

    with short_flush(monkeypatch), caplog.at_level(logging.WARNING, "kubecore"):
        recording = run(kind, server, use)
    assert recording.dropped == 4
    assert "4 events were not written at the end" in caplog.text
    server.is_open.set()
    wait_until(lambda: threads() == [])
    assert recording.dropped == 4


@kinds
def test_a_clientset_that_was_closed_before_drops_events_without_an_error(kind: str) -> None:
    registry = metrics.Registry()
    config = rest.Config(host="http://127.0.0.1:1", max_retries=0)
    if kind == "sync":
        clientset = Clientset(config)
        with Recorder(clientset, "op", registry=registry) as recording:
            clientset.close()
            recording.normal(POD, "Scaled", "")
    else:

        async def main() -> None:
            clientset = AsyncClientset(config)
            async with AsyncRecorder(clientset, "op", registry=registry) as recording:
                await clientset.aclose()
                recording.normal(POD, "Scaled", "")

        anyio.run(main, backend=kind)
    assert 'kubecore_events_dropped_total{controller="op"} 1' in registry.text()


@kinds
def test_events_that_are_refused_are_dropped(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    server = Server()
    server.status = 403
    with caplog.at_level(logging.WARNING, "kubecore"):
        recording = run(
            kind, server, lambda recording: [recording.normal(POD, f"Reason{number}", "") for number in range(9)]
        )
    assert recording.dropped == 9
    assert len(caplog.records) == 1


@kinds
def test_a_signal_handler_that_interrupts_the_recorder_reports_without_a_deadlock(kind: str) -> None:
    server = Server()
    recordings: list[Any] = []

    class Dropped(metrics.Counter):
        def inc(self, amount: float = 1.0) -> None:  # Runs inside of the lock, as a signal handler may.
            if recordings[0].dropped == 1:
                recordings[0].normal({"apiVersion": "v1", "kind": "Node", "name": "node-1"}, "Interrupting", "")
                recordings[0].normal("not an object", "Interrupting", "")

    registry = metrics.Registry()
    family = registry.counter(
        "kubecore_events_dropped_total", "Events that were reported and not written.", ["controller"]
    )
    family._metrics["op",] = Dropped()

    def use(recording: Any) -> None:
        recordings.append(recording)
        for number in range(2):
            recording.normal(POD, f"Reason{number}", "")

    limits = Limits(burst=1)
    worker = threading.Thread(
        target=run, args=(kind, server, use), kwargs={"registry": registry, "limits": limits}, daemon=True
    )
    worker.start()
    worker.join(PATIENCE)
    assert not worker.is_alive()
    assert server.counts == {"Reason0": 1, "Interrupting": 1}


@kinds
def test_arguments_whose_text_raises_are_logged(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise ValueError("no text")

    with caplog.at_level(logging.WARNING, "kubecore"):
        recording = run(kind, Server(), lambda recording: recording.normal(POD, cast("str", Broken()), ""))
    assert recording.dropped == 1
    assert "no text" in caplog.text


def test_the_default_instance_is_the_controller_and_the_host() -> None:
    import socket

    server = Server()
    with httpx.Client(transport=httpx.MockTransport(server)) as client:
        clientset = Clientset(CONFIG, http_client=client)
        with Recorder(clientset, "shop.example.com/op") as recording:
            recording.normal(POD, "Scaled", "")
    (event,) = server.events.values()
    assert event["reportingInstance"] == f"shop.example.com/op-{socket.gethostname()}"[:128]


def test_an_invalid_name_of_a_controller_is_refused_at_once() -> None:
    with pytest.raises(InvalidRequestError, match="invalid name of a controller"):
        Recorder(Clientset(CONFIG), "not valid")


def test_a_recorder_runs_on_a_clock_that_is_given() -> None:
    server = Server()
    clock = FakeClock()
    with (
        httpx.Client(transport=httpx.MockTransport(server)) as client,
        Clientset(CONFIG, http_client=client) as clientset,
        Recorder(clientset, "op", clock=clock, chance=lambda: 0.0) as recording,
    ):
        recording.normal(POD, "Scaled", "")
    (event,) = server.events.values()
    assert event["eventTime"] == "2026-01-01T00:00:00.000000Z"
    assert event["metadata"]["name"].endswith("00000")
