"""Conformance cases: one revision for all kinds, old states, and their end by a compaction."""

from __future__ import annotations

from typing import Any

from tests.conformance.bodies import config_map
from tests.conformance.cases import case
from tests.conformance.wire import Wire


@case("lists and watches of a kind do not contain the changes of others")
def kinds_apart(wire: Wire) -> None:
    made = [wire.post("configmaps", config_map(name)) for name in "abc"]
    wire.post("secrets", {"metadata": {"name": "b"}})
    first = wire.get("configmaps", limit=1)
    wire.patch("secrets/b", {"metadata": {"labels": {"x": "1"}}})
    wire.post("secrets", {"metadata": {"name": "c"}})
    wire.patch("configmaps/c", {"data": {"k": "2"}})
    wire.get("configmaps", **{"continue": first["metadata"]["continue"]})
    wire.get("configmaps", resourceVersion=made[1]["metadata"]["resourceVersion"], resourceVersionMatch="Exact")
    wire.watch("configmaps", 2, resourceVersion=made[1]["metadata"]["resourceVersion"])
    wire.watch("*:configmaps", 2, resourceVersion=made[1]["metadata"]["resourceVersion"])
    latest = wire.get("configmaps")["metadata"]["resourceVersion"]
    with wire.watching("configmaps", resourceVersion=latest) as watching:
        wire.patch("secrets/b", {"metadata": {"labels": {"x": "2"}}})
        wire.patch("configmaps/b", {"data": {"k": "3"}})
        watching.take(1)


@case("old versions expire by a compaction: the server keeps no other copies of Events")
def compaction(wire: Wire) -> None:
    made = [wire.post("events", _event(name, wire.one)) for name in "abcd"]
    first = wire.get("events", limit=1)
    wire.patch("events/c", {"count": 2})
    wire.compact()
    version = made[0]["metadata"]["resourceVersion"]
    expired = wire.get("events", limit=1, **{"continue": first["metadata"]["continue"]})
    token = expired["metadata"]["continue"]
    second = wire.get("events", limit=1, **{"continue": token})
    wire.get("events", limit=1, **{"continue": second["metadata"]["continue"]})
    wire.get("events", resourceVersion=version, resourceVersionMatch="Exact")
    wire.get("events", resourceVersion=version, limit=1)
    wire.get("events", resourceVersion=version)
    wire.watch("events", 1, resourceVersion=version)
    changed = wire.patch("events/d", {"count": 3})
    wire.delete("events/d")
    wire.watch("events", 1, resourceVersion=changed["metadata"]["resourceVersion"])


def _event(name: str, namespace: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "p"},
        "reason": "Seen",
        "count": 1,
    }


@case("a watch with bookmarks sends one before its timeout")
def bookmarks(wire: Wire) -> None:
    version = wire.post("configmaps", config_map())["metadata"]["resourceVersion"]
    with wire.watching("configmaps", allowWatchBookmarks=True, resourceVersion=version, timeoutSeconds=4) as watching:
        wire.patch("configmaps/a", {"data": {"k": "2"}})
        wire.wait(5)
        watching.take(2)  # A real server may send more than one bookmark.
    with wire.watching("configmaps", resourceVersion=version, timeoutSeconds=1) as watching:
        wire.wait(2)
        watching.take(5)
