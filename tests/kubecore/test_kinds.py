"""The table of kinds of kubeclient and of any generated package. It is empty for other packages."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kubeclient.typed
from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, core_v1
from kubecore import errors
from kubecore.calls.resource import Resource
from kubecore.model import kinds
from kubecore.model.kinds import KindInfo


def resources() -> list[Resource[Any, Any]]:
    found: list[Resource[Any, Any]] = []
    for module in pkgutil.walk_packages(kubeclient.typed.__path__, "kubeclient.typed."):
        if not module.ispkg:
            values = vars(importlib.import_module(module.name)).values()
            found += [value for value in values if isinstance(value, Resource)]
    return found


def test_the_table_of_kinds_matches_the_resources() -> None:
    table = kinds.kinds_of("kubeclient")
    for resource in resources():
        found = kinds.kind_of(resource.kind)
        assert (found.group, found.version, found.plural, found.namespaced) == (
            resource.group,
            resource.version,
            resource.plural,
            resource.namespaced,
        )
        assert table[found.api_version, found.kind] == found
    assert len(table) == len(resources())


def test_every_generated_package_has_a_table_of_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "__init__": "",
        "_kinds": 'from kubecore.model.kinds import KindInfo\n\nKINDS = (KindInfo("example.com/v1", "Widget", "widgets", True),)',
        "models/__init__": "",
        "models/example_v1": "from typing import Literal\n\nfrom kubecore.model.model import Model, always\n\n\n"
        "class Widget(Model, kw_only=True):\n"
        '    api_version: Literal["example.com/v1"] = always("example.com/v1")\n'
        '    kind: Literal["Widget"] = always("Widget")\n',
    }.items():
        file = tmp_path / "madeforkinds" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    model = importlib.import_module("madeforkinds.models.example_v1").Widget
    assert kinds.kind_of(model) == KindInfo("example.com/v1", "Widget", "widgets", namespaced=True)


def test_classes_and_packages_without_kinds_are_refused() -> None:
    for model in (core_v1.PodSpec, apps_v1.DeploymentList):
        with pytest.raises(errors.NoMatchError):
            kinds.kind_of(model)
    for package in ("nope", "kubecore", "kubecore.model.model", ""):
        assert kinds.kinds_of(package) == {}


def test_a_clientset_derived_from_a_generated_one_has_its_kinds() -> None:
    class Mine(Clientset):
        pass

    assert ("v1", "Pod") in kinds.kinds_of_class(Mine)
    assert ("v1", "Pod") in kinds.kinds_of_class(AsyncClientset)
    assert kinds.kinds_of_class(int) == {}


def test_modules_of_rare_features_are_imported_on_first_use() -> None:
    code = (
        "import sys\nfrom kubeclient import Clientset\nfrom kubecore import rest\n"
        "with Clientset(rest.Config(host='http://127.0.0.1:1')):\n    pass\n"
        "late = ('kubecore.apply', 'kubecore.discovery', 'kubecore.dynamic', 'kubecore.model.kinds', 'kubecore.calls.raw',"
        " 'kubecore.calls.version', 'kubeclient._kinds')\n"
        "print([name for name in late if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
