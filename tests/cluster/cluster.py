"""A cluster with new certificates and controllers on free ports, which removes all its files when it stops."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import yaml

from kubecore.testing.machine.control_plane import ControlPlane, flags_of
from kubecore.testing.machine.processes import Folder, ServerProcess, free_port, retry_if_port_taken, stop_all
from tests.cluster.build import VERSION, binaries
from tests.cluster.nodes import Nodes
from tests.cluster.pki import Authority

FEATURE_GATES: Final = "--feature-gates=AllAlpha=true,AllBeta=true"
ALL_APIS: Final = ("--runtime-config=api/all=true", FEATURE_GATES)
"""Flags with which the API server serves every API version that it has."""


class Cluster:
    """A real API server with its etcd and, by default, its controllers.

    Args:
        all_apis: Whether the server serves every API version, including those behind feature gates.
        controllers: Whether the controller manager runs, which creates service accounts and deletes namespaces.
        version: The API server's version; an older one has no controller manager.
        extra_flags: More flags of the API server, as `--name=value`.

    Raises:
        GoMissingError: The servers are not built, and no installed Go can build them.
    """

    folder: Path
    ca_file: Path
    ca_pem: bytes
    admin_cert_file: Path
    admin_key_file: Path

    def __init__(
        self,
        *,
        all_apis: bool = False,
        controllers: bool = True,
        version: str = VERSION,
        extra_flags: Sequence[str] = (),
    ) -> None:
        self._bin = binaries()
        self._apiserver = binaries(version) / "kube-apiserver"
        self._all_apis = all_apis
        self._with_controllers = controllers
        self._extra_flags = tuple(extra_flags)
        self._plane: ControlPlane | None = None
        self._controllers: ServerProcess | None = None
        self._nodes: Nodes | None = None

    @property
    def plane(self) -> ControlPlane:
        """The API server and its etcd: restart, kill, compaction, and data that go back."""
        assert self._plane is not None
        return self._plane

    @property
    def port(self) -> int:
        """The port of the API server."""
        return self.plane.port

    @property
    def url(self) -> str:
        """The URL of the API server."""
        return self.plane.url

    @property
    def etcd_url(self) -> str:
        """The URL of etcd, which serves JSON below `/v3`."""
        return self.plane.etcd_url

    @property
    def pids(self) -> list[int]:
        """The processes that run."""
        return [server.pid for server in self._servers()]

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, with inline certificates."""
        return self.folder / "admin.yaml"

    def __enter__(self) -> Self:
        """Start the cluster and wait until it is ready."""
        self._files = Folder("kgen-cluster-")
        self.folder = self._files.path
        try:
            self._make_certificates()
            self._plane = self._planned()
            self._plane.start()
            self.write_kubeconfig(self.kubeconfig)
            if self._with_controllers:
                self.start_controllers()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the cluster and remove its files."""
        self.stop()

    def stop(self) -> None:
        """Stop every process and remove the folder."""
        stop_all(self._servers())
        self._controllers = self._plane = self._nodes = None
        self._files.remove()

    def restart_apiserver(self) -> None:
        """Restart the API server on the same port, so that clients and controllers find it again."""
        self.stop_apiserver()
        self.start_apiserver()

    def stop_apiserver(self) -> None:
        """Stop the API server; its port then refuses connections."""
        self.plane.stop_apiserver()

    def start_apiserver(self) -> None:
        """Start the API server on its port and wait until it is ready."""
        self.plane.start_apiserver()

    def kill_apiserver(self) -> None:
        """Kill the API server, so that it cannot end its connections properly."""
        self.plane.kill_apiserver()

    def signal_apiserver(self, number: int) -> None:
        """Send the API server a signal, such as SIGSTOP and SIGCONT."""
        self.plane.signal_apiserver(number)

    def etcd(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a request to etcd's gateway and return the response; a path is, for example, `kv/range`."""
        return self.plane.etcd(path, body)

    def revision(self) -> int:
        """Return etcd's revision, which is the newest resource version."""
        return self.plane.revision()

    def compact(self) -> None:
        """Compact etcd, so that only the newest version remains."""
        self.plane.compact()

    def save_etcd(self) -> None:
        """Copy etcd's current data for `restore_etcd`. Both servers are restarted."""
        self.plane.save_etcd()

    def restore_etcd(self) -> None:
        """Replace etcd's data with the copy, which resets the resource versions to their earlier values."""
        self.plane.restore_etcd()

    def start_controllers(self) -> None:
        """Start the controller manager and wait until there is a default service account."""
        retry_if_port_taken(self._start_controllers)

    def stop_controllers(self) -> None:
        """Stop the controller manager, for tests that need objects to stay as they are."""
        if self._controllers is not None:
            self._controllers.stop()
            self._controllers = None

    def start_process(self, command: Sequence[str], log: str) -> ServerProcess:
        """Start another server in the folder of the cluster; it ends with this process at the latest."""
        return ServerProcess(command, self.folder / log, self._files)

    def start_nodes(self) -> Nodes:
        """Start a node if none runs yet. Missing programs are built first."""
        if self._nodes is None:
            self._nodes = Nodes(self, (self._server_cert, self._server_key))
            self._nodes.start()
        return self._nodes

    def client_cert(self, user: str, groups: Sequence[str] = ()) -> tuple[Path, Path]:
        """Return the certificate and the key of a user."""
        return self._authority.client(user, groups)

    def write_kubeconfig(
        self, path: Path, *, token: str | None = None, namespace: str = "default", embed: bool = True
    ) -> Path:
        """Write a kubeconfig of the administrator or of a token, with inline certificates or the paths of files."""
        certificates = {
            "client-certificate": self.admin_cert_file,
            "client-key": self.admin_key_file,
        }
        cluster = {"server": self.url, **_references({"certificate-authority": self.ca_file}, embed=embed)}
        user = {"token": token} if token else _references(certificates, embed=embed)
        context = {"cluster": "tests", "user": "admin", "namespace": namespace}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "admin",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "admin", "user": user}],
            "contexts": [{"name": "admin", "context": context}],
        }
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    def raw(
        self, method: str, path: str, body: Any = None, *, content_type: str = "application/json", port: int = 0
    ) -> tuple[int, Any]:
        """Send a request as the administrator without code of the project. JSON is parsed, other text is not."""
        context = ssl.create_default_context(cadata=self.ca_pem.decode())
        # Newer Pythons require key identifiers, which the CA does not have.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.load_cert_chain(self.admin_cert_file, self.admin_key_file)
        connection = http.client.HTTPSConnection("127.0.0.1", port or self.port, context=context, timeout=30)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": content_type})
            answer = connection.getresponse()
            return answer.status, _parsed(answer.read())
        finally:
            connection.close()

    def _servers(self) -> list[ServerProcess]:
        controllers = [] if self._controllers is None else [self._controllers]
        nodes = () if self._nodes is None else self._nodes.servers
        plane = () if self._plane is None else self._plane.processes
        return [*nodes, *controllers, *plane]

    def _make_certificates(self) -> None:
        self._authority = Authority(self.folder)
        self.ca_file = self._authority.file
        self.ca_pem = self.ca_file.read_bytes()
        self._server_cert, self._server_key = self._authority.server()
        self._signing_key, self._signing_public = self._authority.signing_key()
        self.admin_cert_file, self.admin_key_file = self._authority.client("admin", ["system:masters"])

    def _planned(self) -> ControlPlane:
        flags = {
            "tls-cert-file": self._server_cert,
            "tls-private-key-file": self._server_key,
            "client-ca-file": self.ca_file,
            "kubelet-client-certificate": self.admin_cert_file,
            "kubelet-client-key": self.admin_key_file,
            "service-account-key-file": self._signing_public,
            "service-account-signing-key-file": self._signing_key,
            "authorization-mode": "Node,RBAC",
        }
        return ControlPlane(
            self._files,
            etcd=self._bin / "etcd",
            apiserver=self._apiserver,
            flags=flags,
            is_ready=lambda: self.answers("/readyz"),
            more_flags=(*(ALL_APIS if self._all_apis else ()), *self._extra_flags),
        )

    def _start_controllers(self) -> None:
        port = free_port()
        flags = {
            "kubeconfig": self.kubeconfig,
            "service-account-private-key-file": self._signing_key,
            "root-ca-file": self.ca_file,
            "leader-elect": "false",
            "bind-address": "127.0.0.1",
            "secure-port": port,
            "tls-cert-file": self._server_cert,
            "tls-private-key-file": self._server_key,
        }
        command = [str(self._bin / "kube-controller-manager"), *flags_of(flags)]
        log = self.folder / "kube-controller-manager.log"
        more = [FEATURE_GATES] if self._all_apis else []
        self._controllers = ServerProcess([*command, *more], log, self._files)
        # The service account alone proves nothing: an earlier manager may have created it.
        self._controllers.wait_until(lambda: self.answers("/healthz", port))
        self._controllers.wait_until(lambda: self.answers("/api/v1/namespaces/default/serviceaccounts/default"))

    def answers(self, path: str, port: int = 0) -> bool:
        """Return whether a path of the API server, or of another server of the cluster, responds with 200."""
        try:
            return self.raw("GET", path, port=port)[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def _references(files: dict[str, Path], *, embed: bool) -> dict[str, str]:
    """Return the fields of a kubeconfig that name files or contain their content."""
    if embed:
        return {f"{name}-data": base64.b64encode(file.read_bytes()).decode() for name, file in files.items()}
    return {name: str(file) for name, file in files.items()}


def _parsed(content: bytes) -> Any:
    # The content type is ignored, because the server sends its list of OpenAPI documents as plain text.
    try:
        return json.loads(content)
    except ValueError:
        return content.decode()
