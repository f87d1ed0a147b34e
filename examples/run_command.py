"""Run a command in every pod that matches a label selector, and print its output and exit code.

Run it: python examples/run_command.py default app=web -- sh -c 'uname -a'
It needs the extra `ws`. The exit code is 1 if the command failed in any pod.
"""

from __future__ import annotations

import argparse

from kubeclient import Clientset
from kubecore import errors


def run(clientset: Clientset, namespace: str, pod: str, command: list[str]) -> bool:
    """Run the command in one pod and return whether it succeeded."""
    try:
        done = clientset.core_v1.pods(namespace).run(pod, command, text=True, errors="replace", timeout=30)
    except (errors.StatusError, errors.TransportError, errors.CommandTimeoutError) as error:
        print(f"{pod}: {error}")
        return False
    print(f"{pod}: exit code {done.returncode}")
    print(done.stdout + done.stderr, end="")
    return done.returncode == 0


def main() -> int:
    """Run the command in one pod after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("namespace")
    parser.add_argument("selector")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    with Clientset() as clientset:
        pods = clientset.core_v1.pods(arguments.namespace).list(label_selector=arguments.selector)
        names = [pod.metadata.name or "" for pod in pods]
        results = [run(clientset, arguments.namespace, name, arguments.command) for name in names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
