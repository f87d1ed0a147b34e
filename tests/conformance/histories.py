"""Random histories: both servers run the same requests, and their transcripts must be equal."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.conformance.backends import Backend
from tests.conformance.bodies import (
    config_map,
    definition,
    deployment,
    job,
    lease,
    pod,
    service,
    widget,
    with_metadata,
    workload,
)
from tests.conformance.normal import normalised
from tests.conformance.transcripts import Transcript, line
from tests.conformance.wire import Wire

NAMES: Final = ("a", "b", "c")
MANAGERS: Final = ("first", "second", "third")
PLACES: Final = ("", "two:")


@dataclass(frozen=True)
class Step:
    """One request of a history.

    Attributes:
        verb: The verb, or the kind of a patch.
        plural: The resource.
        place: The prefix of the namespace.
        name: The name of the object.
        manager: The manager of fields.
        draw: The number that decides about the rest.
    """

    verb: str
    plural: str
    place: str
    name: str
    manager: str
    draw: int


VERBS: Final = {
    "create": 5,
    "get": 2,
    "list": 2,
    "update": 3,
    "merge": 3,
    "strategic": 3,
    "json": 2,
    "apply": 5,
    "status": 2,
    "delete": 2,
    "delete collection": 1,
    "watch": 1,
}
"""The verbs and how often they are drawn."""


def history(seed: int, kinds: tuple[str, ...] = ()) -> list[Step]:
    """Draw the steps of a history.

    Args:
        seed: Equal seeds give equal histories.
        kinds: The plurals to draw from; by default, all of `KINDS`.
    """
    chance = random.Random(seed)
    chosen = chance.sample(kinds or tuple(KINDS), 2)
    return [
        Step(
            verb=chance.choices(list(VERBS), list(VERBS.values()))[0],
            plural=chance.choice(chosen),
            place=chance.choice(PLACES),
            name=chance.choice(NAMES),
            manager=chance.choice(MANAGERS),
            draw=chance.randrange(1 << 30),
        )
        for _ in range(chance.randint(5, 40))
    ]


def play(steps: list[Step], backend: Backend) -> Transcript:
    """Send the requests of a history to a server and return the transcript."""
    wire = Wire(backend)
    for plural, kind, scope in (("widgets", "Widget", "Namespaced"), ("gears", "Gear", "Cluster")):
        if any(step.plural == plural for step in steps):
            wire.define(definition(wire.group, plural=plural, kind=kind, scope=scope))
    player = _Player(wire)
    for step in steps:
        player.send(step)
    return normalised(wire.exchanges, wire.names)


def shrunk(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Return fewer steps that still fail: each is left out if the others still do."""
    number = len(steps) - 1
    while number >= 0:
        fewer = steps[:number] + steps[number + 1 :]
        if fails(fewer):
            steps = fewer
        number -= 1
    return steps


def first_difference(left: Transcript, right: Transcript) -> str:
    """Return the first response that differs between two transcripts, "" if they are equal."""
    for number, (one, other) in enumerate(zip(left, right, strict=False), 1):
        if line(one) != line(other):
            return f"{number}: {line(one)}\n  {line(other)}"
    return "" if len(left) == len(right) else "one transcript is longer"


