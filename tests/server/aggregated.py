"""An aggregated API server behind the real one: it serves one group, its OpenAPI v3 document and one object."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from kubeclient import Clientset
from kubecore import rest
from tests.cluster import Cluster
from tests.cluster.nodes import until
from tests.kgen.documents import document

GROUP: Final = "stats.aggregated.example.com"
API: Final = f"{GROUP}/v1"
DOCUMENT: Final = f"apis/{API}"

_SERVED: Final = document(GROUP, kind="Reading", plural="readings")
_HASH: Final = hashlib.sha512(json.dumps(_SERVED).encode()).hexdigest().upper()
_READING: Final = {
    "apiVersion": API,
    "kind": "Reading",
    "metadata": {"name": "first", "namespace": "default"},
    "spec": {"size": 7},
}
_RESOURCE: Final = {"name": "readings", "namespaced": True, "kind": "Reading", "verbs": ["get", "list", "create"]}
_ANSWERS: Final[dict[str, Any]] = {
    "/openapi/v3": {"paths": {DOCUMENT: {"serverRelativeURL": f"/openapi/v3/{DOCUMENT}?hash={_HASH}"}}},
    f"/openapi/v3/{DOCUMENT}": _SERVED,
    f"/{DOCUMENT}": {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": API, "resources": [_RESOURCE]},
    f"/{DOCUMENT}/namespaces/default/readings": {"apiVersion": API, "kind": "ReadingList", "items": [_READING]},
    f"/{DOCUMENT}/namespaces/default/readings/first": _READING,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # The response head and the body are two writes.
    server: AggregatedServer

    def do_GET(self) -> None:
        if self.server.is_down:
            self.close_connection = True
            return
        found = _ANSWERS.get(self.path.partition("?")[0])
        missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        body = json.dumps(found or missing).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Print no line per request."""


class AggregatedServer(ThreadingHTTPServer):
    """Aggregated API server with TLS, which the API server requires.

    Attributes:
        is_down: Whether it closes each connection without a response.
    """

    daemon_threads = False
    is_down = False

    def __init__(self, cluster: Cluster) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(cluster.folder / "server.crt", cluster.folder / "server.key")
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = self.socket.accept()
        connection.settimeout(1)  # Connections that the API server keeps open must not block the test.
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of connections: the API server may close one at any time."""


@contextlib.contextmanager
def aggregated(cluster: Cluster, config: rest.Config) -> Iterator[AggregatedServer]:
    """Register the group, wait until the API server publishes its document, and unregister it at the end."""
    with AggregatedServer(cluster) as server, Clientset(config) as clientset:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            with _registered(clientset, server.server_address[1]):
                until(lambda: _is_listed(clientset), "the aggregated API is listed")
                yield server
            until(lambda: not _is_listed(clientset), "the aggregated API is gone")
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def _registered(clientset: Clientset, port: int) -> Iterator[None]:
    services, apis = clientset.core_v1.services("default"), clientset.apiregistration_v1.api_services()
    # An external name, because a cluster IP does not work without a node.
    services.create(
        {
            "metadata": {"name": "aggregated"},
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
        }
    )
    name = f"v1.{GROUP}"
    spec = {
        "group": GROUP,
        "version": "v1",
        "groupPriorityMinimum": 1000,
        "versionPriority": 10,
        "insecureSkipTLSVerify": True,
        "service": {"namespace": "default", "name": "aggregated", "port": port},
    }
    try:
        apis.create({"metadata": {"name": name}, "spec": spec})
        try:
            yield
        finally:
            apis.delete(name)
    finally:
        services.delete("aggregated")


def _is_listed(clientset: Clientset) -> bool:
    return DOCUMENT in json.loads(clientset.rest_client.get_bytes("/openapi/v3"))["paths"]
