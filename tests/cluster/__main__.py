"""`make cluster`: a real cluster to play with, until Ctrl-C."""

from __future__ import annotations

import sys
import threading

from tests.cluster import Cluster, GoMissingError


def main() -> int:
    try:
        with Cluster(all_apis="--all-apis" in sys.argv[1:]) as cluster:
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
