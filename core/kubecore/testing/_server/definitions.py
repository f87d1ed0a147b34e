"""CustomResourceDefinitions in the store: their status, the resources that they define, and their end."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from kubecore.testing._apply.managed import track_update
from kubecore.testing._schemas.customs import accepted_status, resources_of
from kubecore.testing._schemas.json_values import is_map, items_at, map_at
from kubecore.testing._schemas.validation import objects
from kubecore.testing._schemas.validation.patterns import matches
from kubecore.testing._server.deleting import DeleteOptions, mark_deleted
from kubecore.testing._server.failures import NotSimulatedError
from kubecore.testing._server.resources import Resource
from kubecore.testing._server.state import State
from kubecore.testing._server.store import Key, Record

__all__ = ["DEFINITIONS", "Definitions", "require_simulated"]

DEFINITIONS: Final = ("apiextensions.k8s.io", "customresourcedefinitions")
_CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"
_TYPES: Final = frozenset({"array", "boolean", "integer", "number", "object", "string"})
_LOGIC: Final = ("allOf", "anyOf", "oneOf", "not")


class Definitions:
    """The definitions whose kinds are served.

    Args:
        state: The state of the server.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[Key, Record] = {}
        self._ending: set[Key] = set()

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
                self._ending.discard(key)
        for key, record in sorted(current.items()):
            if before.get(key) != record or key in self._ending:
                self._serve(key, record.document())
        self._known = dict(store.collection(DEFINITIONS))

    def check_creation(self, resource: Resource, key: Key) -> None:
        """Refuse to create an object of a kind whose definition is being deleted.

        Raises:
            NotSimulatedError: It is being deleted, and the object is missing.
        """
        is_ending = resource.is_custom and ("", resource.group_resource) in self._ending
        if is_ending and self._state.store.get(resource.storage, key) is None:
            raise NotSimulatedError(
                f"creating an object of {resource.group_resource} while its definition is being deleted "
                "is not simulated; run with --kube=real"
            )

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
        if changed == status:
            return
        document = track_update(
            definition,
            {**definition, "status": changed},
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
        finalizers = [name for name in items_at(definition["metadata"], "finalizers") if name != _CLEANUP]
        spec = definition["spec"]
        storage = spec["group"], spec["names"]["plural"]
        for record in list(store.collection(storage).values()) if made else ():
            mark_deleted(self._state, made[0], record.document(), DeleteOptions())
        if store.collection(storage) or finalizers:
            self._ending.add(key)
            return False
        self._ending.discard(key)
        store.delete(DEFINITIONS, key)
        return True


def require_simulated(state: State, resource: Resource, document: dict[str, Any], old: dict[str, Any] | None) -> None:
    """Refuse a definition that the server would have to check, or whose kinds it can't serve.

    Args:
        state: The state of the server.
        resource: The resource of the object; only definitions are looked at.
        document: The object, with its defaults.
        old: The stored object, for an update.

    Raises:
        NotSimulatedError: The definition may be invalid, or needs conversion, for example.
    """
    if resource.storage != DEFINITIONS:
        return
    for problem in _problems(state, document, old):
        raise NotSimulatedError(
            f"the definition {document['metadata'].get('name', '')}: {problem}; this is not simulated: "
            "run with --kube=real"
        )


def _problems(state: State, document: dict[str, Any], old: dict[str, Any] | None) -> Iterator[str]:
    spec = map_at(document, "spec")
    names, versions = map_at(spec, "names"), items_at(spec, "versions")
    if not (names.get("plural") and names.get("kind") and spec.get("group")):
        yield "its names are incomplete"
    if document["metadata"].get("name") != f"{names.get('plural')}.{spec.get('group')}":
        yield "its name is not made of plural and group"
    if not all(str(names[name]).isalnum() and names[name].isascii() for name in ("kind", "listKind") if name in names):
        yield "a kind has other characters than letters and digits"
    words = (names["plural"], names.get("singular") or "a", *(each.get("name") or "" for each in versions))
    if not all(word.isascii() and word.isalnum() and word == word.lower() and word[0].isalpha() for word in words):
        yield "a name has other characters than lower case letters and digits"
    if str(spec.get("group")).endswith(("k8s.io", "kubernetes.io")):
        yield "its group needs an approval"
    if spec.get("scope") not in ("Cluster", "Namespaced"):
        yield f"the scope {spec.get('scope')}"
    if map_at(spec, "conversion").get("strategy", "None") != "None" or spec.get("preserveUnknownFields"):
        yield "conversion by a webhook, or unknown fields everywhere"
    if sum(1 for each in versions if each.get("storage")) != 1:
        yield "not exactly one version is stored"
    if len({each.get("name") for each in versions}) != len(versions):
        yield "two versions have the same name"
    for each in versions:
        yield from _problems_of_version(each)
    yield from _taken(state, spec)
    if old is not None:
        yield from _problems_of_update(state, document, old)


def _problems_of_version(version: dict[str, Any]) -> Iterator[str]:
    if version.get("deprecated"):
        yield "a version is deprecated"
    schema = map_at(version, "schema").get("openAPIV3Schema")
    if not is_map(schema) or schema.get("type") != "object":
        yield "a version has no schema of an object"
        return
    if map_at(schema, "properties").get("metadata") not in (None, {"type": "object"}):
        yield "its schema has rules for metadata"
    if not _is_structural(schema):
        yield "its schema may not be structural"


def _is_structural(schema: dict[str, Any]) -> bool:
    """Return whether a schema certainly is structural."""
    waiting: list[tuple[Any, bool]] = [(schema, False)]
    while waiting:
        each, is_logic = waiting.pop()
        if not is_map(each) or not _is_plain(each, is_logic=is_logic):
            return False
        waiting += [(part, is_logic) for part in map_at(each, "properties").values()]
        for name in ("items", "additionalProperties"):
            if each.get(name) is not None and each[name] is not True:
                waiting.append((each[name], is_logic))
        for name in _LOGIC[:3]:
            waiting += [(part, True) for part in items_at(each, name)]
        if "not" in each:
            waiting.append((each["not"], True))
    return True


def _is_plain(schema: dict[str, Any], *, is_logic: bool) -> bool:
    if any(name in schema for name in ("$ref", "definitions", "dependencies", "patternProperties", "uniqueItems")):
        return False
    if is_logic:
        return not any(name in schema for name in ("type", "default", "nullable", "additionalProperties")) or (
            set(schema) == {"type"} and schema["type"] in ("integer", "string")
        )
    kind = schema.get("type")
    if kind is None:
        is_free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
        return bool(is_free)
    if kind not in _TYPES or (kind == "array") != ("items" in schema):
        return False
    if schema.get("properties") and schema.get("additionalProperties") is not None:
        return False
    if kind == "array" and not _is_list_valid(schema):
        return False
    if "pattern" in schema and matches(str(schema["pattern"]), "") is None:
        return False
    return "default" not in schema or _fits(schema)


def _fits(schema: dict[str, Any]) -> bool:
    """Return whether the default of a schema is valid, and complete without changes."""
    whole: dict[str, Any] = {"type": "object", "properties": {"value": schema}}
    value = {"value": copy.deepcopy(schema["default"])}
    return not objects.read(value, whole) and not objects.check(value, whole).causes


def _is_list_valid(schema: dict[str, Any]) -> bool:
    """Return whether the type of a list certainly fits its items."""
    kind, items = schema.get("x-kubernetes-list-type", "atomic"), map_at(schema, "items")
    if kind == "map":
        keys, parts = items_at(schema, "x-kubernetes-list-map-keys"), map_at(items, "properties")
        return bool(keys) and all(
            key in parts and (key in items_at(items, "required") or "default" in parts[key]) for key in keys
        )
    return kind == "atomic" or (kind == "set" and items.get("type") in ("string", "integer", "boolean", "number"))


def _taken(state: State, spec: dict[str, Any]) -> Iterator[str]:
    names = map_at(spec, "names")
    words = {names["plural"], names.get("singular"), *items_at(names, "shortNames")}
    for other in state.resources:
        if other.group != spec["group"] or other.resource == names["plural"]:
            continue
        if other.kind == names["kind"] or words & {other.resource, other.facts.singular, *other.facts.short_names}:
            yield f"{other.resource} use one of its names"


def _problems_of_update(state: State, document: dict[str, Any], old: dict[str, Any]) -> Iterator[str]:
    spec, before = document["spec"], old["spec"]
    if [_stored(spec), spec["scope"], spec["names"]["kind"]] != [
        _stored(before),
        before["scope"],
        before["names"]["kind"],
    ]:
        yield "the stored version, the scope or the kind changes"
    schemas = {f"{spec['group']}/{each['name']}": each["schema"]["openAPIV3Schema"] for each in spec["versions"]}
    for record in state.store.collection((spec["group"], spec["names"]["plural"])).values():
        found, same = record.document(), record.document()
        schema = schemas.get(found["apiVersion"])
        if schema is None or objects.read(found, schema) or msgspec.json.encode(found) != msgspec.json.encode(same):
            yield "stored objects would be read with other fields"


def _stored(spec: dict[str, Any]) -> str:
    return next((str(each["name"]) for each in spec["versions"] if each.get("storage")), "")
