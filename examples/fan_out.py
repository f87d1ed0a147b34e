"""Count the pods of many clusters at once, with a thread for each context of the kubeconfig.

Run it: python examples/fan_out.py            # all contexts
        python examples/fan_out.py prod test  # these
A cluster that does not respond within 10 seconds is reported, and the others are not affected.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from kubeclient import Clientset
from kubecore import errors, kubeconfig


def count(context: str) -> str:
    """Return one line about a cluster."""
    try:
        with Clientset(kubeconfig.load_config(context=context)) as clientset:
            version = clientset.server_version(timeout=10).git_version
            pods = sum(1 for _ in clientset.core_v1.pods("").iter_metadata(timeout=10))
    except errors.KubeError as error:
        return f"{context}: {error}"
    return f"{context}: {version}, {pods} pods"


def main(contexts: list[str]) -> None:
    """Print the lines in the order of the contexts."""
    contexts = contexts or kubeconfig.KubeConfigFiles().names("contexts")
    with ThreadPoolExecutor(max_workers=16) as threads:
        for line in threads.map(count, contexts):
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
