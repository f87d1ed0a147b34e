"""Apply a file or a folder of manifests, print what changed, and wait until its Deployments are rolled out.

Run it: python examples/apply.py manifests/
Objects without a namespace go into the namespace of the current context, as with kubectl.
"""

from __future__ import annotations

import sys

import kubecore
from kubeclient import Clientset
from kubecore import errors


def main(path: str) -> None:
    """Apply the objects; the exit code is 1 if one of them failed."""
    with Clientset() as clientset:
        try:
            report = kubecore.apply_file(clientset, path, field_manager="example")
        except errors.ApplyFileError as error:
            print(error.report)
            sys.exit(f"error: {error}")
        print(report, flush=True)
        for applied in report.applied:
            if applied.ref.kind == "Deployment" and applied.action != "unchanged":
                try:
                    clientset.apps_v1.deployments(applied.ref.namespace).wait_for_rollout(applied.ref.name, timeout=300)
                except errors.WaitError as error:
                    sys.exit(f"error: {error}")
                print(f"{applied.ref} is rolled out")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/apply.py FILE_OR_FOLDER")
    main(sys.argv[1])