@dataclass
class _Player:
    wire: Wire
    versions: list[str] = field(default_factory=list)

    def send(self, step: Step) -> None:
        chance = random.Random(step.draw)
        path = f"{step.place}{step.plural}"
        whole = f"{path}/{step.name}"
        options: dict[str, Any] = {"fieldManager": step.manager}
        if chance.random() < 0.1:
            options["dryRun"] = "All"
        body = _body(step, self.wire.group, chance)
        match step.verb:
            case "create":
                self.wire.post(path, body, **options)
            case "get":
                self.wire.get(whole)
            case "list":
                self._list(path, step, chance)
            case "update":
                self._update(whole, body, chance, options)
            case "merge" | "strategic":
                change = {"metadata": {"labels": {step.manager: str(chance.randrange(3))}}, **_change(step, chance)}
                self.wire.patch(whole, change, step.verb, **options)
            case "json":
                value = {step.manager: str(chance.randrange(3))}
                operation = {"op": chance.choice(("add", "replace")), "path": "/metadata/labels", "value": value}
                self.wire.patch(whole, [operation], "json", **options)
            case "apply":
                self.wire.patch(whole, body, "apply", force=chance.random() < 0.3, **options)
            case "status":
                self.wire.patch(f"{whole}/status", {"status": _status(step, chance)}, "merge", **options)
            case "delete":
                self.wire.delete(
                    whole, gracePeriodSeconds=0, propagationPolicy=chance.choice((None, None, "Background"))
                )
            case "delete collection":
                self.wire.delete(path, labelSelector=f"{chance.choice(MANAGERS)}=1", gracePeriodSeconds=0)
            case _:
                self._watch(path, step)

    def _list(self, path: str, step: Step, chance: random.Random) -> None:
        limit = chance.choice((None, 1, 2))
        selector = chance.choice((None, f"{step.manager}=1", f"!{step.manager}"))
        if step.plural == "gears":
            limit = None
        found = self.wire.get(path, limit=limit, labelSelector=selector)
        token = found.get("metadata", {}).get("continue") if isinstance(found, dict) else None
        if token:
            self.wire.get(path, limit=limit, labelSelector=selector, **{"continue": token})

    def _update(self, whole: str, body: Any, chance: random.Random, options: dict[str, Any]) -> None:
        found = self.wire.get(whole)
        if isinstance(found, dict) and found.get("kind") != "Status" and chance.random() < 0.7:
            body = {**found, **{name: value for name, value in body.items() if name != "metadata"}}
        self.wire.put(whole, body, **options)

    def _watch(self, path: str, step: Step) -> None:
        """Make a change and watch from the version before it."""
        found = self.wire.get(path, fieldSelector=f"metadata.name={step.name}")
        items = found.get("items", []) if isinstance(found, dict) else []
        if not items:
            return
        label = {"metadata": {"labels": {"watched": str(step.draw)}}}
        changed = self.wire.patch(f"{path}/{step.name}", label, "merge", fieldManager=step.manager)
        if changed.get("kind") != "Status":
            version = items[0]["metadata"]["resourceVersion"]
            self.wire.watch(path, 1, resourceVersion=version, fieldSelector=f"metadata.name={step.name}")


def _replicated(kind: str, name: str, chance: random.Random) -> dict[str, Any]:
    return workload(kind, name, replicas=chance.randrange(3))


KINDS: Final[dict[str, Callable[[str, str, random.Random], dict[str, Any]]]] = {
    "configmaps": lambda name, _, chance: config_map(name, **{chance.choice("klm"): str(chance.randrange(3))}),
    "secrets": lambda name, _, chance: {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "data": {chance.choice("klm"): chance.choice(("YQ==", "Yg=="))},
    },
    "services": lambda name, _, chance: service(name, ports=[{"name": "x", "port": chance.randrange(80, 83)}]),
    "deployments": lambda name, _, chance: deployment(name, replicas=chance.randrange(3)),
    "statefulsets": lambda name, _, chance: _replicated("StatefulSet", name, chance),
    "jobs": lambda name, _, chance: job(name, suspend=chance.random() < 0.5),
    "pods": lambda name, _, __: pod(name),
    "leases": lambda name, _, chance: lease(name, holderIdentity=chance.choice("xyz")),
    "widgets": lambda name, group, chance: widget(group, name, size=chance.choice((1, 2, "x"))),
    "gears": lambda name, group, chance: widget(group, name, kind="Gear", size=chance.choice((1, 2))),
}
"""The kinds of random histories, eight built-in ones and two custom ones, with functions that draw an object."""


def _body(step: Step, group: str, chance: random.Random) -> dict[str, Any]:
    body = KINDS[step.plural](step.name, group, chance)
    if chance.random() < 0.5:
        labels = {step.manager: str(chance.randrange(3))}
        body = with_metadata(body, labels={**body["metadata"].get("labels", {}), **labels})
    return body


def _change(step: Step, chance: random.Random) -> dict[str, Any]:
    if step.plural in ("deployments", "statefulsets"):
        return {"spec": {"replicas": chance.randrange(4)}}
    if step.plural in ("widgets", "gears"):
        return {"spec": {"size": chance.choice((1, 2, 3, None))}}
    if step.plural == "configmaps":
        return {"data": {chance.choice("klm"): chance.choice(("1", "2", None))}}
    return {}


def _status(step: Step, chance: random.Random) -> dict[str, Any]:
    if step.plural in ("widgets", "gears"):
        return {"ready": chance.randrange(3)}
    if step.plural in ("deployments", "statefulsets"):
        return {"replicas": chance.randrange(3)}
    return {}
