"""Which pod and which port a connection is forwarded to, by the rules of `kubectl port-forward`. No I/O.

Source: `k8s.io/kubectl/pkg/cmd/portforward`, `k8s.io/kubectl/pkg/polymorphichelpers` and `k8s.io/kubectl/pkg/util`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from kubecore import options
from kubecore.calls.call import Call
from kubecore.calls.resource import Resource
from kubecore.calls.steps import Steps, send
from kubecore.errors import InvalidRequestError, PortForwardError
from kubecore.model import meta
from kubecore.model.list_of import ObjectList
from kubecore.model.model import Model
from kubecore.selectors import to_query

__all__ = ["Found", "PodTarget", "ServiceTarget", "Target", "as_port"]

_PHASES: Final = {"Running": 2, "Unknown": 1}
_HEADLESS: Final = "None"


class Found(NamedTuple):
    """The target of a connection.

    Attributes:
        call: Opens a tunnel to the pod.
        port: The port of the pod.
    """

    call: Call[bytes]
    port: int


class Target(Protocol):
    """The object that connections are forwarded to.

    Attributes:
        place: The request, for errors.
    """

    place: str

    def find(self, port: int | str) -> Steps[Found]:
        """Find the pod and its port, in steps.

        Args:
            port: The number or the name of a port.
        """
        ...


class _Port(Model, kw_only=True):
    container_port: int = 0
    name: str = ""
    protocol: str = "TCP"


class _Container(Model, kw_only=True):
    ports: list[_Port] = []  # noqa: RUF012 - msgspec copies it
    restart_policy: str = ""


class _PodSpec(Model, kw_only=True):
    node_name: str = ""
    containers: list[_Container] = []  # noqa: RUF012
    init_containers: list[_Container] = []  # noqa: RUF012


class _Condition(Model, kw_only=True):
    type: str = ""
    status: str = ""
    last_transition_time: str | None = None


class _ContainerStatus(Model, kw_only=True):
    restart_count: int = 0


class _PodStatus(Model, kw_only=True):
    phase: str = ""
    conditions: list[_Condition] = []  # noqa: RUF012
    container_statuses: list[_ContainerStatus] = []  # noqa: RUF012


class _Pod(Model, kw_only=True):
    metadata: meta.ObjectMeta = msgspec.field(default_factory=meta.ObjectMeta)
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)
    status: _PodStatus = msgspec.field(default_factory=_PodStatus)

    @property
    def ready(self) -> _Condition | None:
        """The condition `Ready`, if it is true."""
        return next(
            (
                condition
                for condition in self.status.conditions
                if condition.type == "Ready" and condition.status == "True"
            ),
            None,
        )


class _ServicePort(Model, kw_only=True):
    port: int = 0
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str = 0


class _ServiceSpec(Model, kw_only=True):
    selector: dict[str, str] = {}  # noqa: RUF012
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    ports: list[_ServicePort] = []  # noqa: RUF012


class _Service(Model, kw_only=True):
    spec: _ServiceSpec = msgspec.field(default_factory=_ServiceSpec)


_PODS: Final[Resource[Any, Any]] = Resource(group="", version="v1", plural="pods", namespaced=True, kind=_Pod)


def as_port(port: int | str) -> int | str:
    """Return a port as a number, or the name of a port.

    Args:
        port: The argument of the caller; text of digits is a number.

    Raises:
        InvalidRequestError: It is neither.
    """
    given: object = port
    if isinstance(given, str) and given.isascii() and given.isdigit():
        given = int(given[:9])
    if isinstance(given, str) and given:
        return given
    if not isinstance(given, int) or isinstance(given, bool) or not 0 < given < 65536:
        raise InvalidRequestError(f"the port {str(port)[:40]!r} is neither a number from 1 to 65535 nor a port's name")
    return given


def _tunnel(resource: Resource[Any, Any], namespace: str, name: str) -> Call[bytes]:
    return resource.call("get", "GET", namespace, bytes, name=name, subresource="portforward", accept="*/*")


class PodTarget:
    """A pod. It is read only if a port has a name.

    Args:
        resource: The pods.
        namespace: The pod's namespace.
        name: The pod's name.

    Raises:
        InvalidRequestError: The name or the namespace is invalid.
    """

    def __init__(self, resource: Resource[Any, Any], namespace: str, name: str) -> None:
        self._call = _tunnel(resource, namespace, name)
        self._read: Call[_Pod] = resource.call("get", "GET", namespace, _Pod, name=name)
        self._pod: _Pod | None = None
        self.place: str = f"{self._call.method} {self._call.path}"

    def find(self, port: int | str) -> Steps[Found]:
        """Find the pod's port: see `Target`.

        Raises:
            PortForwardError: The pod has no port of this name.
        """
        port = as_port(port)
        if isinstance(port, int):
            return Found(self._call, port)
        if self._pod is None:
            self._pod = yield from send(self._read)
        return Found(self._call, _port_of_pod(self._pod, port))


class ServiceTarget:
    """A pod of a service, chosen at the first connection and kept, as kubectl does.

    Args:
        resource: The services.
        namespace: The service's namespace.
        name: The service's name.

    Raises:
        InvalidRequestError: The name or the namespace is invalid.
    """

    def __init__(self, resource: Resource[Any, Any], namespace: str, name: str) -> None:
        self._read: Call[_Service] = resource.call("get", "GET", namespace, _Service, name=name)
        self._namespace = namespace
        self._name = name
        self._chosen: tuple[_Service, _Pod] | None = None
        self.place: str = f"{self._read.method} {self._read.path}"

    def find(self, port: int | str) -> Steps[Found]:
        """Find a pod, and its port for a port of the service: see `Target`.

        Raises:
            PortForwardError: No pod runs behind the service, or it has no such port.
        """
        port = as_port(port)
        if self._chosen is None:
            service = yield from send(self._read)
            pods = yield from send(self._pods(service))
            self._chosen = service, self._best(service, pods.items)
        service, pod = self._chosen
        number = self._port(service, pod, port)
        return Found(_tunnel(_PODS, self._namespace, pod.metadata.name), number)

    def _pods(self, service: _Service) -> Call[ObjectList[_Pod]]:
        if not service.spec.selector:
            kind = ", it is of the type ExternalName" if service.spec.type == "ExternalName" else ""
            raise self._error(f"the service has no selector{kind}: no pod can be found for it")
        query = options.query(label_selector=service.spec.selector)
        return _PODS.call("list", "GET", self._namespace, ObjectList[_Pod], query=query)

    def _best(self, service: _Service, pods: Iterable[_Pod]) -> _Pod:
        found = sorted(pods, key=_rank)
        if not found:
            selector = to_query("label_selector", service.spec.selector)
            raise self._error(f"no pod matches the service's selector {selector}")
        pod = found[-1]
        if pod.status.phase != "Running":
            raise self._error(f"no pod of the service runs: {pod.metadata.name!r} is {pod.status.phase or 'Unknown'}")
        return pod

    def _port(self, service: _Service, pod: _Pod, port: int | str) -> int:
        by_name = isinstance(port, str)
        matching = [entry for entry in service.spec.ports if (entry.name if by_name else entry.port) == port]
        if not matching:
            known = ", ".join(
                f"{entry.name} ({entry.port})" if entry.name else str(entry.port) for entry in service.spec.ports
            )
            raise self._error(f"the service has no port {port!r}; it has {known or 'none'}")
        usable = [entry for entry in matching if entry.protocol != "UDP"]
        if not usable:
            raise self._error(f"the port {port!r} of the service is UDP, which can't be forwarded")
        found = usable[0]
        if service.spec.cluster_ip == _HEADLESS or not found.target_port:
            return found.port
        return found.target_port if isinstance(found.target_port, int) else _port_of_pod(pod, found.target_port)

    def _error(self, message: str) -> PortForwardError:
        return PortForwardError(f"{self.place}: {message}")


def _port_of_pod(pod: _Pod, name: str) -> int:
    """Return the number of a pod's port; sidecars are init containers that are always restarted."""
    containers = [
        *pod.spec.containers,
        *(container for container in pod.spec.init_containers if container.restart_policy == "Always"),
    ]
    ports = [port for container in containers for port in container.ports]
    matching = [port for port in ports if port.name == name]
    if not matching:
        known = ", ".join(port.name for port in ports if port.name)
        raise PortForwardError(f"the pod {pod.metadata.name!r} has no port {name!r}; it has {known or 'no named port'}")
    usable = [port for port in matching if port.protocol != "UDP"]
    if not usable:
        raise PortForwardError(f"the port {name!r} of the pod {pod.metadata.name!r} is UDP, which can't be forwarded")
    return usable[0].container_port


def _rank(pod: _Pod) -> tuple[Any, ...]:
    """Return the sort key of pods, the best last, as in kubectl.

    Assigned to a node, running, ready, not being deleted, ready for longest, fewest restarts, oldest.
    """
    ready = pod.ready
    created = pod.metadata.creation_timestamp
    return (
        bool(pod.spec.node_name),
        _PHASES.get(pod.status.phase, 0),
        ready is not None,
        pod.metadata.deletion_timestamp is None,
        _older(ready.last_transition_time if ready is not None else None),
        -max((status.restart_count for status in pod.status.container_statuses), default=0),
        _older(created.isoformat() if created is not None else None),
    )


def _older(time: str | None) -> tuple[bool, tuple[int, ...]]:
    """Return the sort key of times in UTC, the earliest last and missing ones first."""
    return time is not None, tuple(-ord(char) for char in time or "")
