"""The pages of docs/integrations: manifests and other files that are not programs of Python."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from kubeclient import Clientset
from kubecore import errors, kubeconfig, rest
from kubecore.testing import FakeCluster
from tests.cluster import Cluster
from tests.conftest import run
from tests.pages import notebooks
from tests.pages.guides import blocks
from tests.pages.running import cleaned

pytestmark = pytest.mark.thorough  # These tests check the text of the pages.

DOCKER: Final = "docs/integrations/docker.md"
IN_CLUSTER: Final = "docs/integrations/in-cluster.md"


def test_the_manifest_of_the_app_has_no_unknown_field_and_no_unchecked_rule() -> None:
    with FakeCluster(strict=True) as cluster, Clientset(cluster.config) as clientset:
        for body in yaml.safe_load_all(blocks(IN_CLUSTER, "yaml")[0]):
            clientset.dynamic.resource(body["kind"], "default").create(body, field_validation="Strict")
        [pod] = [it["spec"]["template"]["spec"] for it in cluster.documents("Deployment", "default")]
        assert pod["serviceAccountName"] == cluster.documents("RoleBinding", "default")[0]["subjects"][0]["name"]


@pytest.mark.server
def test_the_account_of_the_manifest_may_run_the_program_and_nothing_else(cluster: Cluster, tmp_path: Path) -> None:
    admin = kubeconfig.load_config(cluster.kubeconfig)
    with cleaned(admin):
        check_account(cluster, admin, tmp_path / "config")


def check_account(cluster: Cluster, admin: rest.Config, file: Path) -> None:
    with Clientset(admin) as clientset:
        namespace = clientset.core_v1.namespaces().create({"metadata": {"generateName": "app-"}}).metadata.name
        text = blocks(IN_CLUSTER, "yaml")[0].replace("namespace: default", f"namespace: {namespace}")
        for body in yaml.safe_load_all(text):
            clientset.dynamic.resource(body["kind"], namespace).create(body, field_validation="Strict")
        accounts = clientset.core_v1.service_accounts(namespace)
        token = accounts.create_token("app", {"spec": {}}).status.token or ""

    written = yaml.safe_load(cluster.kubeconfig.read_text("utf-8"))
    written["users"][0]["user"] = {"token": token}
    written["contexts"][0]["context"]["namespace"] = namespace
    file.write_text(yaml.safe_dump(written), "utf-8")
    assert printed(blocks(IN_CLUSTER)[0], file) == "ADDED colors\n"

    with Clientset(kubeconfig.load(file)) as clientset:
        for refused in (
            clientset.core_v1.secrets(namespace).list,
            clientset.core_v1.config_maps("default").list,
            clientset.core_v1.pods(namespace).list,
        ):
            with pytest.raises(errors.ForbiddenError):
                refused()


@pytest.mark.parametrize("page", [DOCKER, "docs/recipes/in-cluster.md"])
def test_hadolint_finds_nothing_in_the_dockerfile(page: str) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint has wheels for Linux on x86-64 alone")
    [dockerfile] = blocks(page, "dockerfile")
    command = [str(hadolint), "--no-color", "-"]
    done = subprocess.run(command, input=dockerfile, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_a_numeric_user_without_a_shell_or_a_compiler() -> None:
    steps = instructions(blocks(DOCKER, "dockerfile")[0])
    last = steps[max(at for at, (name, _) in enumerate(steps) if name == "FROM") :]
    assert [name for name, _ in last] == ["FROM", "COPY", "COPY", "ENV", "USER", "ENTRYPOINT"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", dict(last)["USER"])
    assert json.loads(dict(last)["ENTRYPOINT"]) == ["python", "/app/app.py"]


@pytest.mark.slow
def test_the_first_stage_makes_an_environment_for_the_program(wheel: Path, tmp_path: Path) -> None:
    """No image can be built here: the command of the first stage runs with another folder, and with the built wheel."""
    [command] = [rest for name, rest in instructions(blocks(DOCKER, "dockerfile")[0]) if name == "RUN"]
    (tmp_path / "requirements.txt").write_text(str(wheel), "utf-8")
    run("/bin/sh", "-ec", f"PATH={Path(sys.executable).parent}:$PATH; " + replaced(command, tmp_path), cwd=tmp_path)
    (tmp_path / "app.py").write_text(blocks(DOCKER)[0], "utf-8")
    with FakeCluster() as cluster, cluster.serve() as server:
        entry = [str(tmp_path / "venv/bin/python"), str(tmp_path / "app.py")]
        environ = {"KUBECONFIG": str(server.kubeconfig), "PYTHONUNBUFFERED": "1"}
        done = subprocess.run(entry, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
    assert not (tmp_path / "venv/bin/pip").exists()


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile and their arguments; continued lines are joined."""
    lines = dockerfile.replace("\\\n", " ").splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line and not line.startswith("#")]


def replaced(command: str, folder: Path) -> str:
    """Return a shell command that uses a folder in place of /venv."""
    return command.replace("/venv", str(folder / "venv"))


@pytest.mark.slow
def test_the_notebook_has_the_outputs_that_it_shows(tmp_path: Path) -> None:
    written = json.loads(notebooks.NOTEBOOK.read_text("utf-8"))
    assert notebooks.executed(written, tmp_path) == written, "renew it: python -m tests.pages.notebooks"
    tables = [it for cell in written["cells"] for it in cell.get("outputs", []) if "text/html" in it.get("data", {})]
    assert len(tables) == 2


def printed(code: str, file: Path) -> str:
    """Return the output of a program that uses a kubeconfig."""
    command = [sys.executable, "-W", "error", "-c", code]
    environ = {"KUBECONFIG": str(file), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
