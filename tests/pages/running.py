"""Run a program of a page."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import kubecore
from kubeclient import Clientset
from kubecore import errors
from kubecore.rest import Config
from tests.cluster import Nodes
from tests.pages import setups
from tests.pages.players import playing
from tests.pages.programs import ROOT, Program
from tests.server import targets

PORT: Final = "5432"
"""The port of a pod in programs that run on a node. It is replaced, because it may be in use on this machine."""
LEFT: Final = (
    "deployments", "statefulsets", "daemonsets", "replicasets", "cronjobs", "jobs", "pods", "services", "ingresses",
    "configmaps", "secrets", "persistentvolumeclaims", "leases", "roles", "rolebindings", "serviceaccounts",
    "poddisruptionbudgets", "resourcequotas", "events.events.k8s.io",
)  # fmt: skip
"""Kinds that programs create in the namespace default. Their remaining objects are deleted after each program."""
WIDE: Final = (
    "nodes",
    "clusterroles",
    "clusterrolebindings",
    "customresourcedefinitions",
    "persistentvolumes",
    "namespaces",
)


def printed(program: Program, kubeconfig: Path, config: Config, monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """Run a program and return its output.

    Args:
        program: The program.
        kubeconfig: The file with the cluster for it.
        config: The same cluster, for players.
        monkeypatch: Sets KUBECONFIG.
        folder: The current folder of the program.
    """
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.chdir(folder)
    output = io.StringIO()
    if program.folder:
        monkeypatch.syspath_prepend(str(ROOT / program.folder))
    with contextlib.ExitStack() as stack:
        if program.objects:
            stack.enter_context(present(config, ROOT / program.objects))
        if program.setup:
            getattr(setups, program.setup)(stack.enter_context(Clientset(config)))
        if program.has_players:
            stack.enter_context(playing(config))
        if program.is_separate:
            return _printed_by_a_process(program, folder)
        code = compile(program.code, str(program), "exec", dont_inherit=True)
        with contextlib.redirect_stdout(output):
            exec(code, {"__name__": "__main__"})  # noqa: S102
    return output.getvalue()


def _printed_by_a_process(program: Program, folder: Path) -> str:
    """Run a program as a file, with warnings as errors, and return its output."""
    file = folder / "program.py"
    file.write_text(program.code, "utf-8")
    command = [sys.executable, "-W", "error", str(file)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    problems = [line for line in done.stderr.splitlines() if "[IPKernelApp]" not in line]  # Jupyter logs to stderr.
    assert (done.returncode, problems) == (0, []), f"{program}: {done.stderr}"
    return done.stdout


@contextlib.contextmanager
def present(config: Config, path: Path) -> Iterator[None]:
    """Apply the objects of a file or folder, and delete them after the block; definitions of kinds last."""
    with Clientset(config) as clientset:
        report = kubecore.apply_file(clientset, path, field_manager="pages", namespace="default")
        yield
        for ref in sorted((it.ref for it in report.applied), key=lambda ref: ref.kind == "CustomResourceDefinition"):
            resource = clientset.dynamic.resource(ref.kind, ref.namespace, api_version=ref.api_version)
            with contextlib.suppress(errors.NotFoundError):
                resource.delete_and_wait(ref.name)


@contextlib.contextmanager
def on_node(program: Program, nodes: Nodes) -> Iterator[Program]:
    """Run the page's pod on a node, with two lines in its log. Its port is that of a server that echoes.

    Returns:
        The program with that port.
    """
    with targets.target(targets.echo) as port:
        if program.pod:
            shutil.rmtree(nodes.folder("default", program.pod).parent)
            nodes.running_pod("default", program.pod, labels={"app": program.pod})
            nodes.log("default", program.pod, "started", "ready")
        yield dataclasses.replace(program, code=program.code.replace(PORT, str(port)))


@contextlib.contextmanager
def cleaned(config: Config) -> Iterator[None]:
    """Delete the objects that the block created, on a cluster that other tests use as well."""
    with Clientset(config) as clientset:
        before = _objects(clientset)
        try:
            yield
        finally:
            for kind, namespace, name in sorted(_objects(clientset) - before):
                resource = clientset.dynamic.resource(kind, namespace)
                with contextlib.suppress(errors.NotFoundError):
                    if kind not in ("namespaces", "nodes"):
                        resource.patch(name, {"metadata": {"finalizers": None}}, type="merge")
                    resource.delete(name, grace_period_seconds=0)


def _objects(clientset: Clientset) -> set[tuple[str, str, str]]:
    found = {
        (kind, "default", each.metadata.name)
        for kind in LEFT
        for each in clientset.dynamic.resource(kind, "default").list_metadata()
    }
    return found | {
        (kind, "", each.metadata.name) for kind in WIDE for each in clientset.dynamic.resource(kind).list_metadata()
    }
