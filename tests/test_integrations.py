"""The pages of docs/integrations: manifests and other files that are not programs of Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from kubeclient import Clientset
from kubecore import errors, kubeconfig
from kubecore.testing import FakeCluster
from tests.cluster import Cluster
from tests.pages.guides import blocks

pytestmark = pytest.mark.thorough  # These tests check the text of the pages.

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
    with Clientset(admin) as clientset:
        namespace = clientset.core_v1.namespaces().create({"metadata": {"generateName": "app-"}}).metadata.name
        text = blocks(IN_CLUSTER, "yaml")[0].replace("namespace: default", f"namespace: {namespace}")
        for body in yaml.safe_load_all(text):
            clientset.dynamic.resource(body["kind"], namespace).create(body, field_validation="Strict")
        accounts = clientset.core_v1.service_accounts(namespace)
        token = accounts.create_token("app", {"spec": {}}).status.token or ""

    file = tmp_path / "config"
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


def printed(code: str, file: Path) -> str:
    """Return the output of a program that uses a kubeconfig."""
    command = [sys.executable, "-W", "error", "-c", code]
    environ = {"KUBECONFIG": str(file), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
