"""CustomResourceDefinitions in the store: their status, the resources that they define, and their end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from kubecore.testing._apply.managed import track_update
from kubecore.testing._schemas.customs import accepted_status, resources_of
from kubecore.testing._schemas.definitions.check import check_definition
from kubecore.testing._schemas.json_values import items_at, map_at
from kubecore.testing._schemas.validation.numbers import fit_floats
from kubecore.testing._server.converting import as_served
from kubecore.testing._server.delete_options import DeleteOptions
from kubecore.testing._server.deleting import mark_deleted
from kubecore.testing._server.failures import Cause, NotSimulatedError
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State
from kubecore.testing._server.store import Key, Record, Storage

__all__ = ["DEFINITIONS", "Definitions", "prepare_definition", "require_free_names", "with_definition_causes"]

DEFINITIONS: Final = ("apiextensions.k8s.io", "customresourcedefinitions")
_CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"


class Definitions:
    """The definitions whose kinds are served.

    Args:
        state: The state of the server.
        changed: Called with the collection of a kind after its definition changed: its watches end.
    """

    def __init__(self, state: State, changed: Callable[[Storage], None]) -> None:
        self._state = state
        self._changed = changed
        self._known: dict[Key, Record] = {}
        self._ending: Final = state.ending

    def settle(self) -> None:
        """Take note of the definitions that changed since the last call, and serve their kinds."""
        store = self._state.store
        if self._known == store.collection(DEFINITIONS) and not self._ending:
            return
        before, current = self._known, dict(store.collection(DEFINITIONS))
        for key, record in before.items():
            if current.get(key) != record:
                spec = record.document()["spec"]
                self._state.resources.remove(spec["group"], spec["names"]["plural"])
                if key not in current or _served(current[key]) != _served(record):
                    self._changed((spec["group"], spec["names"]["plural"]))
                self._ending.discard(key[1])
        for key, record in sorted(current.items()):
            if before.get(key) != record or key[1] in self._ending:
                self._serve(key, record.document())
        self._known = dict(store.collection(DEFINITIONS))

    def _serve(self, key: Key, definition: dict[str, Any]) -> None:
        kind = self._resource()
        made = list(resources_of(definition, kind.schema.fields.get("metadata")))
        if "deletionTimestamp" in definition["metadata"] and self._end(key, definition, made):
            spec = definition["spec"]
            self._state.resources.remove(spec["group"], spec["names"]["plural"])
            return
        for resource in made:
            self._state.resources.add(resource)
        if "deletionTimestamp" not in definition["metadata"]:
            self._accept(kind, key, definition)

    def _resource(self) -> Resource:
        found = self._state.resources.find(DEFINITIONS[0], "v1", DEFINITIONS[1])
        if found is None:
            raise LookupError("no package has CustomResourceDefinitions")
        return found

    def _accept(self, kind: Resource, key: Key, definition: dict[str, Any]) -> None:
        """Write the status of a definition whose names are accepted, if it changes."""
        status: dict[str, Any] = definition.get("status") or {}
        new = accepted_status(definition, self._state.timestamp())
        changed = {**status, **new, "conditions": status.get("conditions") or new["conditions"]}
        changed["storedVersions"] = status.get("storedVersions") or new["storedVersions"]
        if changed != status:
            self._write_status(kind, key, definition, changed)

    def _write_status(self, kind: Resource, key: Key, definition: dict[str, Any], status: dict[str, Any]) -> None:
        document = track_update(
            definition,
            {**definition, "status": status},
            kind.schema,
            manager="kube-apiserver",
            api_version=kind.api_version,
            subresource="status",
            now=self._state.timestamp(),
            reset=(("spec",),),
        )
        self._state.store.write(DEFINITIONS, key, document)

    def _end(self, key: Key, definition: dict[str, Any], made: list[Resource]) -> bool:
        """Delete the objects of a definition, then the definition, unless finalizers hold them.

        Returns:
            Whether the definition is gone.
        """
        store = self._state.store
        spec = definition["spec"]
        self._begin_end(key, definition)
        storage = spec["group"], spec["names"]["plural"]
        for record in list(store.collection(storage).values()) if made else ():
            mark_deleted(self._state, made[0], as_served(made[0], record).document(), DeleteOptions())
        definition = store.collection(DEFINITIONS)[key].document()
        finalizers = items_at(definition["metadata"], "finalizers")
        others = [name for name in finalizers if name != _CLEANUP]
        if store.collection(storage) or others:
            self._ending.add(key[1])
            if others != finalizers and not store.collection(storage):
                store.write(
                    DEFINITIONS, key, {**definition, "metadata": {**definition["metadata"], "finalizers": others}}
                )
            return False
        self._ending.discard(key[1])
        store.delete(DEFINITIONS, key)
        return True

    def _begin_end(self, key: Key, definition: dict[str, Any]) -> None:
        """Write that the deletion of the objects of a definition is in progress, once."""
        status: dict[str, Any] = definition["status"]
        conditions = items_at(status, "conditions")
        if not any(each.get("reason") == "InstanceDeletionPending" for each in conditions):
            return
        text = {"reason": "InstanceDeletionInProgress", "message": "CustomResource deletion is in progress"}
        changed = [{**each, **text} if each["type"] == "Terminating" else each for each in conditions]
        self._write_status(self._resource(), key, definition, {**status, "conditions": changed})


def _served(record: Record) -> tuple[Any, Any]:
    """Return the parts of a definition by which its kind is served."""
    document = record.document()
    return document["spec"], map_at(document, "status").get("acceptedNames")


def with_definition_causes(
    resource: Resource, document: dict[str, Any], old: dict[str, Any] | None, causes: list[Cause]
) -> list[Cause]:
    """Return the faults of an object with those of a definition, in the order of the server.

    Args:
        resource: The resource of the object; only definitions are looked at.
        document: The object, with its defaults.
        old: The stored object, for an update.
        causes: The faults of its metadata.

    Raises:
        NotSimulatedError: A fault that the server describes in a way that is not simulated.
    """
    if resource.storage != DEFINITIONS or not document["metadata"].get("name"):
        return causes
    found = list(check_definition(document, old))
    first = [cause for cause in causes + found if cause.field == "metadata.name"]
    return first + [cause for cause in causes + found if cause.field != "metadata.name"]


def prepare_definition(resource: Resource, document: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Set the stored versions of a new or updated definition, in place."""
    if resource.storage != DEFINITIONS:
        return
    fit_floats(document)
    versions = items_at(map_at(document, "spec"), "versions")
    flagged = [each.get("name") for each in versions if each.get("storage")][:1]
    before = items_at(map_at(document, "status"), "storedVersions") if old is not None else []
    stored = [*before, *(name for name in flagged if name not in before)]
    document["status"] = {**map_at(document, "status"), "storedVersions": stored}


def require_free_names(state: State, resource: Resource, document: dict[str, Any]) -> None:
    """Refuse a definition with names that another resource of its group uses.

    Raises:
        NotSimulatedError: The server would accept only a part of its names.
    """
    if resource.storage != DEFINITIONS:
        return
    for problem in _taken(state, document["spec"]):
        raise NotSimulatedError(
            f"the definition {document['metadata'].get('name', '')}: {problem}; this is not simulated: "
            "run with --kube=real"
        )


def _taken(state: State, spec: dict[str, Any]) -> Iterator[str]:
    names = map_at(spec, "names")
    words = {names["plural"], names.get("singular"), *items_at(names, "shortNames")}
    for other in state.resources:
        if other.group != spec["group"] or other.resource == names["plural"]:
            continue
        if other.kind == names["kind"] or words & {other.resource, other.facts.singular, *other.facts.short_names}:
            yield f"{other.resource} use one of its names"
