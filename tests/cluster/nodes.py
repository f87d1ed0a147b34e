"""A node of a cluster: kwok reports a ready node and running pods, and a node server acts for the containers."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kubecore.testing.machine.control_plane import flags_of
from kubecore.testing.machine.processes import ServerProcess, free_port, retry_if_port_taken
from tests.cluster.build import node_binaries

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

NODE: Final = "node-1"
"""The node's name. There is no scheduler, so pods and pod templates set it as their `nodeName`."""

_PATIENCE: Final = 30.0


class Nodes:
    """One node of a cluster, with its containers.

    A container is a folder. exec runs commands in that folder as processes of this machine, port-forward connects
    to ports of 127.0.0.1, and a log contains the lines that `log` wrote.

    Args:
        cluster: The running cluster.
        certificates: The server's certificate and key.
    """

    def __init__(self, cluster: Cluster, certificates: tuple[Path, Path]) -> None:
        self._cluster = cluster
        self._cert, self._key = certificates
        self._bin = node_binaries()
        self._root = cluster.folder / "containers"
        self._kwok: ServerProcess | None = None
        self._server: ServerProcess | None = None
        self.port = 0

    def start(self) -> None:
        """Start the node server and kwok, and wait until the node is ready."""
        retry_if_port_taken(self._start_server)
        self._start_kwok()
        self.add(NODE)

    def add(self, name: str, address: str | None = None) -> None:
        """Add a node unless it exists. The same node server acts for it, unless it has another address."""
        path = "/api/v1/nodes"
        if self._cluster.raw("GET", f"{path}/{name}")[0] == 404:
            self._post(path, {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}})
        until(lambda: self._is_ready(f"{path}/{name}"), f"{name} is not ready")
        # The host name is set because kwok removes all addresses if it is missing.
        kinds = ("InternalIP", "Hostname")
        addresses = [{"type": kind, "address": address or "127.0.0.1"} for kind in kinds]
        self._patch_status(f"{path}/{name}", {"addresses": addresses})

    @property
    def servers(self) -> list[ServerProcess]:
        """The processes that run."""
        return [server for server in (self._kwok, self._server) if server is not None]

    def running_pod(
        self,
        namespace: str,
        name: str = "pod",
        containers: Sequence[str] = ("main",),
        *,
        labels: Mapping[str, str] | None = None,
        address: str | None = None,
    ) -> str:
        """Create a pod, wait until it runs and return its name.

        Args:
            namespace: Its namespace, which must exist.
            name: Its name.
            containers: The names of its containers.
            labels: Its labels.
            address: Its address, if the API server must be able to reach it.
        """
        spec = {
            "nodeName": NODE,
            "containers": [{"name": container, "image": "none"} for container in containers],
            "terminationGracePeriodSeconds": 0,
        }
        path = f"/api/v1/namespaces/{namespace}/pods"
        self._post(path, {"metadata": {"name": name, "labels": dict(labels or {})}, "spec": spec})
        until(lambda: self._is_ready(f"{path}/{name}"), f"pod {name} does not run")
        if address is not None:
            self._patch_status(f"{path}/{name}", {"podIP": address, "podIPs": [{"ip": address}]})
        return name

    def folder(self, namespace: str, pod: str, container: str = "main") -> Path:
        """Return the folder in which a container's commands run."""
        folder = self._root / namespace / pod / container
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(
        self,
        namespace: str,
        pod: str,
        *lines: bytes | str,
        container: str = "main",
        stream: str = "stdout",
        ago: float = 0.0,
        previous: bool = False,
    ) -> None:
        """Append lines to a container's log.

        Args:
            namespace: The pod's namespace.
            pod: The pod.
            *lines: The lines, without line ends.
            container: The container.
            stream: `stdout` or `stderr`.
            ago: How many seconds ago the container logged the lines.
            previous: Whether the lines are from the run of the container before its restart.
        """
        when = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=ago)
        start = f"{when.strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z {stream} F ".encode()
        texts = (line.encode() if isinstance(line, str) else line for line in lines)
        folder = self.folder(namespace, pod, container)
        with folder.with_name(f"{container}{'.previous' if previous else ''}.log").open("ab") as file:
            file.write(b"".join(start + text + b"\n" for text in texts))

    def end_container(self, namespace: str, pod: str, container: str = "main") -> None:
        """End a container's log. Clients that follow it receive its end within a second."""
        folder = self.folder(namespace, pod, container)
        folder.with_name(f"{container}.ended").touch()

    def _start_server(self) -> None:
        self.port = free_port()
        flags = {
            "address": f"127.0.0.1:{self.port}",
            "root": self._root,
            "tls-cert-file": self._cert,
            "tls-private-key-file": self._key,
            "client-ca-file": self._cluster.ca_file,
        }
        self._server = self._cluster.start_process(_command(self._bin / "nodeserver", flags), "nodeserver.log")
        self._server.wait_until(lambda: self._cluster.answers("/healthz", self.port))

    def _start_kwok(self) -> None:
        flags = {
            "kubeconfig": self._cluster.kubeconfig,
            "config": self._bin / "stages.yaml",
            "manage-all-nodes": "true",
            "node-ip": "127.0.0.1",
            "node-port": self.port,
            # The heartbeat of the node: without it, the controllers consider the node lost after 50 s.
            "node-lease-duration-seconds": 40,
            # No test uses kwok's own server. By default, it would listen on the node's port.
            "server-address": "127.0.0.1:0",
        }
        self._kwok = self._cluster.start_process(_command(self._bin / "kwok", flags), "kwok.log")

    def _post(self, path: str, body: Any) -> None:
        status, answer = self._cluster.raw("POST", path, body)
        if status != 201:
            message = f"{path} answered {status}: {answer}"
            raise RuntimeError(message)

    def _patch_status(self, path: str, status: Any) -> None:
        kind = "application/merge-patch+json"
        code, answer = self._cluster.raw("PATCH", f"{path}/status", {"status": status}, content_type=kind)
        if code != 200:
            message = f"{path} answered {code}: {answer}"
            raise RuntimeError(message)

    def _is_ready(self, path: str) -> bool:
        conditions = self._cluster.raw("GET", path)[1].get("status", {}).get("conditions", ())
        return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _command(program: Path, flags: Mapping[str, Any]) -> list[str]:
    return [str(program), *flags_of(flags)]


def until(true: Callable[[], bool], failure: str = "it did not come to pass") -> None:
    """Wait until a condition is true, for at most 30 seconds."""
    deadline = time.monotonic() + _PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(failure)
        time.sleep(0.05)
