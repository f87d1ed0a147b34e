"""The example project `examples/website_operator`: its tests pass in memory and on a real API server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import Cluster
from tests.cluster.build import binaries

PROJECT = Path(__file__).parents[1] / "examples" / "website_operator"
QUIET = ("-q", "-p", "no:cacheprovider")


def run(*command: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=PROJECT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_tests_pass_in_memory() -> None:
    assert re.search(r"^13 passed in", run("pytest", *QUIET), re.MULTILINE)


@pytest.mark.thorough
def test_its_tests_pass_on_a_real_api_server(cluster: Cluster) -> None:
    output = run("pytest", "--kube=real", *QUIET, KUBEBUILDER_ASSETS=str(binaries()))
    assert re.search(r"^11 passed, 2 skipped in", output, re.MULTILINE), output


@pytest.mark.thorough
def test_its_tests_pass_on_the_cluster_of_a_context(cluster: Cluster) -> None:
    """The other controllers of a cluster change nothing that the tests compare."""
    context = re.search(r"^current-context: (\S+)", Path(cluster.kubeconfig).read_text("utf-8"), re.MULTILINE)
    assert context is not None
    output = run("pytest", f"--kube={context[1]}", *QUIET, KUBECONFIG=str(cluster.kubeconfig))
    assert re.search(r"^11 passed, 2 skipped in", output, re.MULTILINE), output


@pytest.mark.thorough
def test_its_client_matches_its_definitions_and_its_types_are_right() -> None:
    run("kgen", "check")
    run("mypy", ".")
