"""The resources and schemas of generated packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import kubeclient
from kubecore.errors import ConfigError
from kubecore.testing._schemas import packages
from kubecore.testing._schemas.schema_type import SchemaType
from tests.golden_packages import GOLDEN


def schema(group: str, version: str, kind: str) -> SchemaType:
    return packages.load("kubeclient").schema(group, version, kind)


def test_a_package_is_read_once() -> None:
    assert packages.load("kubeclient") is packages.load("kubeclient")


def test_resources_have_their_group_version() -> None:
    found = {(each.group, each.version, each.plural): each for each in packages.load("kubeclient").resources}
    deployments = found["apps", "v1", "deployments"]
    assert (deployments.kind, deployments.namespaced, deployments.model) == ("Deployment", True, "apps_v1.Deployment")
    assert deployments.subresources["scale"].kind == "Scale"
    assert not found["", "v1", "nodes"].namespaced
    assert len(found) == len(packages.load("kubeclient").resources)


def test_every_resource_has_a_schema_with_metadata() -> None:
    package = packages.load("kubeclient")
    for each in package.resources:
        fields = package.schema(each.group, each.version, each.kind).fields
        assert fields["metadata"].kind == "map", each
        assert fields["apiVersion"].scalar == "string"


def test_bodies_of_subresources_have_schemas() -> None:
    assert "deleteOptions" in schema("policy", "v1", "Eviction").fields
    assert "spec" in schema("autoscaling", "v1", "Scale").fields
    assert "spec" in schema("authentication.k8s.io", "v1", "TokenRequest").fields
    with pytest.raises(KeyError):
        schema("", "v1", "Scale")


def test_the_package_of_a_crd_is_read_in_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(GOLDEN))
    package = packages.load("widgets")
    (widgets,) = package.resources
    assert (widgets.group, widgets.version, widgets.plural) == ("example.com", "v1", "widgets")
    size = package.schema("example.com", "v1", "Widget").fields["spec"].fields["size"]
    assert (size.kind, size.scalar) == ("scalar", "integer")
    metadata = package.schema("example.com", "v1", "Widget").fields["metadata"]
    assert metadata.fields["finalizers"].list_type == "set"  # From the package that has the types of Kubernetes.
    with pytest.raises(KeyError):  # It is a kind of Kubernetes.
        package.schema("autoscaling", "v1", "Scale")


def test_a_package_without_data_is_refused_with_the_way_out() -> None:
    with pytest.raises(ConfigError, match=r"'tests' has no schemas; generate it again with `kgen build`"):
        packages.load("tests")
    with pytest.raises(ModuleNotFoundError):
        packages.load("there_is_no_such_package")


def test_importing_a_client_reads_no_schemas() -> None:
    code = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "import kubeclient, kubecore\n"
        "from kubeclient import AsyncClientset, Clientset\n"
        "from kubeclient.models import core_v1\n"
        "assert any(name.endswith('.pyc') or name.endswith('.py') for name in opened)\n"
        "print([name for name in opened if '_schemas' in name], [name for name in sys.modules if 'testing' in name])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] []\n"


def test_the_data_files_are_part_of_the_package() -> None:
    folder = Path(kubeclient.__file__).parent / "_schemas"
    assert {file.suffix for file in folder.iterdir()} == {".json"}
