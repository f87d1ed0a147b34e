"""The controllers of every cluster: the fake API server passes them each change, and handles their requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from kubecore.testing._background.controllers import USER_AGENT, Controllers
from kubecore.testing._background.view import Item, Request, Resource, item_of
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.resources import Resource as Served
from kubecore.testing._server.state import State
from kubecore.testing._server.store import Change

__all__ = ["Background"]

_MOST_ROUNDS: Final = 1_000
"""Rounds of decisions after which a run ends with an error: the controllers undo their own work."""


class Background:
    """The controllers, and their view of the objects in the store.

    Args:
        state: The state of the server.
        respond: Handles a request of a controller.
        root_ca: The certificates for the ConfigMap `kube-root-ca.crt`.
    """

    def __init__(self, state: State, respond: Callable[[Received], Reply], root_ca: str) -> None:
        self._root_ca = root_ca
        self._controllers = Controllers(root_ca)
        self._respond = respond
        self._is_running = False
        self._view = _StoreView(state)
        self._state = state

    def observe(self, change: Change) -> None:
        """Pass a change to the controllers."""
        resource = self._view.preferred(change.storage)
        if resource is None:
            return
        self._controllers.observe(item_of(resource, change.new.content), is_deleted=change.is_deletion)
        if change.storage == ("apiextensions.k8s.io", "customresourcedefinitions"):
            self._view.forget()
            self._controllers.resources_changed()

    def reset(self) -> None:
        """Start again with the objects of the store, which all may have changed."""
        self._controllers = Controllers(self._root_ca)
        self._view.forget()
        found = self._state.store.snapshot().collections
        changes = [
            Change(storage, key, None, record, False) for storage in found for key, record in found[storage].items()
        ]
        for change in sorted(changes, key=lambda each: each.version):
            self.observe(change)

    def run(self) -> None:
        """Send the requests of the controllers until they have nothing to do.

        Raises:
            RuntimeError: They do not come to an end.
        """
        if self._is_running:  # A request of a controller does not start the controllers again.
            return
        self._is_running = True
        try:
            for _ in range(_MOST_ROUNDS):
                requests = 0
                for request in self._controllers.decide(self._view, self._state.now()):
                    self._respond(_received(request))
                    requests += 1
                if not requests:
                    return
            raise RuntimeError(f"the controllers sent requests {_MOST_ROUNDS} times, and have not finished")
        finally:
            self._is_running = False


def _received(request: Request) -> Received:
    return Received(
        method=request.method,
        path=request.path,
        headers={"user-agent": USER_AGENT, "content-type": request.content_type, "accept": "application/json"},
        content=msgspec.json.encode(request.body),
    )


class _StoreView:
    """The objects of the store, as controllers read them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._preferred: dict[tuple[str, str], Served] = {}

    def forget(self) -> None:
        """Forget the served resources: a definition changed."""
        self._preferred = {}

    def preferred(self, storage: tuple[str, str]) -> Served | None:
        """Return the resource of a collection, in one of its versions."""
        if not self._preferred:
            for resource in self._state.resources:
                known = self._preferred.setdefault(resource.storage, resource)
                if len(resource.version) < len(known.version):  # `v1` before `v1beta1`.
                    self._preferred[resource.storage] = resource
        return self._preferred.get(storage)

    def resources(self) -> Iterable[Served]:
        self.preferred(("", ""))
        return self._preferred.values()

    def find_resource(self, api_version: str, kind: str) -> Served | None:
        return self._state.resources.of_kind(api_version, kind)

    def item(self, resource: Resource, namespace: str, name: str) -> Item | None:
        record = self._state.store.get(_storage(resource), (namespace, name))
        return None if record is None else item_of(resource, record.content)

    def items(self, resource: Resource, namespace: str) -> Iterable[Item]:
        found = self._state.store.collection(_storage(resource))
        return [item_of(resource, record.content) for key, record in sorted(found.items()) if key[0] == namespace]

    def document(self, resource: Resource, namespace: str, name: str) -> Mapping[str, Any] | None:
        record = self._state.store.get(_storage(resource), (namespace, name))
        return None if record is None else record.document()


def _storage(resource: Resource) -> tuple[str, str]:
    return resource.storage if isinstance(resource, Served) else (resource.group, resource.resource)
