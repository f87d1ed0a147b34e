"""Sends the requests of a random history."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.conformance.bodies import with_metadata
from tests.conformance.history_kinds import change_of, object_of, status_of
from tests.conformance.wire import Wire

if TYPE_CHECKING:
    from tests.conformance.histories import Step

__all__ = ["Player"]

_LAST: Final = "z"
"""The name of the object whose event is the last one that is read of a watch; no other object is behind it in a list."""

_FINALIZERS: Final = (["example.com/one"], ["example.com/one", "example.com/two"], ["orphan"], None)
_POLICIES: Final = (None, None, "Background", "Foreground", "Orphan")
_MOST_EVENTS: Final = 200


@dataclass
class Player:
    """Sends steps to one server. It draws from the objects and versions that the server sent before.

    Attributes:
        wire: The requests.
        versions: The versions of the objects that were written.
        objects: All received states of each object.
    """

    wire: Wire
    versions: list[str] = field(default_factory=list)
    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def send(self, step: Step) -> None:
        """Send the requests of a step."""
        chance = random.Random(step.draw)
        path = f"{step.place}{step.plural}"
        whole = f"{path}/{step.name}"
        options: dict[str, Any] = {"fieldManager": step.manager}
        if chance.random() < 0.1:
            options["dryRun"] = "All"
        if chance.random() < 0.15:
            options["fieldValidation"] = chance.choice(("Strict", "Ignore", "Warn"))
        match step.verb:
            case "get":
                self._seen(whole, self.wire.get(whole))
            case "list":
                self._list(path, step, chance)
            case "delete":
                self._delete(whole, chance)
            case "delete collection":
                selector = chance.choice((f"{step.manager}=1", f"{step.manager}!=1", f"{step.manager} in (0,2)"))
                policy = chance.choice(_POLICIES)
                self.wire.delete(path, labelSelector=selector, gracePeriodSeconds=0, propagationPolicy=policy)
            case "watch":
                self._watch(path, step, chance)
            case _:
                found = self._write(path, whole, step, chance, options)
                if "dryRun" not in options:
                    self._seen(whole, found)

    def _write(self, path: str, whole: str, step: Step, chance: random.Random, options: dict[str, Any]) -> Any:
        wire, labels = self.wire, {step.manager: str(chance.randrange(3))}
        body = object_of(step.plural, step.name, wire.group, labels, chance)
        match step.verb:
            case "create":
                if chance.random() < 0.1:
                    body = with_metadata(body, finalizers=chance.choice(_FINALIZERS[:2]))
                return wire.post(path, body, **options)
            case "update":
                return self._update(whole, body, chance, options)
            case "merge" | "strategic":
                change = {"metadata": {"labels": labels}, **change_of(step.plural, chance)}
                if chance.random() < 0.1:
                    change["metadata"]["resourceVersion"] = self._version(chance)
                return wire.patch(whole, change, step.verb, **options)
            case "json":
                kind, value = chance.choice(("add", "replace", "remove", "test")), {"value": labels}
                operation = {"op": kind, "path": "/metadata/labels", **({} if kind == "remove" else value)}
                return wire.patch(whole, [operation], "json", **options)
            case "apply":
                return wire.patch(whole, body, "apply", force=chance.random() < 0.3, **options)
            case "status":
                return self._status(whole, step, chance, options)
            case "scale":
                return self._scale(whole, chance, options)
            case _:
                return wire.patch(whole, {"metadata": {"finalizers": chance.choice(_FINALIZERS)}}, "merge", **options)

    def _seen(self, whole: str, found: Any) -> None:
        """Remember a received object."""
        if (
            isinstance(found, dict)
            and found.get("kind") not in ("Status", "Scale")
            and "uid" in found.get("metadata", {})
        ):
            self.objects.setdefault(whole, []).append(found)
            self.versions.append(found["metadata"]["resourceVersion"])

    def _version(self, chance: random.Random) -> str | None:
        return chance.choice(self.versions) if self.versions else None

    def _update(self, whole: str, body: dict[str, Any], chance: random.Random, options: dict[str, Any]) -> Any:
        """Replace an object, mostly in its newest state, sometimes in one that is not, or without a version."""
        known = self.objects.get(whole, [])
        found = chance.choice(known) if known and chance.random() < 0.2 else self.wire.get(whole)
        if isinstance(found, dict) and found.get("kind") != "Status" and chance.random() < 0.7:
            body = {**found, **{name: value for name, value in body.items() if name != "metadata"}}
        return self.wire.put(whole, body, **options)

    def _status(self, whole: str, step: Step, chance: random.Random, options: dict[str, Any]) -> Any:
        status = {"status": status_of(step.plural, chance)}
        if chance.random() < 0.6:
            return self.wire.patch(f"{whole}/status", status, "merge", **options)
        found = self.wire.get(f"{whole}/status")
        if not isinstance(found, dict) or found.get("kind") == "Status":
            return found
        labels = {**found["metadata"].get("labels", {}), step.manager: "9"}
        return self.wire.put(f"{whole}/status", {**with_metadata(found, labels=labels), **status}, **options)

    def _scale(self, whole: str, chance: random.Random, options: dict[str, Any]) -> Any:
        found = self.wire.get(f"{whole}/scale")
        spec = {"spec": {"replicas": chance.randrange(5)}}
        if isinstance(found, dict) and found.get("kind") == "Scale" and chance.random() < 0.5:
            return self.wire.put(f"{whole}/scale", {**found, **spec}, **options)
        return self.wire.patch(f"{whole}/scale", spec, "merge", **options)

    def _list(self, path: str, step: Step, chance: random.Random) -> None:
        """Read a list to its end, with a change between its pages."""
        query: dict[str, Any] = {
            "limit": chance.choice((None, 1, 2)),
            "labelSelector": chance.choice(
                (None, f"{step.manager}=1", f"!{step.manager}", f"{step.manager} notin (1)")
            ),
            "fieldSelector": chance.choice((None, None, f"metadata.name={step.name}", f"metadata.name!={step.name}")),
        }
        first = dict(query)
        if self.versions and chance.random() < 0.2:
            first |= {"resourceVersion": self._version(chance), "resourceVersionMatch": "Exact"}
        found = self.wire.get(path, **first)
        for _ in range(4):
            token = found.get("metadata", {}).get("continue") if isinstance(found, dict) else None
            if not token:
                break
            if chance.random() < 0.5:
                self.wire.patch(f"{path}/{step.name}", {"metadata": {"labels": {"page": str(chance.randrange(9))}}})
            found = self.wire.get(path, **query, **{"continue": token})

    def _delete(self, whole: str, chance: random.Random) -> None:
        query: dict[str, Any] = {
            "gracePeriodSeconds": chance.choice((0, 0, None)),
            "propagationPolicy": chance.choice(_POLICIES),
            "dryRun": "All" if chance.random() < 0.1 else None,
        }
        known = self.objects.get(whole)
        if not known or chance.random() < 0.7:
            self.wire.delete(whole, **query)
            return
        metadata, name = chance.choice(known)["metadata"], chance.choice(("uid", "resourceVersion"))
        self.wire.delete(whole, {"preconditions": {name: metadata[name]}, "gracePeriodSeconds": 0})

    def _watch(self, path: str, step: Step, chance: random.Random) -> None:
        """Watch from an earlier version, or all objects, until a change that is made before."""
        last = f"{path}/{_LAST}"
        labels = {"first": "1", "second": "1", "third": "1", "watched": str(step.draw)}
        body = object_of(step.plural, _LAST, self.wire.group, {}, random.Random(1))
        version = self._version(chance)
        if self.wire.patch(last, {"metadata": {"labels": labels}}).get("code") == 404:
            self.wire.post(path, with_metadata(body, labels={**body["metadata"].get("labels", {}), **labels}))
        query: dict[str, Any] = {
            "labelSelector": chance.choice((None, None, f"{step.manager}=1", f"{step.manager}!=0")),
            "fieldSelector": chance.choice((None, None, None, f"metadata.name!={step.name}")),
        }
        if version and chance.random() < 0.7:
            query["resourceVersion"] = version
        elif chance.random() < 0.5:
            query |= {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": True}
        with self.wire.watching(path, **query) as watching:
            is_whole = "sendInitialEvents" in query
            watching.take_until(lambda event: _is_last(event, labels, is_whole=is_whole), _MOST_EVENTS)


def _is_last(event: Any, labels: dict[str, str], *, is_whole: bool) -> bool:
    if not isinstance(event, dict) or event["type"] == "ERROR":
        return True
    if is_whole:
        return bool(event["type"] == "BOOKMARK")
    found: dict[str, Any] = event["object"]["metadata"]
    return found.get("name") == _LAST and found.get("labels", {}).get("watched") == labels["watched"]
