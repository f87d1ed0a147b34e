"""Cases of events, which two API groups have: core/v1 and events.k8s.io/v1."""

from __future__ import annotations

from typing import Any, Final

from tests.conformance.bodies import with_metadata
from tests.conformance.cases import case
from tests.conformance.wire import Wire

NEW: Final = "/apis/events.k8s.io/v1/namespaces/{one}/events"
TIME: Final = "2026-01-02T03:04:05.678901Z"


def old_event(name: str, namespace: str, **fields: Any) -> dict[str, Any]:
    """Return an event as programs wrote it before events.k8s.io."""
    return {
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "p", "uid": "1", "apiVersion": "v1"},
        "reason": "Seen",
        "message": "it was seen",
        "source": {"component": "kubelet", "host": "n"},
        "firstTimestamp": "2026-01-02T03:04:05Z",
        "lastTimestamp": "2026-01-02T03:04:06Z",
        "count": 2,
        "type": "Normal",
        **fields,
    }


def new_event(name: str, namespace: str, **fields: Any) -> dict[str, Any]:
    """Return an event of events.k8s.io."""
    return {
        "metadata": {"name": name},
        "regarding": {"kind": "Pod", "namespace": namespace, "name": "p", "uid": "1"},
        "related": {"kind": "Node", "name": "n"},
        "reason": "Seen",
        "action": "Look",
        "note": "it was seen",
        "type": "Warning",
        "eventTime": TIME,
        "reportingController": "example.com/c",
        "reportingInstance": "c-1",
        **fields,
    }


@case("both groups of events read the same objects")
def groups(wire: Wire) -> None:
    series = {"count": 3, "lastObservedTime": TIME}
    wire.post("events", old_event("a", wire.one))
    wire.post("events", old_event("b", wire.one, reportingComponent="example.com/c", series=series, eventTime=TIME))
    wire.post("events", {"metadata": {"name": "c"}, "involvedObject": {"namespace": wire.one}})
    wire.post(NEW, new_event("d", wire.one))
    wire.post(NEW, new_event("e", wire.one, series=series))
    for name in "abcde":
        wire.get(f"events/{name}")
        wire.get(f"{NEW}/{name}")
    wire.get("events")
    wire.get(NEW)
    wire.get("*:events", fieldSelector=f"involvedObject.namespace={wire.one}")
    for fields in ("reason=Seen", "type=Warning", "reportingComponent=example.com/c", "source=kubelet"):
        wire.get("events", fieldSelector=fields)
        wire.get(NEW, fieldSelector=fields)
    for fields in ("regarding.name=p", "involvedObject.name=p", "reportingController=example.com/c", "note=x"):
        wire.get("events", fieldSelector=fields)
        wire.get(NEW, fieldSelector=fields)


@case("watches of both groups of events see the same changes")
def group_watches(wire: Wire) -> None:
    first = wire.post("events", old_event("a", wire.one))
    wire.post(NEW, new_event("b", wire.one))
    wire.patch("events/a", {"count": 3})
    wire.patch(f"{NEW}/b", {"series": {"count": 3, "lastObservedTime": TIME}})
    wire.delete(f"{NEW}/a")
    wire.delete("events/b")
    version = first["metadata"]["resourceVersion"]
    for path in ("events", NEW):
        wire.watch(path, 5, resourceVersion=version)
        wire.watch(path, 3, resourceVersion=version, fieldSelector="reason=Seen,metadata.name=b")


@case("changes of events through the other group")
def group_writes(wire: Wire) -> None:
    wire.post("events", old_event("a", wire.one))
    wire.post(NEW, new_event("b", wire.one))
    wire.post("events", old_event("b", wire.one))
    wire.post(NEW, new_event("a", wire.one))
    wire.put(f"{NEW}/a", wire.get(f"{NEW}/a"))
    wire.put("events/b", wire.get("events/b"))
    wire.patch("events/b", {"metadata": {"labels": {"a": "b"}}}, dryRun="All")
    wire.patch("events/b", {"count": 5}, dryRun="All")
    wire.patch(f"{NEW}/b", {"metadata": {"labels": {"a": "b"}}}, dryRun="All")
    wire.patch(f"{NEW}/a", {"metadata": {"labels": {"a": "b"}}}, dryRun="All")
    wire.delete("events", dryRun="All")
    wire.delete(NEW, dryRun="All")
    wire.delete(NEW)
    wire.get("events")


@case("kinds of bodies of events")
def group_bodies(wire: Wire) -> None:
    wire.post("events", {**new_event("a", wire.one), "kind": "Event", "apiVersion": "events.k8s.io/v1"})
    wire.post(NEW, {**old_event("a", wire.one), "kind": "Event", "apiVersion": "v1"})
    wire.post(NEW, old_event("a", wire.one), fieldValidation="Strict")
    wire.post(NEW, new_event("a", wire.one, deprecatedCount=2, deprecatedSource={"component": "x"}))
    times = {"deprecatedFirstTimestamp": TIME, "deprecatedLastTimestamp": TIME}
    wire.post(NEW, new_event("a", wire.one, **times))
    wire.post(
        NEW, new_event("a", wire.one, **times, deprecatedCount=1, deprecatedSource={"host": "x"}, note="x" * 1025)
    )
    wire.post(NEW, with_metadata(new_event("b", wire.one, eventTime=None), namespace=wire.one))
    wire.post(NEW, new_event("b", wire.two))
