"""A cluster with new certificates on free ports, which removes all its files when it stops."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import ssl
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import yaml

from tests.cluster.build import VERSION, binaries
from tests.cluster.nodes import Nodes
from tests.cluster.pki import Authority
from tests.cluster.processes import Server, again_where_taken, free_port

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
        self.port = 0
        self._etcd: Server | None = None
        self._api: Server | None = None
        self._controllers: Server | None = None
        self._nodes: Nodes | None = None

    @property
    def url(self) -> str:
        """The URL of the API server."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def etcd_url(self) -> str:
        """The URL of etcd, which serves JSON below `/v3`."""
        return self._etcd_url

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
        self.folder = Path(tempfile.mkdtemp(prefix="kgen-cluster-"))
        try:
            self._make_certificates()
            again_where_taken(self._start_etcd)
            again_where_taken(self._start_fresh_apiserver)
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
        servers = self._servers()
        # All servers get SIGTERM before the first wait, so that they stop at the same time.
        for server in servers:
            server.terminate()
        for server in servers:
            server.stop()
        self._controllers = self._api = self._etcd = self._nodes = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart_apiserver(self) -> None:
        """Restart the API server on the same port, so that clients and controllers find it again."""
        self.stop_apiserver()
        self.start_apiserver()

    def stop_apiserver(self) -> None:
        """Stop the API server; its port then refuses connections."""
        if self._api is not None:
            self._api.stop()
            self._api = None

    def start_apiserver(self) -> None:
        """Start the API server on its port and wait until it is ready."""
        self._api = Server(self._apiserver_command(), self.folder / "kube-apiserver.log")
        self._api.wait_until(lambda: self.answers("/readyz"))

    def kill_apiserver(self) -> None:
        """Kill the API server, so that it cannot end its connections properly."""
        if self._api is not None:
            self._api.kill()
            self._api = None

    def signal_apiserver(self, number: int) -> None:
        """Send the API server a signal, such as SIGSTOP and SIGCONT."""
        if self._api is not None:
            self._api.signal(number)

    def etcd(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a request to etcd's gateway and return the response; a path is, for example, `kv/range`."""
        request = urllib.request.Request(
            f"{self._etcd_url}/v3/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def revision(self) -> int:
        """Return etcd's revision, which is the newest resource version."""
        return int(self.etcd("kv/range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"])

    def compact(self) -> None:
        """Compact etcd, so that only the newest version remains."""
        self.etcd("kv/compaction", {"revision": str(self.revision())})

    def save_etcd(self) -> None:
        """Copy etcd's current data for `restore_etcd`. Both servers are restarted."""
        self._swap_etcd("etcd", "etcd.saved")

    def restore_etcd(self) -> None:
        """Replace etcd's data with the copy, which resets the resource versions to their earlier values."""
        self._swap_etcd("etcd.saved", "etcd")

    def _swap_etcd(self, source: str, target: str) -> None:
        assert self._etcd is not None
        self.kill_apiserver()
        self._etcd.stop()
        shutil.rmtree(self.folder / target, ignore_errors=True)
        shutil.copytree(self.folder / source, self.folder / target)
        again_where_taken(self._start_etcd)
        self.start_apiserver()

    def start_controllers(self) -> None:
        """Start the controller manager and wait until there is a default service account."""
        again_where_taken(self._start_controllers)

    def stop_controllers(self) -> None:
        """Stop the controller manager, for tests that need objects to stay as they are."""
        if self._controllers is not None:
            self._controllers.stop()
            self._controllers = None

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

    def _servers(self) -> list[Server]:
        running = [server for server in (self._controllers, self._api, self._etcd) if server is not None]
        return [*(self._nodes.servers if self._nodes else ()), *running]

    def _make_certificates(self) -> None:
        self._authority = Authority(self.folder)
        self.ca_file = self._authority.file
        self.ca_pem = self.ca_file.read_bytes()
        self._server_cert, self._server_key = self._authority.server()
        self._signing_key, self._signing_public = self._authority.signing_key()
        self.admin_cert_file, self.admin_key_file = self._authority.client("admin", ["system:masters"])

    def _start_etcd(self) -> None:
        self._etcd_url, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        flags = {
            "data-dir": self.folder / "etcd",
            "listen-client-urls": self._etcd_url,
            "advertise-client-urls": self._etcd_url,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
            "unsafe-no-fsync": "true",
        }
        etcd = self._etcd = Server([str(self._bin / "etcd"), *_flags(flags)], self.folder / "etcd.log")
        # The log is checked, not the port: if another etcd took the port, that one would respond.
        etcd.wait_until(lambda: etcd.printed("ready to serve client requests"))

    def _start_fresh_apiserver(self) -> None:
        self.port = free_port()
        self.start_apiserver()
        self.write_kubeconfig(self.kubeconfig)

    def _apiserver_command(self) -> list[str]:
        flags = {
            "etcd-servers": self._etcd_url,
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": self.port,
            "tls-cert-file": self._server_cert,
            "tls-private-key-file": self._server_key,
            "client-ca-file": self.ca_file,
            "kubelet-client-certificate": self.admin_cert_file,
            "kubelet-client-key": self.admin_key_file,
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": self._signing_public,
            "service-account-signing-key-file": self._signing_key,
            "authorization-mode": "Node,RBAC",
            "service-cluster-ip-range": "10.0.0.0/24",
            "allow-privileged": "true",
            "endpoint-reconciler-type": "none",
        }
        return [str(self._apiserver), *_flags(flags), *(ALL_APIS if self._all_apis else ()), *self._extra_flags]

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
        command = [str(self._bin / "kube-controller-manager"), *_flags(flags)]
        log = self.folder / "kube-controller-manager.log"
        self._controllers = Server([*command, *([FEATURE_GATES] if self._all_apis else ())], log)
        # The service account alone proves nothing: an earlier manager may have created it.
        self._controllers.wait_until(lambda: self.answers("/healthz", port))
        self._controllers.wait_until(lambda: self.answers("/api/v1/namespaces/default/serviceaccounts/default"))

    def answers(self, path: str, port: int = 0) -> bool:
        """Return whether a path of the API server, or of another server of the cluster, responds with 200."""
        try:
            return self.raw("GET", path, port=port)[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def _flags(values: dict[str, Any]) -> list[str]:
    return [f"--{name}={value}" for name, value in values.items()]


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
