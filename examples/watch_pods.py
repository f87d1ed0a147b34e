"""Print every change of the phase of a pod: first the state, then what changes, across restarts of the server.

Run it: python examples/watch_pods.py default
Ctrl-C ends it.
"""

from __future__ import annotations

import sys

from kubeclient import Clientset
from kubeclient.models import core_v1


def phase_of(pod: core_v1.Pod) -> str:
    """Return the phase, `Terminating` for a pod that is being deleted."""
    if pod.metadata.deletion_timestamp is not None:
        return "Terminating"
    return pod.status.phase or "Unknown"


def main(namespace: str) -> None:
    """Follow the pods of a namespace until Ctrl-C."""
    with Clientset() as clientset, clientset.core_v1.pods(namespace).list_and_watch() as changes:
        phases = {pod.metadata.name: phase_of(pod) for pod in changes.items}
        print(f"{len(phases)} pods", flush=True)
        for event in changes:
            name = event.object.metadata.name
            before = phases.pop(name, "absent")
            now = "deleted" if event.type == "DELETED" else phase_of(event.object)
            if event.type != "DELETED":
                phases[name] = now
            if now != before:
                print(f"{name}: {before} -> {now}", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "")
    except KeyboardInterrupt:
        print("ended")
