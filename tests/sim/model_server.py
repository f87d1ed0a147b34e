"""A model of the API server for one kind: its whole history, so that lists and watches can lag behind it."""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from kubecore.cache.key import Key

__all__ = ["Change", "ModelServer", "State"]

NAMESPACE: Final = "shop"


class State(NamedTuple):
    """One state of one object."""

    name: str
    uid: str
    version: int
    is_selected: bool
    owner: str
    random: float

    @property
    def key(self) -> Key:
        """The key of the object."""
        return Key(NAMESPACE, self.name)

    def text(self) -> bytes:
        """Return the object in JSON."""
        metadata = {
            "name": self.name,
            "namespace": NAMESPACE,
            "uid": self.uid,
            "resourceVersion": str(self.version),
            "labels": {"app": "web" if self.is_selected else "other"},
            "ownerReferences": [{"kind": "Job", "name": "x", "uid": self.owner, "controller": True}],
            "managedFields": [{"manager": "test"}],
        }
        return json.dumps(
            {"metadata": metadata, "spec": {"at": self.version, "random": self.random}}, separators=(",", ":")
        ).encode()


class Change(NamedTuple):
    """One change in the history: the states before and after; None if the object does not exist."""

    version: int
    old: State | None
    new: State | None


class ModelServer:
    """Objects by name, and everything that happened to them."""

    def __init__(self) -> None:
        self.version = 0
        self.now: dict[str, State] = {}
        self.history: list[Change] = []
        self._uids = 0

    def put(self, name: str, *, is_selected: bool, owner: str, random: float) -> State:
        """Create or update an object."""
        old = self.now.get(name)
        self.version += 1
        if old is None:
            self._uids += 1
        uid = f"uid-{self._uids}" if old is None else old.uid
        new = self.now[name] = State(name, uid, self.version, is_selected, owner, random)
        self.history.append(Change(self.version, old, new))
        return new

    def delete(self, name: str) -> State:
        """Delete an object, and return its last state."""
        old = self.now.pop(name)
        self.version += 1
        self.history.append(Change(self.version, old, None))
        return old

    def restore(self, version: int) -> None:
        """Return to an earlier state, as after the restore of a backup; later versions are given out again."""
        self.now = self.at(version)
        self.version = version
        self.history = [change for change in self.history if change.version <= version]

    def at(self, version: int) -> dict[str, State]:
        """Return the objects as they were at a version."""
        found: dict[str, State] = {}
        for change in self.history:
            if change.version > version:
                break
            if change.new is not None:
                found[change.new.name] = change.new
            elif change.old is not None:
                del found[change.old.name]
        return found

    def listed(self, version: int) -> list[State]:
        """Return the selected objects as they were at a version, as a list has them."""
        return [state for _, state in sorted(self.at(version).items()) if state.is_selected]

    def events(self, after: int, until: int) -> list[tuple[str, State]]:
        """Return the events between two versions, as a watch with the selector yields them."""
        found: list[tuple[str, State]] = []
        for version, old, new in self.history:
            if not after < version <= until:
                continue
            was, is_now = old is not None and old.is_selected, new is not None and new.is_selected
            if new is not None and is_now:
                found.append(("MODIFIED" if was else "ADDED", new))
            elif old is not None and was:
                found.append(("DELETED", old._replace(version=version)))
        return found
