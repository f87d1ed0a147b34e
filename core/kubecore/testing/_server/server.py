"""The fake API server: from one request to one reply. Not safe for several threads: the caller holds a lock."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from kubecore.testing._rules.facts import load_facts
from kubecore.testing._schemas.definitions.notes import warnings_of
from kubecore.testing._server import bodies, creating, deleting, first_state, metadata, patching, reading, updating
from kubecore.testing._server.accepting import form_of
from kubecore.testing._server.advising import warnings_about, without_repeated_owners
from kubecore.testing._server.controlling import Background
from kubecore.testing._server.definitions import DEFINITIONS, Definitions
from kubecore.testing._server.delete_options import DeleteOptions
from kubecore.testing._server.discovery import discovered, unknown_group
from kubecore.testing._server.exchange import Received, Reply
from kubecore.testing._server.failures import RequestError, warned
from kubecore.testing._server.logs import Logs
from kubecore.testing._server.options import WriteOptions
from kubecore.testing._server.resources import Resource, Resources
from kubecore.testing._server.route import find, route
from kubecore.testing._server.state import State, Unsure, not_found
from kubecore.testing._server.statuses import failure, json_reply, raw_reply, success, warning
from kubecore.testing._server.store import Change, Record, Snapshot, Storage, Store, encoded
from kubecore.testing._server.subresources.approvals import REQUESTS, with_user
from kubecore.testing._server.subresources.handling import Subresources
from kubecore.testing._server.watching import WatchStream

__all__ = ["Server"]

_FIRST_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")

_DEPRECATED: Final = {
    ("", "v1", "endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ("", "v1", "componentstatuses"): "v1 ComponentStatus is deprecated in v1.19+",
}
"""Warnings about kinds."""

_ROOT_CA: Final = (
    "-----BEGIN CERTIFICATE-----\nnot a certificate: the fake API server has none\n-----END CERTIFICATE-----\n"
)


class Server:
    """A Kubernetes API server in memory.

    Attributes:
        state: The objects, the resources and the time.
        logs: The logs of containers.
        reviews: The reviews of users and their rights.
        handled: The request that is being handled, None if the server writes without one.

    Args:
        clock: The time of the server, with a time zone.
        seed: The source of uids, generated names and the first revision.
        version: The version of Kubernetes whose behaviour is simulated.
        packages: The generated packages whose kinds are served.
        controllers: Whether namespaces and garbage are deleted as by a controller manager.
        background: When the controllers work: `at once`, after each request, or `on settle`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        seed: int = 0,
        version: str = "1.37",
        packages: Sequence[str] = ("kubeclient",),
        controllers: bool = True,
        background: Literal["at once", "on settle"] = "at once",
    ) -> None:
        chance = random.Random(seed)  # noqa: S311 - Names need no cryptography.
        self.version: Final = version
        self.store: Final = Store(chance.randrange(1_000, 100_000))
        facts = load_facts(version)
        self.state: Final = State(self.store, Resources(packages, facts), facts, clock, chance)
        self.logs: Final = Logs(self.state.now)
        self.handled: Received | None = None
        self._subresources: Final = Subresources(self.state, self.logs)
        self.reviews: Final = self._subresources.reviews
        self._definitions: Final = Definitions(self.state, self._end_watches)
        self._watches: set[WatchStream] = set()
        self._verbs: Final[dict[str, Callable[[Resource, Received], Reply]]] = {
            "get": self._get,
            "list": self._list,
            "watch": self._watch,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }
        self.store.observers.extend((self._changed, self.logs.observe))
        self.background: Literal["at once", "on settle"] = background
        self._background = Background(self.state, self._responded, _ROOT_CA) if controllers else None
        if self._background is not None:
            self.store.observers.append(self._background.observe)
        first_state.fill(
            self.state, (version, tuple(packages), seed, controllers, background), self._create_first_objects
        )
        self.settle()

    @property
    def unsure(self) -> list[Unsure]:
        """Writes for which a rule of the real server was not checked."""
        return self.state.unsure

    def respond(self, received: Received) -> Reply:
        """Handle a request.

        Args:
            received: The request; its resource, its verb and the status of the response are set.

        Raises:
            NotSimulatedError: The server doesn't simulate it.
        """
        try:
            return self._responded(received)
        finally:
            if self.background == "at once":
                self.settle()

    def settle(self) -> None:
        """Let the controllers work until they have nothing to do."""
        if self._background is not None:
            self._background.run()

    def restore(self, snapshot: Snapshot) -> None:
        """Return to an earlier state of all objects; the caller ends the watches before."""
        self.store.restore(snapshot)
        self._definitions.settle()
        if self._background is not None:
            self._background.reset()

    def _responded(self, received: Received) -> Reply:
        if not received.verb:
            route(received)
        self._definitions.settle()
        self.handled, outer = received, self.handled
        try:
            reply = self._handle(received)
        except RequestError as error:
            reply = unknown_group(self.state.resources, received) or failure(error)
        finally:
            self.handled = outer
            self._definitions.settle()
        reply.headers += self._deprecations(received)
        if received.method == "HEAD":
            reply.content = b""
        received.status = reply.code
        deprecated = _DEPRECATED.get((received.group, received.version, received.resource))
        if deprecated:
            reply.headers.insert(1, warning(deprecated))
        return reply

    def advance(self) -> None:
        """Send the bookmarks and end the watches that are due after the clock moved."""
        now = self.state.now()
        for stream in list(self._watches):
            stream.advance(now, self.store.revision)
        if self.background == "at once":
            self.settle()

    def _handle(self, received: Received) -> Reply:
        if not received.resource:
            return discovered(self.state.resources, self.version, received)
        resource = find(received, self.state.resources)
        handler = self._subresources.find(resource, received)
        if handler is not None:
            return handler(resource, received)
        if received.subresource == "finalize":
            return self._finalize(resource, received)
        return self._verbs[received.verb](resource, received)

    def _deprecations(self, received: Received) -> list[tuple[str, str]]:
        """Return the headers of the warning about a deprecated version of a custom kind."""
        found = self.state.resources.find(received.group, received.version, received.resource)
        if found is None or found.definition is None or found.version not in found.definition.warnings:
            return []
        return [warning(found.definition.warnings[found.version])]

    def _get(self, resource: Resource, received: Received) -> Reply:
        return reading.get(self.state, resource, received)

    def _list(self, resource: Resource, received: Received) -> Reply:
        return reading.list_page(self.state, resource, received)

    def _watch(self, resource: Resource, received: Received) -> Reply:
        reply, stream = reading.watch(self.state, resource, received)
        if not stream.is_ended:
            self._watches.add(stream)
            stream.on_close(self._watches.discard)
        return reply

    def _create(self, resource: Resource, received: Received) -> Reply:
        options = WriteOptions.of(received, "CreateOptions")
        body = bodies.understood(bodies.decoded_json(received, resource), resource, options.validation)
        body = without_repeated_owners(body)
        document = body.object
        if resource.storage == REQUESTS:
            document = with_user(document, self.reviews.user_of(received))
        with warned(body.warnings):
            made = creating.create(self.state, resource, received, document, options)
        return self._written(resource, received, made, 201, body.warnings + warnings_about(resource, made, None))

    def _update(self, resource: Resource, received: Received) -> Reply:
        options = WriteOptions.of(received, "UpdateOptions")
        body = bodies.understood(bodies.decoded_json(received, resource), resource, options.validation)
        body = without_repeated_owners(body)
        before = self.store.get(resource.storage, (received.namespace, received.name))
        with warned(body.warnings):
            made, code = self._updated(resource, received, body.object, options)
        # Warnings about built-in objects do not depend on the old state.
        live = before.document() if before is not None and resource.is_custom else None
        warnings = warnings_about(resource, made, live, received.subresource)
        return self._written(resource, received, made, code, body.warnings + warnings)

    def _updated(
        self, resource: Resource, received: Received, body: dict[str, Any], options: WriteOptions
    ) -> tuple[dict[str, Any], int]:
        """Update an object, or create it if its kind allows it, and return it with the HTTP status code."""
        updating.check_names(resource, received, body["metadata"])
        record = self.state.get(resource, received.namespace, received.name)
        if record is None:
            if not resource.facts.create_on_update or received.subresource:
                raise not_found(resource, received.name)
            if uid := body["metadata"].get("uid"):
                absent = {"metadata": {"namespace": received.namespace, "name": received.name, "uid": ""}}
                raise metadata.precondition_failed(resource, absent, uid, is_dry_run=options.is_dry_run)
            body["metadata"].pop("resourceVersion", None)
            return creating.create(self.state, resource, received, body, options), 201
        return updating.replace(self.state, resource, received, record.document(), body, options), 200

    def _finalize(self, resource: Resource, received: Received) -> Reply:
        """Replace the finalizers of a namespace; the last one ends it if it is being deleted."""
        options = WriteOptions.of(received, "UpdateOptions")
        body = bodies.understood(bodies.decoded_json(received, resource), resource, options.validation)
        live = self.state.find(resource, "", received.name).document()
        return json_reply(updating.finalize(self.state, resource, received, live, body.object, options))

    def _patch(self, resource: Resource, received: Received) -> Reply:
        made, code, warnings = patching.patch(self.state, resource, received)
        return self._written(resource, received, made, code, warnings)

    def _written(
        self, resource: Resource, received: Received, made: dict[str, Any], code: int, warnings: tuple[str, ...]
    ) -> Reply:
        form = reading.shape_of(self.state, resource, received)
        if resource.storage == DEFINITIONS:
            warnings += warnings_of(made)
        record = Record(encoded(made, is_sorted=resource.is_custom), 0)
        return reading.shaped(self.state, resource, record, form, received, code, warnings)

    def _delete(self, resource: Resource, received: Received) -> Reply:
        return deleting.delete(self.state, resource, received, DeleteOptions.of(received))

    def _delete_collection(self, resource: Resource, received: Received) -> Reply:
        page = reading.delete_selection(self.state, resource, received)
        options = DeleteOptions.of(received)
        for record in page.records:
            deleting.mark_deleted(self.state, resource, record.document(), options)
        warnings = deleting.warnings_of(resource, options)
        if resource.facts.deleted_collection == "status":
            return success({"kind": resource.resource})
        return raw_reply(reading.written_list(resource, page, form_of(received)), warnings=warnings)

    def _end_watches(self, storage: Storage) -> None:
        for stream in list(self._watches):
            if stream.storage == storage:
                stream.end()

    def _changed(self, change: Change) -> None:
        for stream in list(self._watches):
            stream.offer(change)

    def _create_first_objects(self) -> None:
        self._create_namespaces()
        self.settle()

    def _create_namespaces(self) -> None:
        namespaces = self.state.resources.find("", "v1", "namespaces")
        if namespaces is None:
            return
        for name in _FIRST_NAMESPACES:
            path = "/api/v1/namespaces"
            received = Received(method="POST", path=path, headers={"user-agent": "kube-apiserver"})
            options = WriteOptions(is_dry_run=False, validation="Ignore", manager="kube-apiserver")
            body = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}}
            creating.create(self.state, namespaces, received, body, options)
