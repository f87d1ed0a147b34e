"""kgen derives the same API from CRDs as the server, and the typed clients work on the server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from kgen import pull as pulling
from kgen.cli import run
from kgen.load import load_all, openapi_v3
from kgen.spec import Document, Operation
from kubeclient import Clientset
from kubecore import kubeconfig, rest
from kubecore.codec import yaml
from tests.cluster import Cluster
from tests.conftest import ROOT
from tests.server.customs import CRDS, SOURCES, client, is_established

EXAMPLES = {
    f"{example['apiVersion']} {example['kind']}": example
    for example in yaml.load_all((CRDS / "examples.yaml").read_bytes())
}
NEEDS_SHARED = pytest.mark.shared
OURS = (
    "example.com/v1 Odd",
    "metrics.example.org/v1 Gauge",
    "metrics.example.org/v1 GaugeClass",
    "bags.example.net/v1 Sack",
)


@pytest.fixture(scope="module")
def pulled(installed: rest.Config, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents that `kgen pull` downloads once the server publishes all resources of each group version."""
    folder = tmp_path_factory.mktemp("pulled")
    wanted = {document.name: document.schemas.keys() for document in load_all([(p, p.name) for p in SOURCES]).documents}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pulling.pull(folder, kubeconfig=str(cluster.kubeconfig))
        known = {document.name: document.schemas.keys() for document in openapi_v3.load(folder).documents}
        if all(schemas <= known.get(name, set()) for name, schemas in wanted.items()):
            return folder
        time.sleep(0.5)
    pytest.fail("the server's documents lack schemas")


def compared(operation: Operation) -> Operation:
    """Return the operation without the parts that do not affect a client: descriptions and pointers."""
    parameters = tuple(msgspec.structs.replace(parameter, description="") for parameter in operation.parameters)
    return msgspec.structs.replace(operation, pointer="", description="", operation_id="", parameters=parameters)


@pytest.mark.thorough
def test_documents_from_manifests_equal_those_of_the_server(pulled: Path) -> None:
    served: dict[str, Document] = {document.name: document for document in openapi_v3.load(pulled).documents}
    made = load_all([(path, path.name) for path in SOURCES]).documents
    assert {document.name for document in made} >= {"apis/example.com/v1", "apis/metrics.example.org/v1alpha1"}
    for document in made:
        other = served[document.name]
        assert [compared(o) for o in document.operations] == [compared(o) for o in other.operations]
        for name, schema in document.schemas.items():
            assert schema == other.schemas[name], name


def headless(folder: Path) -> dict[str, str]:
    """Return the files of a package by path, without the first line, which names the source documents."""
    return {file.relative_to(folder).as_posix(): file.read_text().partition("\n")[2] for file in folder.rglob("*.py")}


@pytest.mark.thorough
def test_pulled_documents_and_manifests_generate_equal_packages(pulled: Path, tmp_path: Path) -> None:
    for folder, specs in (("manifests", CRDS), ("pulled", pulled)):
        groups = ["--include", "example.com", "--include", "metrics.example.org"]
        (tmp_path / f"{folder}.toml").write_text('builtins = "kubeclient"\npackage = "made"\n')
        options = ["--config", str(tmp_path / f"{folder}.toml"), "--specs", str(specs), *groups]
        assert run(["build", *options, "--output", str(tmp_path / folder)]) == 0
    of_manifests, odd = headless(tmp_path / "manifests"), "made/typed/example/v1/odd.py"
    assert of_manifests[odd].count("\n\n    Deprecated: old") == 2  # The documents of a server do not contain it.
    of_manifests[odd] = of_manifests[odd].replace("\n\n    Deprecated: old", "")
    assert of_manifests == headless(tmp_path / "pulled")


