"""A real API server for tests: kube-apiserver and etcd as processes of this machine."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import ssl
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from kubecore.testing.machine import binaries
from kubecore.testing.machine.binaries import BinariesMissingError
from kubecore.testing.machine.control_plane import ControlPlane
from kubecore.testing.machine.endpoint import Endpoint, write_private
from kubecore.testing.machine.processes import Folder
from kubecore.testing.machine.signing_key import SigningKey

if TYPE_CHECKING:
    from kubecore.rest import Config
    from kubecore.testing.machine.controller_thread import ControllerThread
    from kubecore.testing.machine.sharing import SharedServer

__all__ = ["ApiServer", "BinariesMissingError"]

_PATIENCE: Final = 30.0

_CERTIFICATE: Final = "apiserver.crt"
"""The name that kube-apiserver gives the certificate that it signs itself."""


class ApiServer:
    """A real API server with its etcd, on free ports of 127.0.0.1.

    A context manager: the server is ready at the start of the block. At the end of the block, and when this process is
    killed, both processes are stopped and their temporary folder is removed.

    Args:
        version: The version of Kubernetes, such as `1.37`, or `1.37.2` for that one.
        controllers: Whether namespaces are deleted with their content, garbage is collected, deleted pods end after
            their grace period, and new namespaces get their default service account. If not, no service account is
            required for pods.
        folder: The folder of the programs etcd and kube-apiserver. By default it is `KUBEBUILDER_ASSETS`, or it is
            found in setup-envtest's store or in the cache of `python -m kubecore.testing download`.
        flags: More flags of kube-apiserver, as `--name=value`.

    Raises:
        BinariesMissingError: The programs are missing; nothing is downloaded automatically.
    """

    def __init__(
        self,
        version: str = "1.37",
        controllers: bool = True,
        *,
        folder: str | os.PathLike[str] | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        self.version = version
        self._with_controllers = controllers
        self._programs = binaries.find(version) if folder is None else Path(folder)
        self._more_flags = tuple(flags)
        self._token = ""
        self._files: Folder | None = None
        self._plane: ControlPlane | None = None
        self._controllers: ControllerThread | None = None

    @classmethod
    def shared(
        cls,
        run: str | os.PathLike[str],
        version: str = "1.37",
        controllers: bool = True,
        *,
        folder: str | os.PathLike[str] | None = None,
    ) -> AbstractContextManager[SharedServer]:
        """Share one server among the processes of a test run, such as the workers of pytest-xdist.

        The first process that enters the block starts the server. It waits at the end of its block for the other
        processes, and stops the server.

        Args:
            run: A private folder of the test run. With pytest-xdist it is `tmp_path_factory.getbasetemp().parent`.
            version: The version of Kubernetes.
            controllers: Whether namespaces, garbage and pods are deleted.
            folder: The folder of the programs etcd and kube-apiserver.

        Returns:
            A context manager. It yields `url`, `config` and `kubeconfig` of the server.

        Raises:
            BinariesMissingError: The programs are missing.
        """
        from kubecore.testing.machine.sharing import shared

        made = cls(version, controllers, folder=folder)
        return shared(run, lambda: made)

    def __repr__(self) -> str:
        """Show the version, and the address if the server runs."""
        address = f", url={self.url!r}" if self._plane is not None and self._plane.port else ""
        return f"ApiServer({self.version!r}{address})"

    @property
    def url(self) -> str:
        """The URL of the server."""
        return self._running().url

    @property
    def config(self) -> Config:
        """A new configuration of the administrator."""
        return self.endpoint().config()

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig file of the administrator, which only the user can read."""
        return self._folder() / "kubeconfig"

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that run."""
        return [] if self._plane is None else [process.pid for process in self._plane.processes]

    def __enter__(self) -> Self:
        """Start the server and wait until it is ready.

        Raises:
            RuntimeError: A program does not start, or is of another version; the message contains the end of its log.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the server and remove its files."""
        self.stop()

    def stop(self) -> None:
        """Stop the server and remove its files: SIGTERM, and SIGKILL after two seconds."""
        if self._controllers is not None:
            self._controllers.close()
        if self._plane is not None:
            self._plane.stop()
        if self._files is not None:
            self._files.remove()
        self._plane = self._files = self._controllers = None

    def restart(self) -> None:
        """Restart kube-apiserver on the same port; objects and versions stay."""
        self._running().stop_apiserver()
        self._running().start_apiserver()

    def compact(self) -> None:
        """Compact etcd, so that watches and lists of older versions get 410."""
        self._running().compact()

    def endpoint(self) -> Endpoint:
        """Return the address and the credentials of the administrator."""
        return Endpoint(url=self.url, token=self._token, ca=self._certificate().read_bytes())

    def _start(self) -> None:
        self._files = Folder("kubecore-apiserver-")
        self._token = secrets.token_urlsafe(32)
        # The token is in files alone: the arguments of a process can be read by all users of the machine.
        write_private(self._folder() / "tokens.csv", f"{self._token},admin,admin,system:masters\n".encode())
        write_private(self._folder() / "sa.key", SigningKey().private_pem())
        self._plane = ControlPlane(
            self._files,
            etcd=self._programs / "etcd",
            apiserver=self._programs / "kube-apiserver",
            flags=self._flags(),
            is_ready=lambda: self._get("/readyz") == b"ok",
            more_flags=self._more_flags,
        )
        self._plane.start()
        self._check_version()
        self.endpoint().write_kubeconfig(self.kubeconfig)
        if self._with_controllers:
            self._start_controllers()

    def _start_controllers(self) -> None:
        from kubecore.testing.machine.controller_thread import ControllerThread

        self._controllers = ControllerThread(self.config, self._certificate().read_text("ascii"))
        deadline = time.monotonic() + _PATIENCE
        while not self._get("/api/v1/namespaces/default/serviceaccounts/default"):
            if time.monotonic() > deadline:
                message = f"the controllers of {self!r} created no default service account in {_PATIENCE:.0f} s"
                raise RuntimeError(message)
            time.sleep(0.02)

    def _flags(self) -> dict[str, object]:
        key = self._folder() / "sa.key"
        # Without controllers nothing creates service accounts, and no pod could be created.
        without = {} if self._with_controllers else {"disable-admission-plugins": "ServiceAccount"}
        return {
            "cert-dir": self._folder() / "certificates",
            "token-auth-file": self._folder() / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-account-key-file": key,
            "service-account-signing-key-file": key,
            **without,
        }

    def _check_version(self) -> None:
        found = str(json.loads(self._get("/version"))["gitVersion"]).removeprefix("v")
        if not binaries.matches(found, self.version):
            message = f"{self._programs}/kube-apiserver is version {found}, expected {self.version}"
            raise RuntimeError(message)

    def _get(self, path: str) -> bytes:
        """Return the body of a response with status 200; without one it is empty."""
        if not self._certificate().exists():
            return b""
        try:
            # The file is written in parts, so that its beginning may be invalid.
            context = ssl.create_default_context(cafile=str(self._certificate()))
            connection = http.client.HTTPSConnection("127.0.0.1", self._running().port, context=context, timeout=10)
            try:
                connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
                response = connection.getresponse()
                content = response.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return b""
        return content if response.status == 200 else b""

    def _certificate(self) -> Path:
        return self._folder() / "certificates" / _CERTIFICATE

    def _folder(self) -> Path:
        if self._files is None:
            message = f"{self!r} does not run; use it in a with statement"
            raise RuntimeError(message)
        return self._files.path

    def _running(self) -> ControlPlane:
        if self._plane is None:
            message = f"{self!r} does not run; use it in a with statement"
            raise RuntimeError(message)
        return self._plane
