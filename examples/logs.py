"""Follow the logs of all pods that match a label selector, as `kubectl logs --follow --prefix --selector` does.

Run it: python examples/logs.py default app=web
Ctrl-C ends it. A pod that starts later is not followed.
"""

from __future__ import annotations

import sys
import threading

from kubeclient import Clientset
from kubecore import errors


def follow(clientset: Clientset, namespace: str, pod: str) -> None:
    """Print the lines of one pod until its container ends."""
    try:
        with clientset.core_v1.pods(namespace).stream_logs(pod, tail_lines=10, errors="replace") as lines:
            for line in lines:
                # One write for the text and the line end, because other threads print too.
                print(f"[{pod}] {line}\n", end="", flush=True)
    except errors.KubeError as error:
        print(f"[{pod}] {error}\n", end="", file=sys.stderr, flush=True)


def main(namespace: str, selector: str) -> None:
    """Start a thread for each pod and wait for all of them."""
    with Clientset() as clientset:
        pods = clientset.core_v1.pods(namespace).list(label_selector=selector)
        names = [pod.metadata.name or "" for pod in pods]
        threads = [threading.Thread(target=follow, args=(clientset, namespace, name), daemon=True) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python examples/logs.py NAMESPACE SELECTOR")
    main(*sys.argv[1:3])