def spec_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the user, without those that the server adds."""
    return {key: value for key, value in data.items() if key not in ("metadata", "status")}


def holds(whole: Any, part: Any, path: str = "$") -> None:
    """Assert that `whole` contains everything in `part`. It may contain defaults in addition."""
    if isinstance(part, dict):
        for key, value in part.items():
            assert key in whole, f"{path}.{key} is lost"
            holds(whole[key], value, f"{path}.{key}")
    elif isinstance(part, list):
        assert len(whole) == len(part), path
        for index, (one, other) in enumerate(zip(whole, part, strict=True)):
            holds(one, other, f"{path}[{index}]")
    else:
        assert whole == part, path


@pytest.mark.parametrize(
    "kind", [kind if kind in OURS else pytest.param(kind, marks=NEEDS_SHARED) for kind in EXAMPLES]
)
def test_every_kind_is_created_read_changed_watched_and_deleted(
    kind: str, installed: rest.Config, made: Any, namespace: str
) -> None:
    example = EXAMPLES[kind]
    with made.Clientset(installed) as clientset:
        objects = client(clientset, example, namespace)
        model = objects._resource.kind
        created = objects.create(model.from_dict(example), field_validation="Strict")
        # The server stores all sent fields, and the model decodes all fields of the server.
        raw = msgspec.json.decode(objects._client.get_bytes(_path(objects, namespace)))
        holds(spec_of(raw), spec_of(example))
        assert spec_of(model.from_dict(raw).to_dict()) == spec_of(raw)
        found = objects.get("one")
        assert spec_of(found.to_dict()) == spec_of(raw)
        found.metadata.labels["step"] = "updated"
        updated = objects.update(found)
        assert spec_of(updated.to_dict()) == spec_of(raw)
        assert updated.metadata.generation == created.metadata.generation  # Only the label has changed.
        patch = {"metadata": {"labels": {"step": "patched"}}}
        assert objects.patch("one", patch, type="merge").metadata.labels == {"step": "patched"}
        applied = {"metadata": {"name": "one", "annotations": {"by": "tests"}}}
        assert spec_of(objects.apply(applied, field_manager="tests").to_dict()) == spec_of(raw)
        assert [item.metadata.name for item in objects.list(label_selector="step=patched").items] == ["one"]
        with objects.watch(resource_version=created.metadata.resource_version, timeout_seconds=10) as events:
            objects.delete("one")
            seen = [event for _, event in zip(range(4), events, strict=False)]
        assert [event.type for event in seen] == ["MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]
        assert spec_of(seen[0].object.to_dict()) == spec_of(raw)


def _path(objects: Any, namespace: str) -> str:
    resource = objects._resource
    scope = f"/namespaces/{namespace}" if resource.namespaced else ""
    return f"/apis/{resource.group}/{resource.version}{scope}/{resource.plural}/one"


def test_the_async_clientset_has_subresources_and_core_groups(
    installed: rest.Config, made: Any, namespace: str
) -> None:
    async def scenario() -> None:
        async with made.AsyncClientset(installed) as clientset:
            odds = clientset.example_v1.odds(namespace)
            await odds.create({"metadata": {"name": "one"}, "spec": {"replicas": 3}})
            scale = await odds.get_scale("one")
            assert scale.spec.replicas == 3
            scale.spec.replicas = 5
            await odds.update_scale("one", scale)
            found = await odds.get("one")
            assert found.spec.replicas == 5
            found.status = type(found).from_dict({"spec": {}, "status": {"replicas": 5}}).status
            assert (await odds.update_status(found)).status.replicas == 5
            names = [item.metadata.name for item in (await clientset.core_v1.namespaces().list()).items]
            assert namespace in names

    anyio.run(scenario)


def test_an_explicit_empty_list_replaces_the_stored_list(installed: rest.Config, made: Any, namespace: str) -> None:
    with made.Clientset(installed) as clientset:
        gauges = clientset.metrics_v1.gauges(namespace)
        created = gauges.create({"metadata": {"name": "one"}, "spec": {"target": {"url": "a"}}})
        assert created.spec.marks == []  # The default of the schema.
        created.spec.marks = ["a"]
        updated = gauges.update(created)
        updated.spec.marks = []
        assert gauges.update(updated).spec.marks == []


def test_null_is_kept_and_an_unset_field_gets_the_default_of_the_schema(
    installed: rest.Config, made: Any, namespace: str
) -> None:
    with made.Clientset(installed) as clientset:
        gauges = clientset.metrics_v1.gauges(namespace)
        model = gauges._resource.kind
        gauge = model.from_dict({"metadata": {"name": "one"}, "spec": {"target": {"url": "a"}}})
        assert gauge.spec.marks is msgspec.UNSET
        assert gauges.create(gauge, dry_run="All").spec.marks == []
        gauge.spec.marks = None
        created = gauges.create(gauge)
        assert created.spec.marks is None
        updated = gauges.update(created)
        assert updated.spec.marks is None
        assert updated.metadata.resource_version == created.metadata.resource_version
        raw = msgspec.json.decode(gauges._client.get_bytes(_path(gauges, namespace)))
        assert raw["spec"]["marks"] is None
        # Lenient decoding, which a missing required field causes, gives the same result.
        del raw["spec"]["target"]["url"]
        assert model.from_dict(raw).spec.marks is None
        changed = gauges.modify("one", lambda it: it.metadata.labels.update(step="changed"))
        assert changed.spec.marks is None


@pytest.mark.thorough
def test_the_tutorial_runs(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = dict(
        re.findall(
            r"^```(yaml|toml|python)\n(.*?)^```", (ROOT / "docs" / "crds.md").read_text(), re.MULTILINE | re.DOTALL
        )[:3]
    )
    (tmp_path / "crds").mkdir()
    (tmp_path / "crds" / "widgets.yaml").write_text(blocks["yaml"])
    (tmp_path / "pyproject.toml").write_text(blocks["toml"])
    monkeypatch.chdir(tmp_path)
    assert run(["build", "-q"]) == 0
    with Clientset(kubeconfig.load_config(cluster.kubeconfig)) as clientset:
        crds = clientset.apiextensions_v1.custom_resource_definitions()
        name = crds.create(yaml.load(blocks["yaml"])).metadata.name
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            status = crds.get(name).status
            if status is not None and is_established(status.conditions):
                break
            time.sleep(0.1)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", blocks["python"]],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("size: 4\nnamespaces: True\n", "")
