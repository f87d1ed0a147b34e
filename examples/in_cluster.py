"""Count the pods of all namespaces and look for one of them, every 10 seconds, from inside a cluster.

Run it in a pod: python examples/in_cluster.py
Its service account needs `list` on pods of the cluster and `get` on pods of the namespace `default`.
"""

from __future__ import annotations

import sys
import time

from kubeclient import Clientset
from kubecore import errors, rest


def main() -> None:
    """Run until the process is ended."""
    try:
        config = rest.in_cluster_config()
    except rest.NotInClusterError as error:
        sys.exit(f"error: {error}")
    with Clientset(config) as clientset:
        while True:
            look(clientset)
            time.sleep(10)


def look(clientset: Clientset) -> None:
    """Count the pods, and look for `example-xxxxx`."""
    try:
        pods = clientset.core_v1.pods("").list()
        print(f"There are {len(pods.items)} pods in the cluster", flush=True)
        clientset.core_v1.pods("default").get("example-xxxxx")
    except errors.NotFoundError:
        print("Pod example-xxxxx not found in default namespace", flush=True)
    except errors.StatusError as error:
        print(f"Error getting pod {error.status.message}", flush=True)
    else:
        print("Found example-xxxxx pod in default namespace", flush=True)


if __name__ == "__main__":
    main()
