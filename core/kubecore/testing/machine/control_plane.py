"""An API server with its etcd on free ports of loopback: start, restart, kill, compaction, and data that go back."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from kubecore.testing.machine.processes import Folder, ServerProcess, free_port, retry_if_port_taken, stop_all

__all__ = ["ControlPlane", "flags_of"]

_COMMON: Final = {
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-cluster-ip-range": "10.0.0.0/24",
    "allow-privileged": "true",
    "endpoint-reconciler-type": "none",
}


class ControlPlane:
    """An API server and its etcd.

    Args:
        folder: The folder for their files.
        etcd: The program etcd.
        apiserver: The program kube-apiserver.
        flags: Flags of the API server: certificates, keys, authorization.
        is_ready: Whether the API server, which runs, is ready to serve requests.
        more_flags: More flags of the API server, as `--name=value`; they win over all others.
    """

    def __init__(
        self,
        folder: Folder,
        *,
        etcd: Path,
        apiserver: Path,
        flags: Mapping[str, object],
        is_ready: Callable[[], bool],
        more_flags: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._etcd_program = etcd
        self._program = apiserver
        self._flags = flags
        self._more_flags = tuple(more_flags)
        self._is_ready = is_ready
        self._etcd: ServerProcess | None = None
        self._api: ServerProcess | None = None
        self.port: int = 0
        self.etcd_url: str = ""

    @property
    def url(self) -> str:
        """The URL of the API server."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def processes(self) -> list[ServerProcess]:
        """The processes that run."""
        return [process for process in (self._api, self._etcd) if process is not None]

    def start(self) -> None:
        """Start both on free ports and wait until the API server is ready."""
        retry_if_port_taken(self._start_etcd)
        retry_if_port_taken(self._start_fresh_apiserver)

    def stop(self) -> None:
        """Stop both, within two seconds."""
        stop_all(self.processes)
        self._api = self._etcd = None

    def start_apiserver(self) -> None:
        """Start the API server on its port and wait until it is ready."""
        flags = {**_COMMON, "etcd-servers": self.etcd_url, "secure-port": self.port, **self._flags}
        command = [str(self._program), *flags_of(flags), *self._more_flags]
        self._api = ServerProcess(command, self._folder.path / "kube-apiserver.log", self._folder)
        self._api.wait_until(self._is_ready)

    def stop_apiserver(self) -> None:
        """Stop the API server; its port then refuses connections."""
        if self._api is not None:
            self._api.stop()
            self._api = None

    def kill_apiserver(self) -> None:
        """Kill the API server, so that it cannot end its connections properly."""
        if self._api is not None:
            self._api.kill()
            self._api = None

    def signal_apiserver(self, number: int) -> None:
        """Send the API server a signal, such as SIGSTOP and SIGCONT."""
        if self._api is not None:
            self._api.signal(number)

    def etcd(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request to etcd's gateway.

        Args:
            path: The path below `/v3`, such as `kv/range`.
            body: The request.

        Returns:
            The response.
        """
        connection = http.client.HTTPConnection(urlsplit(self.etcd_url).netloc, timeout=10)
        try:
            connection.request("POST", f"/v3/{path}", json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != 200:
            message = f"etcd refused {path} with {response.status}: {content.decode('utf-8', 'replace')}"
            raise RuntimeError(message)
        found: dict[str, Any] = json.loads(content)
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
        self.kill_apiserver()
        if self._etcd is not None:
            self._etcd.stop()
        shutil.rmtree(self._folder.path / target, ignore_errors=True)
        shutil.copytree(self._folder.path / source, self._folder.path / target)
        retry_if_port_taken(self._start_etcd)
        self.start_apiserver()

    def _start_etcd(self) -> None:
        self.etcd_url, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        flags = {
            "data-dir": self._folder.path / "etcd",
            "listen-client-urls": self.etcd_url,
            "advertise-client-urls": self.etcd_url,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
            "unsafe-no-fsync": "true",
        }
        command = [str(self._etcd_program), *flags_of(flags)]
        etcd = self._etcd = ServerProcess(command, self._folder.path / "etcd.log", self._folder)
        # The log is checked, not the port: if another etcd took the port, that one would respond.
        etcd.wait_until(lambda: etcd.printed("ready to serve client requests"))

    def _start_fresh_apiserver(self) -> None:
        self.port = free_port()
        self.start_apiserver()


def flags_of(values: Mapping[str, object]) -> list[str]:
    """Return flags as the arguments of a command."""
    return [f"--{name}={value}" for name, value in values.items()]
