"""One cluster: started with fresh certificates on fresh ports, gone without a trace when it stops."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import ssl
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.cluster.build import binaries
from tests.cluster.pki import Authority
from tests.cluster.processes import Server, free_port

ALL_APIS = ("--runtime-config=api/all=true", "--feature-gates=AllAlpha=true,AllBeta=true")
"""What the API server is started with to serve every API version that it has."""


class Cluster:
    """A real API server with its etcd, and with controllers unless told otherwise.

    Args:
        all_apis: Whether every API version is served, those behind feature gates too.
        controllers: Whether the controller manager runs: it makes service accounts and deletes namespaces.
    """

    def __init__(self, *, all_apis: bool = False, controllers: bool = True) -> None:
        self._bin = binaries()
        self._all_apis = all_apis
        self._with_controllers = controllers
        self.folder = Path(tempfile.mkdtemp(prefix="kgen-cluster-"))
        authority = Authority(self.folder)
        self._authority = authority
        self.ca_file = authority.file
        self._server_pair = authority.server()
        self._signing = authority.signing_key()
        self.admin_cert_file, self.admin_key_file = authority.client("admin", "system:masters")
        self.port = 0
        self._etcd: Server | None = None
        self._api: Server | None = None
        self._controllers: Server | None = None

    @property
    def url(self) -> str:
        """Where the API server is."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        """The processes that run."""
        return [server.pid for server in (self._etcd, self._api, self._controllers) if server is not None]

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, certificates inline."""
        return self.folder / "admin.yaml"

    def __enter__(self) -> Self:
        """Start it and wait until it is ready."""
        try:
            self._start_etcd()
            self.start_apiserver()
            if self._with_controllers:
                self.start_controllers()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it and remove what it left."""
        self.stop()

    def stop(self) -> None:
        """Stop every process and remove the folder."""
        for server in (self._controllers, self._api, self._etcd):
            if server is not None:
                server.stop()
        self._controllers = self._api = self._etcd = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def client_pair(self, user: str, *groups: str) -> tuple[Path, Path]:
        """Return the certificate and the key of a user."""
        return self._authority.client(user, *groups)

    def _start_etcd(self) -> None:
        self._etcd_url = f"http://127.0.0.1:{free_port()}"
        peer = f"http://127.0.0.1:{free_port()}"
        self._etcd = Server(
            [
                *(str(self._bin / "etcd"), "--data-dir", str(self.folder / "etcd"), "--unsafe-no-fsync"),
                *("--listen-client-urls", self._etcd_url, "--advertise-client-urls", self._etcd_url),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
                *("--initial-cluster", f"default={peer}", "--log-level", "error"),
            ],
            self.folder / "etcd.log",
        )

    def start_apiserver(self) -> None:
        """Start the API server on a fresh port and wait until it is ready."""
        self.port = free_port()
        certificate, key = self._server_pair
        private, public = self._signing
        self._api = Server(
            [
                str(self._bin / "kube-apiserver"),
                f"--etcd-servers={self._etcd_url}",
                *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={self.port}"),
                *(
                    f"--tls-cert-file={certificate}",
                    f"--tls-private-key-file={key}",
                    f"--client-ca-file={self.ca_file}",
                ),
                "--service-account-issuer=https://kubernetes.default.svc",
                *(f"--service-account-key-file={public}", f"--service-account-signing-key-file={private}"),
                *("--authorization-mode=Node,RBAC", "--service-cluster-ip-range=10.0.0.0/24"),
                *("--allow-privileged=true", "--endpoint-reconciler-type=none"),
                *(ALL_APIS if self._all_apis else ()),
            ],
            self.folder / "kube-apiserver.log",
        )
        self._api.wait_until(lambda: self._answers("/readyz"))
        self.write_kubeconfig(self.kubeconfig)

    def start_controllers(self) -> None:
        """Start the controller manager and wait until it has made the default service account."""
        self._controllers = Server(
            [
                str(self._bin / "kube-controller-manager"),
                *(f"--kubeconfig={self.kubeconfig}", f"--service-account-private-key-file={self._signing[0]}"),
                *(f"--root-ca-file={self.ca_file}", "--leader-elect=false"),
                *("--bind-address=127.0.0.1", f"--secure-port={free_port()}"),
            ],
            self.folder / "kube-controller-manager.log",
        )
        self._controllers.wait_until(lambda: self._answers("/api/v1/namespaces/default/serviceaccounts/default"))

    def stop_controllers(self) -> None:
        """Stop the controller manager, for tests that need objects to stay as they are."""
        if self._controllers is not None:
            self._controllers.stop()
            self._controllers = None

    def write_kubeconfig(self, file: Path, *, token: str | None = None, namespace: str = "default") -> Path:
        """Write a kubeconfig: the administrator's, or one with a token."""
        pair = {
            "client-certificate-data": _base64(self.admin_cert_file),
            "client-key-data": _base64(self.admin_key_file),
        }
        cluster = {"server": self.url, "certificate-authority-data": _base64(self.ca_file)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "admin",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token} if token else pair}],
            "contexts": [{"name": "admin", "context": {"cluster": "tests", "user": "admin", "namespace": namespace}}],
        }
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(content), "utf-8")
        return file

    def raw(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request as the administrator, without any code of the project."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.load_cert_chain(self.admin_cert_file, self.admin_key_file)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.status, json.loads(content) if is_json else content.decode()

    def _answers(self, path: str) -> bool:
        try:
            return self.raw("GET", path)[0] == 200
        except OSError:
            return False


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
