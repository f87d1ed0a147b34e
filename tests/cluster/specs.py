"""`make specs`: capture the OpenAPI documents of every version in specs/ from its own API server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from kgen import pull as pulling
from tests.cluster.build import CAPTURED, GoMissingError
from tests.cluster.cluster import ALL_APIS, Cluster

SPECS: Final = Path(__file__).parents[2] / "specs"
NOTE: Final = f"kube-apiserver with {' '.join(ALL_APIS)}"


def capture(version: str) -> None:
    """Pull a version's documents into its folder. Unchanged documents are not written."""
    minor = version.rpartition(".")[0]
    with Cluster(all_apis=True, controllers=False, version=version) as cluster:
        done = pulling.pull(SPECS / minor, kubeconfig=str(cluster.kubeconfig), note=NOTE)
    print(f"specs/{minor}: {len(done.fetched)} documents of {done.server_version} fetched", flush=True)


def main() -> int:
    """Capture all versions, or those named on the command line; a server's first build takes minutes."""
    try:
        for version in sys.argv[1:] or CAPTURED:
            capture(version)
    except GoMissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
