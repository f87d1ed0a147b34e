"""The programs of README.md and of the guides, which run in other processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.cluster import Cluster
from tests.pages.programs import ROOT


def blocks(page: str, language: str = "python") -> list[str]:
    """Return the blocks of code of a page, relative to the repository."""
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def completed(code: str, cluster: Cluster) -> subprocess.CompletedProcess[str]:
    """Run a program whose kubeconfig is that of the cluster. Warnings are errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )


def run(code: str, cluster: Cluster) -> str:
    """Return the output of a program that must not fail."""
    done = completed(code, cluster)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
