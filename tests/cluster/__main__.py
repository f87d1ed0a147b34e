"""`make cluster`: a real cluster to play with, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from tests.cluster import Cluster, GoMissingError


def main() -> int:
    """Run a cluster until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--all-apis", action="store_true", help="serve every API version, alpha ones too")
    parser.add_argument("--nodes", action="store_true", help="run a node too, on which pods run")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Cluster(all_apis=asked.all_apis) as cluster:
            if asked.nodes:
                cluster.start_nodes()
            print(f"the cluster is ready; Ctrl-C ends it\n  export KUBECONFIG={cluster.kubeconfig}", flush=True)
            threading.Event().wait()
    except GoMissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
