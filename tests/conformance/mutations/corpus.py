"""The verdicts about changed objects: recorded from a real server, and compared with those of the fake one."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple

from kubecore.testing._rules.facts import load_facts
from kubecore.testing._schemas.packages import load
from tests.conformance.backends import Backend
from tests.conformance.mutations.changes import Path, changed, create_changes, update_changes
from tests.conformance.mutations.objects import VALID

__all__ = ["DISAGREEMENTS", "RECORDED", "Verdict", "compare", "known", "read", "record", "write"]

RECORDED: Final = FilePath(__file__).parents[1] / "recorded" / "mutations-1.37.jsonl"
DISAGREEMENTS: Final = FilePath(__file__).parent / "disagreements.jsonl"
NAMESPACE: Final = "mutations"
_LONGEST: Final = 110
_UID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Verdict(NamedTuple):
    """The response of a server to one change.

    Attributes:
        code: The HTTP status code.
        causes: The causes: field, reason and message.
    """

    code: int
    causes: tuple[tuple[str, str, str], ...] = ()

    @property
    def compared(self) -> tuple[int, tuple[str, ...]]:
        """The code, and the fields of the causes in any order."""
        return self.code, tuple(sorted({field for field, _, _ in self.causes}))


Key = tuple[str, int, str, Path, str]
"""Resource, number of its valid object, verb, place and name of the change."""
Verdicts = dict[Key, Verdict]


class _Player:
    """Sends changed objects of one valid object."""

    def __init__(self, backend: Backend, resource: str, number: int) -> None:
        self._backend = backend
        self.body = json.loads(json.dumps(VALID[resource][number]))
        group_version, _, plural = resource.rpartition("/")
        group, _, version = group_version.rpartition("/")
        found = load_facts().resources[resource]
        prefix = f"/apis/{group_version}" if group else f"/api/{version}"
        self._place = f"{prefix}/namespaces/{NAMESPACE}/{plural}" if found.namespaced else f"{prefix}/{plural}"
        self.schema = load("kubeclient").schema(group, version, found.kind)
        self._name = f"stored-{number}"
        self.body["metadata"] = {"name": f"new-{number}", **self.body.get("metadata", {})}
        self.stored: dict[str, Any] = {}

    def store(self) -> None:
        """Store the valid object, from which updates start."""
        body = {**self.body, "metadata": {**self.body["metadata"], "name": self._name}}
        code, self.stored = self._send("POST", self._place, body)
        if code != 201:
            raise AssertionError(f"{self._place}: {self.stored.get('message')}")

    def remove(self) -> None:
        """Delete the stored object."""
        self._send("DELETE", f"{self._place}/{self._name}?gracePeriodSeconds=0&propagationPolicy=Background", None)

    def verdict(self, verb: str, path: Path, name: str) -> Verdict:
        """Return the verdict about a change; code 0 if the server has no such place."""
        try:
            body = changed(self.body if verb == "create" else self.stored, path, name)
        except (LookupError, TypeError):
            return Verdict(0)
        if verb == "create":
            code, found = self._send("POST", f"{self._place}?dryRun=All", body)
        else:
            code, found = self._send("PUT", f"{self._place}/{self._name}?dryRun=All", body)
        causes = found.get("details", {}).get("causes", []) if code >= 400 else []
        return Verdict(code, tuple(_cause(each) for each in causes))

    def _send(self, method: str, target: str, body: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "mutations"}
        raw = self._backend.send(method, target, headers, b"" if body is None else json.dumps(body).encode())
        return raw.code, json.loads(raw.content)


def _cause(found: Mapping[str, str]) -> tuple[str, str, str]:
    message = _UID.sub("<uid>", found.get("message", "")).replace("a" * 300, "a...")
    return found.get("field", ""), found.get("reason", "").removeprefix("FieldValue"), message[:_LONGEST]


def set_up(backend: Backend) -> None:
    """Create the namespace of the objects."""
    headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "mutations"}
    for target, name in (("", NAMESPACE), (f"/{NAMESPACE}/serviceaccounts", "default")):
        backend.send("POST", f"/api/v1/namespaces{target}", headers, json.dumps({"metadata": {"name": name}}).encode())


def record(backend: Backend, chosen: Iterator[str]) -> Verdicts:
    """Return the verdicts of a server about all changes of the objects of resources."""
    set_up(backend)
    found: Verdicts = {}
    for resource in chosen:
        for number in range(len(VALID[resource])):
            player = _Player(backend, resource, number)
            player.store()
            for verb, places in (
                ("create", create_changes(player.body, player.schema)),
                ("update", update_changes(player.stored, player.schema)),
            ):
                for path, name in places:
                    found[resource, number, verb, path, name] = player.verdict(verb, path, name)
            player.remove()
    return found


def replay(backend: Backend, recorded: Verdicts) -> Verdicts:
    """Return the verdicts of a server about recorded changes."""
    set_up(backend)
    found: Verdicts = {}
    players: dict[tuple[str, int], _Player] = {}
    for resource, number, verb, path, name in recorded:
        player = players.get((resource, number))
        if player is None:
            player = players[resource, number] = _Player(backend, resource, number)
            player.store()
        found[resource, number, verb, path, name] = player.verdict(verb, path, name)
    return found


def compare(backend: Backend, recorded: Verdicts) -> tuple[dict[Key, tuple[Verdict, Verdict]], Counter[str]]:
    """Return the changes with other verdicts than the recorded ones, and the number of tries by resource."""
    found = replay(backend, recorded)
    tries = Counter(key[0] for key in recorded)
    return {
        key: (verdict, found[key]) for key, verdict in recorded.items() if verdict.compared != found[key].compared
    }, tries


def write(verdicts: Verdicts) -> None:
    """Write verdicts: a line for each place."""
    lines: dict[str, dict[str, Any]] = {}
    for (resource, number, verb, path, name), verdict in verdicts.items():
        place = json.dumps([resource, number, verb, *path], separators=(",", ":"))
        shown = [verdict.code, *verdict.causes] if verdict.causes else verdict.code
        lines.setdefault(place, {})[name] = shown
    text = "".join(f"[{place},{json.dumps(found, separators=(',', ':'))}]\n" for place, found in lines.items())
    RECORDED.write_text(text, encoding="utf-8")


def read() -> Verdicts:
    """Return the recorded verdicts."""
    found: Verdicts = {}
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        (resource, number, verb, *path), changes = json.loads(line)
        for name, shown in changes.items():
            code, *causes = shown if isinstance(shown, list) else [shown]
            verdict = Verdict(code, tuple((field, reason, message) for field, reason, message in causes))
            found[resource, number, verb, tuple(path), name] = verdict
    return found


def known() -> set[Key]:
    """Return the changes about which the fake server is known to disagree."""
    found: set[Key] = set()
    for line in DISAGREEMENTS.read_text(encoding="utf-8").splitlines():
        resource, number, verb, path, name = json.loads(line)
        found.add((resource, number, verb, tuple(path), name))
    return found
