"""The state that all requests share: the objects, the resources, the time and chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from kubecore.testing._rules.facts import Facts
from kubecore.testing._server import converting
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.failures import Cause, RequestError, details_of
from kubecore.testing._server.metadata import timestamp
from kubecore.testing._server.resources import Resource, Resources
from kubecore.testing._server.store import Record, Store

__all__ = ["NAMESPACES", "State", "Unsure", "key_of", "not_found"]

NAMESPACES: Final = ("", "namespaces")

Unsure = tuple[str, str, str]
"""A rule that was not checked: the kind, the place and a description."""


def not_found(resource: Resource, name: str) -> RequestError:
    """Return the error of a missing object."""
    details = details_of(name, resource.group, resource.resource)
    return RequestError(404, "NotFound", f'{resource.group_resource} "{name}" not found', details=details)


class State:
    """The state that all requests share.

    Attributes:
        store: The objects.
        resources: The resources that are served.
        facts: Facts about kinds that documents do not contain.
        chance: The source of uids and generated names.
        ending: Names of the definitions that are being deleted.
        unsure: Writes for which a rule was not checked.

    Args:
        store: The objects.
        resources: The resources that are served.
        facts: Facts about kinds that documents do not contain.
        clock: The time of the server, with a time zone.
        chance: The source of uids and generated names.
    """

    def __init__(
        self,
        store: Store,
        resources: Resources,
        facts: Facts,
        clock: Callable[[], datetime],
        chance: random.Random,
    ) -> None:
        self.store: Final = store
        self.resources: Final = resources
        self.facts: Final = facts
        self.chance: Final = chance
        self.ending: Final[set[str]] = set()
        self.unsure: Final[list[Unsure]] = []
        self._clock = clock
        self._known_unsure: set[Unsure] = set()

    def now(self) -> datetime:
        """Return the time of the server."""
        return self._clock()

    def timestamp(self) -> str:
        """Return the time of the server in whole seconds, as objects contain it."""
        return timestamp(self._clock())

    def find(self, resource: Resource, namespace: str, name: str, behind: int = 0) -> Record:
        """Return an object.

        Args:
            resource: The resource.
            namespace: The namespace, "" for an object without one.
            name: The name.
            behind: How many revisions old the state is; never before the last compaction.

        Raises:
            RequestError: 404, it is missing.
            NotSimulatedError: It would have to be converted from another version.
        """
        revision = max(self.store.compacted, self.store.revision - behind)
        record = self.store.collection(resource.storage, revision).get((namespace, name))
        if record is None:
            raise not_found(resource, name)
        return converting.as_served(resource, record)

    def get(self, resource: Resource, namespace: str, name: str) -> Record | None:
        """Return an object in the version of the resource, None if it is missing.

        Raises:
            NotSimulatedError: It would have to be converted from another version.
        """
        record = self.store.get(resource.storage, (namespace, name))
        return None if record is None else converting.as_served(resource, record)

    def write(self, resource: Resource, document: dict[str, Any], *, has_defaults: bool = False) -> dict[str, Any]:
        """Store an object in its stored version, and return it as the resource serves it.

        Args:
            resource: The resource.
            document: The object; its resource version is set.
            has_defaults: Whether it has defaults that the real server does not store.
        """
        stored = converting.as_stored(resource, document)
        record = self.store.write(
            resource.storage, key_of(document), stored, is_sorted=resource.is_custom, has_defaults=has_defaults
        )
        if resource.definition is None or resource.version == resource.definition.stored_version:
            return document
        return converting.as_served(resource, record).document()

    def is_current(self, resource: Resource, document: dict[str, Any]) -> bool:
        """Return whether a write that changes nothing would store an object as it is stored already."""
        record = self.store.get(resource.storage, key_of(document))
        return record is None or (not record.has_defaults and converting.is_current(resource, record))

    def delete(self, resource: Resource, document: dict[str, Any]) -> dict[str, Any]:
        """Delete an object.

        Returns:
            Its last stored state with the version of the deletion, as watches get it.
        """
        record = self.store.delete(resource.storage, key_of(document))
        return converting.as_served(resource, record).document()

    def check_definition(self, resource: Resource, name: str) -> None:
        """Refuse to create an object of a custom kind whose definition is being deleted.

        Raises:
            RequestError: 403.
        """
        if resource.is_custom and resource.group_resource in self.ending:
            text = "create not allowed while custom resource definition is terminating"
            details = details_of(name, resource.group, resource.resource)
            raise RequestError(
                403, "Forbidden", f'{resource.group_resource} "{name}" is forbidden: {text}', details=details
            )

    def check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        """Refuse to create an object in a namespace that is missing or being deleted.

        Raises:
            RequestError: 404 or 403.
        """
        if not resource.is_namespaced:
            return
        record = self.store.get(NAMESPACES, ("", namespace))
        if record is None:
            details = details_of(namespace, "", "namespaces")
            raise RequestError(404, "NotFound", f'namespaces "{namespace}" not found', details=details)
        if b'"deletionTimestamp"' not in record.content or "deletionTimestamp" not in record.document()["metadata"]:
            return
        text = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
        details = details_of(name, resource.group, resource.resource)
        raise RequestError(
            403,
            "Forbidden",
            f'{resource.group_resource} "{name}" is forbidden: {text}',
            details={**details, "causes": [cause._asdict()]},
        )

    def note_unsure(self, resource: Resource, received: Received, texts: list[str]) -> None:
        """Keep that rules were not checked for a write, once for each path."""
        for text in texts:
            found = (resource.kind, received.path, text)
            if found not in self._known_unsure:
                self._known_unsure.add(found)
                self.unsure.append(found)


def key_of(document: dict[str, Any]) -> tuple[str, str]:
    """Return namespace and name of an object."""
    metadata = document["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
