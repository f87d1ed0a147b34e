"""A real API server with etcd on loopback, filled with pods."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import record
from benchmarks.environment import ROOT
from benchmarks.real import copies, pods
from tests.cluster import VERSION, Cluster

TOKEN = "bench"
FLAGS = ("--delete-collection-workers=8",)


@dataclass(frozen=True)
class Filled:
    """A server that is filled.

    Attributes:
        cluster: The server.
        folder: A folder with `ca.pem` and `kubeconfig`.
        pods: Number of its pods.
        pod_bytes: Bytes of one of them in a list.
        version: The server's version.
    """

    cluster: Cluster
    folder: Path
    pods: int
    pod_bytes: int
    version: str = VERSION

    @property
    def url(self) -> str:
        """The server's URL."""
        return self.cluster.url


@contextlib.contextmanager
def server(folder: Path, count: int) -> Iterator[Filled]:
    """Run the server with `count` pods, and write `ca.pem` and `kubeconfig` into `folder`.

    Pods beyond the first 10,000 are copies of them. Controllers do not run: they would remove pods whose nodes are
    missing.
    """
    tokens = folder / "tokens.csv"
    tokens.write_text(f'{TOKEN},bench,bench,"system:masters"\n')
    with Cluster(controllers=False, extra_flags=[f"--token-auth-file={tokens}", *FLAGS]) as cluster:
        shutil.copy(cluster.ca_file, folder / "ca.pem")
        record.write_kubeconfig(folder, cluster.url)
        began = time.perf_counter()
        made = min(count, copies.MOST)
        command = [sys.executable, "-m", "benchmarks.real.fill", str(folder / "kubeconfig"), str(made)]
        subprocess.run(command, cwd=ROOT, check=True)
        copies.fill(cluster.etcd_url, count - made)
        filled = Filled(cluster, folder, count, _size(cluster))
        seconds = time.perf_counter() - began
        print(f"{count} pods of {filled.pod_bytes:,} bytes, created in {seconds:.0f} s", file=sys.stderr, flush=True)
        yield filled


def _size(cluster: Cluster) -> int:
    _, found = cluster.raw("GET", f"/api/v1/namespaces/{pods.NAMESPACE}/pods?limit=1")
    return len(json.dumps(found["items"][0], separators=(",", ":")))
