"""The data files of a package: schemas and resources for the fake API server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from kgen import tree
from kgen.cli import run
from kgen.config import Config
from kgen.errors import OutputError
from kgen.pipeline import generate
from kgen.plan.headers import DATA_MARKER, MARKER
from kubecore.codec import yaml

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs" / "1.37"
CRD = ROOT / "tests" / "golden" / "widgets.yaml"
DATA = ROOT / "generated" / "kubeclient" / "_schemas"


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_bytes())
    return found


def resource(name: str, plural: str) -> dict[str, Any]:
    return next(each for each in read(name)["resources"] if each["plural"] == plural)


def merged() -> dict[str, dict[str, Any]]:
    return {file.stem: json.loads(file.read_bytes()) for file in DATA.iterdir()}


def test_every_group_version_with_resources_has_a_file() -> None:
    files = merged()
    shared = files.pop("_shared")
    for name, data in files.items():
        group, version, schemas = data["group"], data["version"], {**shared["schemas"], **data["schemas"]}
        path = f"apis__{group}__{version}" if group else f"api__{version}"
        document = json.loads((SPECS / f"{path}.json").read_bytes())
        declared = {
            found.split("/")[0]
            for full in document["paths"]
            if (found := full.removeprefix("/" + path.replace("__", "/") + "/").removeprefix("namespaces/{namespace}/"))
            and not found.startswith(("watch/", "/"))
            and found != full
        }
        assert {each["plural"] for each in data["resources"]} == declared - {"{name}", "{namespace}"}, name
        for each in data["resources"]:
            assert each["schema"] in schemas
            kinds = schemas[each["schema"]]["x-kubernetes-group-version-kind"]
            assert {"group": group, "version": version, "kind": each["kind"]} in kinds


def test_verbs_and_subresources_are_those_of_the_paths() -> None:
    pods = resource("core_v1", "pods")
    assert pods["namespaced"] is True
    assert pods["verbs"] == ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    assert set(pods["subresources"]) == {
        *("attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy"),
        *("resize", "status"),
    }
    eviction = {
        "group": "policy",
        "kind": "Eviction",
        "schema": "io.k8s.api.policy.v1.Eviction",
        "verbs": ["create"],
        "version": "v1",
    }
    assert pods["subresources"]["eviction"] == eviction
    assert "deletecollection" not in resource("core_v1", "namespaces")["verbs"]
    assert resource("core_v1", "namespaces")["namespaced"] is False
    assert resource("authorization_v1", "subjectaccessreviews")["verbs"] == ["create"]
    assert resource("apps_v1", "deployments")["subresources"]["scale"]["kind"] == "Scale"


def test_schemas_are_those_of_the_documents_without_descriptions() -> None:
    document = json.loads((SPECS / "apis__apiextensions.k8s.io__v1.json").read_bytes())
    shared = read("_shared")["schemas"]
    schemas = {**shared, **read("apiextensions_v1")["schemas"]}
    props = schemas["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"]
    original = document["components"]["schemas"][
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
    ]
    assert props["properties"].keys() == original["properties"].keys()  # `description` and `title` are properties, too.
    assert props["properties"]["description"] == {"type": "string"}
    for data in merged().values():
        for name, schema in data["schemas"].items():
            assert "description" not in schema, name
            assert not any("description" in each for each in schema.get("properties", {}).values()), name
    pod = json.loads((SPECS / "api__v1.json").read_bytes())["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]
    words = {"description"}
    bare = {name: {key: each[key] for key in each.keys() - words} for name, each in pod["properties"].items()}
    assert shared["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]["x-kubernetes-list-map-keys"] == ["name"]
    assert set(shared["io.k8s.api.core.v1.PodSpec"]["properties"]) == set(bare)


def test_every_reference_leads_to_a_schema() -> None:
    files = merged()
    shared = files.pop("_shared")["schemas"]
    for name, data in [*files.items(), ("_shared", {"schemas": {}})]:
        schemas = {**shared, **data["schemas"]}
        text = json.dumps(data["schemas"] if name != "_shared" else shared)
        for part in text.split('"#/components/schemas/')[1:]:
            assert part.partition('"')[0] in schemas


def test_a_schema_of_several_group_versions_is_stored_once() -> None:
    files = merged()
    shared = files.pop("_shared")["schemas"]
    for name, data in files.items():
        for schema in data["schemas"].keys() & shared.keys():
            assert data["schemas"][schema] != shared[schema], (name, schema)


def test_files_are_json_with_the_mark_of_generated_files_and_one_schema_per_line() -> None:
    for file in DATA.iterdir():
        text = file.read_text("ascii")
        assert text.startswith(DATA_MARKER)
        data = json.loads(text)
        assert data["#"].startswith(MARKER.removeprefix("# "))
        assert text.count("\n") >= len(data["schemas"])
        assert list(data["schemas"]) == sorted(data["schemas"])


def test_data_of_a_crd_has_names_that_only_the_crd_declares(tmp_path: Path) -> None:
    text = CRD.read_text().replace("listKind: WidgetList", "shortNames: [wg], categories: [all]")
    (tmp_path / "crd.yaml").write_text(text)
    config = Config(specs=(tmp_path / "crd.yaml",), sources=("crd.yaml",), output=tmp_path / "out", package="shop")
    made = json.loads(generate(config).files["shop/_schemas/example_v1.json"])
    (widgets,) = made["resources"]
    assert (widgets["shortNames"], widgets["categories"]) == (["wg"], ["all"])
    assert widgets["subresources"]["scale"]["kind"] == "Scale"
    assert (list(made["schemas"]), made["base"]) == (["com.example.v1.Widget"], "kubeclient")


def test_text_of_documents_stays_data(tmp_path: Path) -> None:
    hostile = '\u202e\x07"}\n# Generated'
    crd = yaml.load(CRD.read_bytes())
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = {
        "type": "string",
        "enum": [hostile],
        "description": hostile,
    }
    (tmp_path / "crd.json").write_text(json.dumps(crd))
    config = Config(specs=(tmp_path / "crd.json",), sources=("crd.json",), output=tmp_path / "out", package="shop")
    text = generate(config).files["shop/_schemas/example_v1.json"]
    assert text.replace("\n", "").isascii()
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["schemas"]["com.example.v1.Widget"]["properties"]["spec"]["enum"] == [hostile]


@pytest.mark.thorough
def test_the_file_of_a_removed_group_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    project = tmp_path / "project"
    (project / "specs").mkdir(parents=True)
    for name in ("api__v1.json", "apis__batch__v1.json"):
        shutil.copy(SPECS / name, project / "specs" / name)
    (project / "pyproject.toml").write_text(
        '[tool.kgen]\nspecs = "specs"\npackage = "made"\ninclude = ["batch", "core"]\n'
    )
    monkeypatch.chdir(project)
    assert run(["build", "-q"]) == 0
    folder = project / "generated" / "made" / "_schemas"
    assert {file.name for file in folder.iterdir()} == {"_shared.json", "batch_v1.json", "core_v1.json"}
    mine = folder / "mine.json"
    mine.write_text("{}\n")
    changed = (folder / "core_v1.json").read_text().replace('"namespaced":true', '"namespaced":false')
    (folder / "core_v1.json").write_text(changed)
    assert run(["check"]) == 1
    assert run(["build", "-q"]) == 0
    assert run(["check"]) == 0
    (folder / "batch_v1.json").unlink()
    assert run(["check"]) == 1
    assert run(["build", "-q"]) == 0
    assert (folder / "batch_v1.json").exists()
    (project / "pyproject.toml").write_text('[tool.kgen]\nspecs = "specs"\npackage = "made"\ninclude = ["core"]\n')
    assert run(["check"]) == 1
    assert run(["build", "-q"]) == 0
    assert {file.name for file in folder.iterdir()} == {"core_v1.json", "mine.json"}


def test_a_data_file_of_the_users_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "made" / "_schemas").mkdir(parents=True)
    (tmp_path / "made" / "_schemas" / "core_v1.json").write_text('{"mine": 1}')
    with pytest.raises(OutputError, match="did not generate"):
        tree.publish({"made/_schemas/core_v1.json": f"{DATA_MARKER}"}, tmp_path, "made")
