"""One API server for all processes of a test run, such as the workers of pytest-xdist."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from kubecore.testing.machine.endpoint import Endpoint, write_private

if TYPE_CHECKING:
    from kubecore.rest import Config

__all__ = ["SharedServer", "shared"]


class _Server(Protocol):
    @property
    def kubeconfig(self) -> Path: ...

    def endpoint(self) -> Endpoint: ...


@dataclass(frozen=True)
class SharedServer:
    """A server that this process or another one has started.

    Attributes:
        kubeconfig: The kubeconfig file of the administrator, which only the user can read.
    """

    kubeconfig: Path
    _endpoint: Endpoint

    @property
    def url(self) -> str:
        """The URL of the server."""
        return self._endpoint.url

    @property
    def config(self) -> Config:
        """A new configuration of the administrator."""
        return self._endpoint.config()


@contextmanager
def shared(
    folder: str | os.PathLike[str], start: Callable[[], AbstractContextManager[_Server]]
) -> Generator[SharedServer]:
    """Use the server of a test run: the first process starts it, and stops it after all others have ended their blocks.

    If the process that started it was killed, the next one that enters the block starts another server.

    Args:
        folder: A folder of the test run that all processes share; it must be private, since it receives the token.
        start: Starts the server.

    Yields:
        The server.
    """
    place = Path(folder)
    address = place / "apiserver.json"
    with contextlib.ExitStack() as stack:
        users = stack.enter_context(_file(place / "apiserver.users"))
        owner = stack.enter_context(_file(place / "apiserver.owner"))
        with _file(place / "apiserver.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            is_owner = _is_free(owner)
            if is_owner:
                # An owner that was killed has left its address behind.
                address.unlink(missing_ok=True)
                server = stack.enter_context(start())
                _write(address, server)
            fcntl.flock(users, fcntl.LOCK_SH)
            found = _read(address)
        try:
            yield found
        finally:
            if is_owner:
                # New processes wait for the lock until the server has stopped, and then start their own.
                with _file(place / "apiserver.lock") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    fcntl.flock(users, fcntl.LOCK_EX)
                    address.unlink(missing_ok=True)
                    stack.close()


@contextmanager
def _file(path: Path) -> Generator[IO[bytes]]:
    """Open a file for locks. They end with the file, and so with the process."""
    with path.open("ab") as file:
        yield file


def _is_free(owner: IO[bytes]) -> bool:
    """Become the owner, unless another process is."""
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(address: Path, server: _Server) -> None:
    found = server.endpoint()
    content = {
        "url": found.url,
        "token": found.token,
        "ca": base64.b64encode(found.ca).decode(),
        "kubeconfig": str(server.kubeconfig),
    }
    write_private(address, json.dumps(content).encode())


def _read(address: Path) -> SharedServer:
    content = json.loads(address.read_bytes())
    endpoint = Endpoint(url=content["url"], token=content["token"], ca=base64.b64decode(content["ca"]))
    return SharedServer(Path(content["kubeconfig"]), endpoint)
