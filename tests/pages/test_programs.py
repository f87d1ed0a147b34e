"""Every program of a page prints the output of the page, on both servers."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Final

import pytest

from kubecore import kubeconfig
from kubecore.testing import FakeCluster
from tests.cluster import Cluster, Nodes
from tests.pages.programs import Program, matches, pages, programs
from tests.pages.running import cleaned, on_node, printed

ALL: Final = [program for page in pages() for program in programs(page)]


def of(*where: str) -> list[Program]:
    return [program for program in ALL if program.where in where]


@pytest.mark.thorough  # The text of the pages does not depend on Python.
@pytest.mark.parametrize("program", of("both", "fake"), ids=str)
def test_the_program_prints_the_output_of_its_page(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeCluster() as cluster, cluster.serve() as server:
        check(program, printed(program, Path(server.kubeconfig), server.config, monkeypatch, tmp_path))


@pytest.mark.thorough
@pytest.mark.parametrize("program", of("both", "real"), ids=str)
def test_the_program_prints_the_same_on_a_real_server(
    program: Program, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_on_real(program, cluster, tmp_path, monkeypatch)


@pytest.mark.thorough
@pytest.mark.parametrize("program", of("node"), ids=str)
def test_the_program_prints_the_same_on_a_real_server_with_a_node(
    program: Program, cluster: Cluster, nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_on_real(program, cluster, tmp_path, monkeypatch, nodes)


def run_on_real(
    program: Program, cluster: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch, nodes: Nodes | None = None
) -> None:
    config = kubeconfig.load_config(cluster.kubeconfig)
    with cleaned(config), on_node(program, nodes) if nodes else nullcontext(program) as program:
        check(program, printed(program, cluster.kubeconfig, config, monkeypatch, folder))


def check(program: Program, output: str) -> None:
    assert program.output is not None, f"{program}: the page shows no output"
    assert matches(program.output, output), f"{program} printed:\n{output}"
