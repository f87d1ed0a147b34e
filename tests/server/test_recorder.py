"""Events on the real server: series, names and notes that it accepts, and refusals."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio
import anyio.to_thread
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1, events_v1
from kubecore import rest
from kubecore.recorder import AsyncRecorder, Recorder
from tests.ready import wait_until

KINDS = ("sync", "asyncio", "trio")

kinds = pytest.mark.parametrize("kind", KINDS)


def run(kind: str, config: rest.Config, use: Callable[[Any], Any]) -> Any:
    """Call a function in the block of a recorder: in a worker thread if the recorder is asynchronous."""
    if kind == "sync":
        with Clientset(config) as clientset, Recorder(clientset, "shop.example.com/op") as recorder:
            use(recorder)
        return recorder

    async def main() -> Any:
        async with AsyncClientset(config) as clientset, AsyncRecorder(clientset, "shop.example.com/op") as recorder:
            await anyio.to_thread.run_sync(use, recorder)
        return recorder

    return anyio.run(main, backend=kind)


def events(clientset: Clientset, namespace: str, about: Any) -> list[events_v1.Event]:
    """Return the events about an object, those of one reason after the other."""
    found = clientset.events_v1.events(namespace).list().items
    return sorted(
        (event for event in found if event.regarding and event.regarding.uid == about.metadata.uid),
        key=lambda event: event.reason or "",
    )


@pytest.fixture
def config_map(clientset: Clientset, namespace: str) -> core_v1.ConfigMap:
    return clientset.core_v1.config_maps(namespace).create({"metadata": {"name": "settings"}})


@kinds
def test_an_event_and_its_series_are_visible(
    kind: str, config: rest.Config, clientset: Clientset, namespace: str, config_map: core_v1.ConfigMap
) -> None:
    def use(recorder: Any) -> None:
        recorder.normal(config_map, "Copied", "to 3 namespaces", action="Copy", related=config_map)
        wait_until(lambda: events(clientset, namespace, config_map))
        (event,) = events(clientset, namespace, config_map)
        assert event.series is None
        for _ in range(2):
            recorder.normal(config_map, "Copied", "to 4 namespaces", action="Copy", related=config_map)
        wait_until(lambda: events(clientset, namespace, config_map)[0].series)

    recorder = run(kind, config, use)
    (event,) = events(clientset, namespace, config_map)
    assert event.series is not None
    assert event.series.count == 3
    assert event.event_time is not None
    assert event.series.last_observed_time >= event.event_time
    assert (event.type, event.reason, event.action, event.note) == ("Normal", "Copied", "Copy", "to 3 namespaces")
    assert event.reporting_controller == "shop.example.com/op"
    assert event.regarding is not None
    assert event.related == event.regarding
    assert (event.regarding.kind, event.regarding.name) == ("ConfigMap", "settings")
    assert recorder.dropped == 0
    # Old programs read the same events as core/v1.
    (old,) = clientset.core_v1.events(namespace).list(field_selector=f"involvedObject.uid={config_map.metadata.uid}")
    assert old.series is not None
    assert old.series.count == 3


@kinds
def test_an_event_about_a_cluster_scoped_object_is_in_the_namespace_default(
    kind: str, config: rest.Config, clientset: Clientset, namespace: str
) -> None:
    about = clientset.core_v1.namespaces().get(namespace)
    role = clientset.rbac_v1.cluster_roles().create({"metadata": {"name": f"shop:{namespace}"}, "rules": []})

    def use(recorder: Any) -> None:
        for _ in range(2):
            recorder.warning(about, "Broken", "it has no owner")
            recorder.normal(role, "Seen", "its name is not a DNS subdomain")

    assert run(kind, config, use).dropped == 0
    for thing in (about, role):
        (event,) = events(clientset, "default", thing)
        assert event.series is not None
        assert event.series.count == 2
    clientset.rbac_v1.cluster_roles().delete(role.metadata.name)


@kinds
def test_long_names_and_notes_of_many_bytes_are_accepted(
    kind: str, config: rest.Config, clientset: Clientset, namespace: str
) -> None:
    maps = clientset.core_v1.config_maps(namespace)
    names = ["a" * 253, "b" * 199 + "-" + "c" * 10, "d" * 199 + ".e", "f.g-h.1"]
    found = [maps.create({"metadata": {"name": name}}) for name in names]

    def use(recorder: Any) -> None:
        for about in found:
            recorder.normal(about, "R" * 300, "\U0001f600" * 2000, action="ä" * 300)
            recorder.normal(about, "Surrogate\ud800", "a\ud800b\0c", action="Copy")

    assert run(kind, config, use).dropped == 0
    for about in found:
        first, second = events(clientset, namespace, about)
        assert first.note == "\U0001f600" * 256
        assert second.note == "a?b\0c"


@kinds
def test_10_000_events_on_one_object_are_one_event_and_few_requests(
    kind: str, config: rest.Config, clientset: Clientset, namespace: str, config_map: core_v1.ConfigMap
) -> None:
    requests: list[str] = []
    counted = replace(config, observers=[lambda attempt: requests.append(attempt.method)])

    def use(recorder: Any) -> None:
        for _ in range(10_000):
            recorder.normal(config_map, "Copied", "again", action="Copy")

    assert run(kind, counted, use).dropped == 0
    (event,) = events(clientset, namespace, config_map)
    assert event.series is not None
    assert event.series.count == 10_000
    assert len(requests) <= 3


def test_10_000_reasons_of_one_object_are_25_events(
    config: rest.Config, clientset: Clientset, namespace: str, config_map: core_v1.ConfigMap
) -> None:
    def use(recorder: Any) -> None:
        for number in range(10_000):
            recorder.normal(config_map, f"Reason{number}", "", action="Copy")
        recorder.warning(config_map, "Failed", "", action="Copy")

    assert run("sync", config, use).dropped == 9_975
    assert len(events(clientset, namespace, config_map)) == 26


@kinds
def test_events_in_a_namespace_that_is_being_deleted_are_dropped_without_a_log(
    kind: str,
    config: rest.Config,
    clientset: Clientset,
    namespace: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    maps = clientset.core_v1.config_maps(namespace)
    kept = maps.create({"metadata": {"name": "kept", "finalizers": ["shop.example.com/kept"]}})
    clientset.core_v1.namespaces().delete(namespace)

    def use(recorder: Any) -> None:
        recorder.normal(kept, "Copied", "", action="Copy")

    try:
        with caplog.at_level(logging.WARNING, "kubecore"):
            assert run(kind, config, use).dropped == 1
        assert caplog.records == []
    finally:
        maps.patch("kept", {"metadata": {"finalizers": None}}, type="merge")


@pytest.mark.real_only("needs_certificates")
@kinds
def test_events_of_a_user_without_the_right_are_dropped_and_logged_once(
    kind: str,
    config: rest.Config,
    clientset: Clientset,
    namespace: str,
    config_map: core_v1.ConfigMap,
    caplog: pytest.LogCaptureFixture,
) -> None:
    nobody = replace(config, impersonate=rest.Impersonate(user="nobody"))

    def use(recorder: Any) -> None:
        for number in range(5):
            recorder.normal(config_map, f"Reason{number}", "", action="Copy")

    with caplog.at_level(logging.WARNING, "kubecore"):
        assert run(kind, nobody, use).dropped == 5
    (record,) = caplog.records
    assert "events.events.k8s.io is forbidden" in record.getMessage()
    assert events(clientset, namespace, config_map) == []


@kinds
def test_an_event_that_the_server_deleted_is_created_again(
    kind: str, config: rest.Config, clientset: Clientset, namespace: str, config_map: core_v1.ConfigMap
) -> None:
    def use(recorder: Any) -> None:
        recorder.normal(config_map, "Copied", "", action="Copy")
        wait_until(lambda: events(clientset, namespace, config_map))
        clientset.events_v1.events(namespace).delete_collection()
        recorder.normal(config_map, "Copied", "", action="Copy")
        wait_until(lambda: events(clientset, namespace, config_map))

    run(kind, config, use)
    (event,) = events(clientset, namespace, config_map)
    assert event.series is not None
    assert event.series.count == 2
