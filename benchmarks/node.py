"""A real cluster with a node, for the streaming cases: commands, logs and ports of a pod."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from benchmarks.clients.measure import STREAMED
from tests.cluster import Cluster

CASES = ("exec", "log", "forward")
"""The cases that need a node."""

_LINE = "x" * 999


@contextlib.contextmanager
def node(folder: Path) -> Iterator[str]:
    """Run the cluster and an echo server, write the files `kubeconfig` and `port`, and yield the cluster's URL."""
    with Cluster() as cluster, echo() as port:
        nodes = cluster.start_nodes()
        nodes.running_pod("default", "web")
        nodes.log("default", "web", *[_LINE] * (STREAMED // (len(_LINE) + 1)))
        shutil.copy(cluster.kubeconfig, folder / "kubeconfig")
        (folder / "port").write_text(str(port))
        yield cluster.url


@contextlib.contextmanager
def echo() -> Iterator[int]:
    """Run an echo server on a loopback port, which is also a port of the pod; yield the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_repeat, args=(connection,), daemon=True).start()


def _repeat(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            connection.sendall(data)
