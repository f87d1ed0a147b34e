"""The objects of a fake cluster, as a test reads and writes them: without recorded requests and without faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from kubecore.calls.error_response import from_response
from kubecore.errors import InvalidRequestError, NotFoundError
from kubecore.manifests import load_manifest_files, load_manifests
from kubecore.model import Model
from kubecore.testing._server.exchange import Received
from kubecore.testing._server.plans import Plan
from kubecore.testing._server.route import route
from kubecore.testing.expectations import check_objects
from kubecore.testing.matching import Kind
from kubecore.testing.paths import path_for_create, path_to, resource_of
from kubecore.testing.snapshots import Checkpoint, normalised

if TYPE_CHECKING:
    from kubecore.testing._server.resources import Resource
    from kubecore.testing._server.server import Server
    from kubecore.testing.gate import ServerGate

__all__ = ["Objects"]

M = TypeVar("M", bound=Model)


class Objects:
    """The objects of a server; the methods may be called from any thread.

    Attributes:
        updates_files: Whether `assert_objects` writes its files again; pytest sets it with `--kube-update`.

    Args:
        server: The server.
        gate: The way to it.
    """

    def __init__(self, server: Server, gate: ServerGate) -> None:
        self._server = server
        self._gate = gate
        self.updates_files: bool = False
        with gate.lock:
            self._first = {
                record for found in server.store.snapshot().collections.values() for record in found.values()
            }

    def add(self, *objects: Model | Mapping[str, Any]) -> None:
        """Create objects without a recorded request. Their status is kept.

        Raises:
            StatusError: The server refuses one. Unknown fields are refused, too.
            NoMatchError: The server does not serve the kind.
            TypeError: An argument is not an object.
        """
        for each in objects:
            document = _document(each)
            resource, path = path_for_create(self._server.state.resources, document)
            made = self._send("POST", path, document)
            if "status" in document and "status" in resource.subresources:
                found = made["metadata"]
                path = path_to(resource, found.get("namespace", ""), found["name"])
                self._send("PUT", f"{path}/status", {**made, "status": document["status"]})

    def add_yaml(self, source: str | Path) -> None:
        """Create the objects of a text, a file or a folder: see `add`.

        Args:
            source: A path, or YAML: a text with a line break.

        Raises:
            DecodeError: It is not YAML with objects.
            StatusError: The server refuses an object.
        """
        self.add(*_load(source))

    def add_crds(self, source: str | Path) -> None:
        """Create the CustomResourceDefinitions of a text, a file or a folder; other objects in it are ignored.

        Args:
            source: A path, or YAML: a text with a line break.

        Raises:
            DecodeError: It is not YAML with objects.
            StatusError: The server refuses a definition.
        """
        found = (each.to_dict() if isinstance(each, Model) else each for each in _load(source))
        self.add(*(each for each in found if each.get("kind") == "CustomResourceDefinition"))

    def document(self, kind: Kind, name: str, namespace: str = "") -> dict[str, Any]:
        """Return the JSON object that the server has, without a recorded request.

        Args:
            kind: A model, or a name such as `Deployment`, `deployments.apps` or `apps/v1/Deployment`.
            name: The name of the object.
            namespace: Its namespace, "" for an object without one.

        Raises:
            NotFoundError: It does not exist.
            NoMatchError: The server does not serve the kind.
            InvalidRequestError: Objects of this kind are in namespaces, and the namespace is missing.
        """
        return self._send("GET", path_to(self._resource(kind), namespace, name))

    def documents(self, kind: Kind, namespace: str = "") -> list[dict[str, Any]]:
        """Return the JSON of all objects of a kind, without a recorded request.

        Args:
            kind: A model, or a name: see `document`.
            namespace: The namespace, "" for all.
        """
        resource = self._resource(kind)
        found: list[dict[str, Any]] = self._send("GET", path_to(resource, namespace)).get("items", [])
        return [{"apiVersion": resource.api_version, "kind": resource.kind, **each} for each in found]

    def get(self, model: type[M], name: str, namespace: str = "") -> M:
        """Return an object, without a recorded request: see `document`.

        Raises:
            TypeError: The first argument is the name of a kind instead of a class.
        """
        _require_class(model, "document")
        return model.from_dict(self.document(model, name, namespace))

    def set_status(self, kind: Kind, name: str, namespace: str, status: Model | Mapping[str, Any]) -> None:
        """Replace the status of an object, as a controller does, without a recorded request.

        Args:
            kind: A model, or a name: see `document`.
            name: The name of the object.
            namespace: Its namespace, "" for an object without one.
            status: The whole status, without `status` around it.

        Raises:
            StatusError: The object is missing, or the server refuses the status. Unknown fields are refused, too.
        """
        path = path_to(self._resource(kind), namespace, name)
        content = status.to_dict() if isinstance(status, Model) else dict(status)
        self._send("PUT", f"{path}/status", {**self._send("GET", path), "status": content})

    def patch(self, kind: Kind, name: str, namespace: str, changes: Mapping[str, Any]) -> None:
        """Change an object by a merge patch, as another program does, without a recorded request.

        Raises:
            StatusError: The server refuses it. Unknown fields are refused, too.
        """
        path = path_to(self._resource(kind), namespace, name)
        self._send("PATCH", path, changes, content_type="application/merge-patch+json")

    def delete(self, kind: Kind, name: str, namespace: str = "") -> None:
        """Delete an object, as another program does, without a recorded request.

        Raises:
            StatusError: The server refuses it.
        """
        self._send("DELETE", path_to(self._resource(kind), namespace, name))

    def bind(self, name: str, namespace: str, node: str = "node-1") -> None:
        """Assign a pod to a node, as the scheduler does, without a recorded request.

        From then on, a deleted pod ends after its grace period only.

        Args:
            name: The name of the pod.
            namespace: Its namespace.
            node: The name of the node, which need not exist.

        Raises:
            StatusError: The pod is missing, or has a node.
        """
        target = {"apiVersion": "v1", "kind": "Node", "name": node}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
        self._send("POST", f"{path_to(self._resource('v1/Pod'), namespace, name)}/binding", body)

    def set_logs(self, name: str, namespace: str, data: str | bytes, container: str = "") -> None:
        """Set the log of a container.

        Args:
            name: The name of the pod.
            namespace: The namespace of the pod.
            data: The whole log; an earlier one is replaced.
            container: The container, "" for every container of the pod without a log.

        Raises:
            InvalidRequestError: The pod exists, and has no such container.
        """
        if container:
            self._require_container(name, namespace, container)
        with self._gate.lock:
            self._server.logs.set(namespace, name, container, data)

    def _require_container(self, pod: str, namespace: str, container: str) -> None:
        try:
            spec: dict[str, Any] = self.document("v1/Pod", pod, namespace)["spec"]
        except NotFoundError:
            return  # The test may create the pod later.
        parts = ("initContainers", "containers", "ephemeralContainers")
        names = [each["name"] for part in parts for each in spec.get(part, [])]
        if container not in names:
            raise InvalidRequestError(f"pod {pod!r} has no container {container!r}: it has {', '.join(names)}")

    def snapshot(self, *kinds: Kind, managed_fields: bool = False) -> dict[str, dict[str, Any]]:
        """Return objects without values that differ between runs, for plugins that compare snapshots.

        Uids, versions and times become `uid-1`, `version-1` and `time-1`, in their order.

        Args:
            kinds: The kinds; by default all, without the objects that every cluster has at the start.
            managed_fields: Whether `metadata.managedFields` are kept.

        Returns:
            The objects by apiVersion, kind, namespace and name: `apps/v1 Deployment default/shop`.

        Raises:
            NoMatchError: The server does not serve a kind.
        """
        with self._gate.lock:
            found = [each for kind in kinds for each in self.documents(kind)] if kinds else self._new_documents()
        return normalised(found, managed_fields=managed_fields)

    def assert_objects(self, file: str | Path, *, update: bool | None = None) -> None:
        """Compare objects with a file: every field in the file must have the same value in the cluster.

        Lists must have the same length; their items are compared in the same way. Objects without a namespace are in
        `default`.

        Args:
            file: A YAML file with objects.
            update: Whether the file is written again from the cluster, with the same fields and without its comments.
                A missing file gets all objects that the cluster did not have at the start. None for the option
                `--kube-update` of pytest.

        Raises:
            AssertionError: The objects differ; the message shows the lines.
            FileNotFoundError: The file is missing, and is not written.
            DecodeError: It is not YAML with objects.
        """
        is_update = self.updates_files if update is None else update
        check_objects(file, self._find, is_update=is_update, present=self._new_documents)

    def _find(self, api_version: str, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        try:
            return self.document(f"{api_version}/{kind}", name, namespace)
        except NotFoundError:
            return None

    def _new_documents(self) -> list[dict[str, Any]]:
        """Return the objects that the cluster did not have at the start."""
        with self._gate.lock:
            collections = self._server.store.snapshot().collections.values()
            return [
                record.document() for found in collections for record in found.values() if record not in self._first
            ]

    def checkpoint(self) -> Checkpoint:
        """Return the state of all objects, for `restore`."""
        with self._gate.lock:
            return Checkpoint(self._server.store.snapshot())

    def list(self, model: type[M], namespace: str = "") -> list[M]:
        """Return all objects of a kind, without a recorded request.

        Args:
            model: The class.
            namespace: The namespace, "" for all.

        Raises:
            TypeError: The first argument is the name of a kind instead of a class.
        """
        _require_class(model, "documents")
        return [model.from_dict(each) for each in self.documents(model, namespace)]

    def _resource(self, kind: Kind) -> Resource:
        return resource_of(self._server.state.resources, kind)

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Send a request that is not recorded and that no fault applies to."""
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {"accept": "application/json", "content-type": content_type, "user-agent": "kubecore.testing"}
        query = [] if body is None else [("fieldValidation", "Strict")]  # The test would not see the warnings.
        received = Received(method=method, path=path, query=query, headers=headers, content=content)
        route(received)
        reply = self._gate.perform(received, Plan(), is_internal=True)
        if reply.code >= 300:
            raise from_response(received, reply.code, dict(reply.headers), reply.content)
        return msgspec.json.decode(reply.content, type=dict[str, Any])


def _document(item: object) -> dict[str, Any]:
    if isinstance(item, Model):
        return item.to_dict()
    if not isinstance(item, Mapping):
        hint = "; add_yaml accepts YAML" if isinstance(item, str | Path) else ": write add(*objects) for several"
        raise TypeError(f"add accepts models and mappings, not {type(item).__name__}{hint}")
    return dict(cast("Mapping[str, Any]", item))


def _require_class(model: object, method: str) -> None:
    if isinstance(model, str):
        raise TypeError(f"expected a model, such as core_v1.Pod, not {model!r}; {method} accepts the name of a kind")


def _load(source: str | Path) -> Sequence[Model | dict[str, Any]]:
    is_text = isinstance(source, str) and "\n" in source
    return load_manifests(str(source)) if is_text else load_manifest_files(source)
