"""Nothing in the inputs is left out silently."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from kgen.cli import run
from kgen.errors import InputError, Problem, Problems
from kgen.load import load, load_all
from kgen.load.crd import parse
from tests.kgen.crd_projects import BUILD, manifest, project, put
from tests.kgen.manifests import of

pytestmark = [pytest.mark.slow, pytest.mark.thorough]  # builds

__all__ = ["project"]


def names(*inputs: Path) -> set[str]:
    found = load_all([(path, path.name) for path in inputs])
    return {operation.gvk.kind for document in found.documents for operation in document.operations if operation.gvk}


def test_json_and_yaml_are_read_in_folders_below(project: Path) -> None:
    put(project / "crds" / "a" / "b" / "third.json", manifest("third.org", "Third"))
    put(project / "crds" / "a" / "fourth.JSON", manifest("fourth.org", "Fourth"))
    put(project / "crds" / "a" / "fifth.YAML", manifest("fifth.org", "Fifth"))
    (project / "crds" / "a" / "package.json").write_text('{"name": "x", "version": "1"}')
    (project / "crds" / "a" / "list.json").write_text("[1, 2]")
    assert names(project / "crds") == {"Widget", "Other", "Third", "Fourth", "Fifth"}
    (project / "json").mkdir()
    put(project / "json" / "below" / "only.json", manifest())
    assert names(project / "json") == {"Widget"}


def test_links_to_folders_and_nested_openapi_documents_are_reported_as_skipped(project: Path) -> None:
    put(project / "elsewhere" / "x.yaml", manifest("third.org", "Third"))
    (project / "crds" / "link").symlink_to(project / "elsewhere")
    (project / "crds" / "api").mkdir()
    (project / "crds" / "api" / "api__v1.json").write_text('{"openapi": "3.0.0", "paths": {}}')
    said = load(project / "crds").warnings
    assert [(problem.where, problem.what) for problem in said] == [
        ("crds/link", "a link to a folder is not followed"),
        ("crds/api/api__v1.json", "an OpenAPI document in a folder below is not read"),
    ]


def test_a_folder_that_cannot_be_read_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "crds" / "secret").mkdir()
    scan = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match="the folder can't be read: Permission denied") as caught:
        load(project / "crds")
    assert caught.value.where == "crds/secret"


MISSPELT: list[tuple[str, dict[str, str], str]] = [
    ("kind", {"kind": "CustomResourceDefinitions"}, "is not a kind of apiextensions.k8s.io"),
    ("kind", {"kind": "customresourcedefinition"}, "is not a kind of apiextensions.k8s.io"),
    ("kind", {"kind": "CustomResourceDefintion"}, "is not a kind of apiextensions.k8s.io"),
    ("kind", {"kind": "CRD"}, "is not a kind of apiextensions.k8s.io"),
    ("kind", {"kind": "CustomResourceDefinitions", "apiVersion": "apiextension.k8s.io/v1"}, ""),
    ("kind", {"kind": "CustomResourceDefintion", "apiVersion": "apiextension.k8s.io/v1"}, "this looks like a CRD"),
    ("apiVersion", {"apiVersion": "apiextension.k8s.io/v1"}, "has no CustomResourceDefinition"),
    ("apiVersion", {"apiVersion": "apiextensions.k8s.io"}, "is not read"),
    ("apiVersion", {"apiVersion": "apiextensions/v1"}, "has no CustomResourceDefinition"),
    ("apiVersion", {"apiVersion": "v1"}, "has no CustomResourceDefinition"),
    ("apiVersion", {"apiVersion": "apiextensions.k8s.io/v2"}, "is not read"),
    ("apiVersion", {"apiVersion": ""}, "without a version"),
]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("properties", ["a"]),
        ("required", "a"),
        ("enum", "a"),
        ("nullable", "yes"),
        ("description", 1),
        ("x-kubernetes-preserve-unknown-fields", "true"),
        ("x-kubernetes-list-map-keys", "name"),
        ("anyOf", {"type": "string"}),
    ],
)
def test_a_keyword_whose_value_is_of_a_wrong_type_is_reported(key: str, value: object) -> None:
    raw = manifest()
    schema = raw["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["deep"] = {"type": "object", "additionalProperties": {"type": "string", key: value}}
    warnings: list[Problem] = []
    parse(json.dumps(raw).encode(), "x.yaml", warnings)
    (found,) = warnings
    assert repr(key) in found.what
    assert found.where.endswith(f"/properties/deep/additionalProperties/{key}")


@pytest.mark.parametrize("name", ["one.json", "more/one.json"])
@pytest.mark.parametrize("between", ["", "\n", "\n---\n"])
@pytest.mark.parametrize("alone", [True, False])
def test_crds_that_follow_each_other_in_a_json_file_are_read(
    name: str, between: str, alone: bool, tmp_path: Path
) -> None:
    file = tmp_path / "crds" / name
    file.parent.mkdir(parents=True)
    other = manifest()
    other["spec"]["names"] = {"kind": "Other", "plural": "others"}
    other["metadata"]["name"] = f"others.{other['spec']['group']}"
    file.write_text(json.dumps(manifest()) + between + json.dumps(other))
    (document,) = load(file if alone else tmp_path / "crds").documents
    assert any(schema.endswith(".Other") for schema in document.schemas)


@pytest.mark.parametrize("key", ["group", "kind", "plural"])
def test_a_quoted_helm_template_gets_a_hint(key: str) -> None:
    raw = manifest()
    (raw["spec"] if key == "group" else raw["spec"]["names"])[key] = "{{ .Values.name }}"
    with pytest.raises(InputError) as caught:
        parse(json.dumps(raw).encode(), "x.yaml")
    assert caught.value.hint == "render the template first: helm template"


def test_an_object_that_becomes_a_plain_map_is_reported() -> None:
    for name in ("", "$written", "$otherFields", 'a"b'):
        raw = manifest()
        schema = raw["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"]["deep"] = {"type": "object", "properties": {name: {"type": "string"}}}
        problems = Problems()
        of(raw, problems=problems)
        assert [one.where.rpartition("/")[2] for one in problems.warnings if "plain map" in one.what] == ["deep"]


@pytest.mark.parametrize(("key", "changes", "what"), MISSPELT)
def test_a_misspelt_crd_is_an_error(key: str, changes: dict[str, str], what: str) -> None:
    raw = manifest() | changes
    for text in (raw, {"apiVersion": "v1", "kind": "List", "items": [raw]}):
        with pytest.raises(InputError) as caught:
            parse(json.dumps(text).encode(), "x.yaml")
        assert what in caught.value.what
        assert caught.value.where.startswith("x.yaml")
        assert caught.value.hint
        assert key in caught.value.where or caught.value.where in ("x.yaml", "x.yaml#/items/0")


def test_a_misspelt_kind_fails_the_build_and_keeps_the_clients(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", *BUILD]) == 0
    put(project / "crds" / "one.yaml", manifest() | {"kind": "CustomResourceDefinitions"})
    capsys.readouterr()
    assert run(["build", *BUILD]) == 3
    stderr = capsys.readouterr().err
    assert "did you mean 'CustomResourceDefinition'?" in stderr
    assert "crds/one.yaml" in stderr
    assert (project / "generated" / "mine" / "typed" / "example").is_dir()


@pytest.mark.parametrize("key", ["kind", "Kind"])
def test_a_crd_without_a_kind_is_an_error(key: str) -> None:
    raw = manifest()
    del raw["kind"]
    with pytest.raises(InputError, match="without a kind"):
        parse(json.dumps(raw | ({"Kind": "CustomResourceDefinition"} if key == "Kind" else {})).encode(), "x.yaml")
    del raw["apiVersion"]
    with pytest.raises(InputError, match="without a kind"):
        parse(json.dumps(raw).encode(), "x.yaml")


def test_kinds_that_resemble_crds_are_ignored() -> None:
    """Objects that are not CRDs are ignored, including Crossplane's definitions of composite resources."""
    definition = manifest() | {"apiVersion": "apiextensions.crossplane.io/v1", "kind": "CompositeResourceDefinition"}
    others = [definition, {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}, {"values": 1}, {}]
    for raw in others:
        assert parse(json.dumps(raw).encode(), "x.yaml") == []


@pytest.mark.parametrize("content", ["", "\n---\n---\n", "# a comment\n", "Not Found\n", "null\n", "- a\n"])
def test_a_file_without_an_object_is_a_warning(content: str) -> None:
    said: list[Problem] = []
    assert parse(content.encode(), "x.yaml", said) == []
    assert [(problem.what, problem.where) for problem in said] == [("the file holds no object", "x.yaml")]


def test_an_empty_file_and_the_clients_that_it_removes_are_reported(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build", *BUILD]) == 0
    (project / "crds" / "one.yaml").write_text("")
    capsys.readouterr()
    before = sorted((project / "generated").rglob("*.py"))
    assert run(["build", *BUILD, "--strict"]) == 3
    assert "error: the file holds no object" in capsys.readouterr().err
    assert sorted((project / "generated").rglob("*.py")) == before
    assert run(["build", *BUILD]) == 0
    stderr = capsys.readouterr().err
    assert "warning: the file holds no object\n  where: crds/one.yaml" in stderr
    assert "warning: the clients of example.com/v1 are removed: no input declares the group version" in stderr


def test_removed_groups_are_always_reported(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", *BUILD]) == 0
    capsys.readouterr()
    (project / "crds" / "two.yaml").unlink()
    assert run(["build", *BUILD, "-q"]) == 0
    assert "the clients of other.org/v1 are removed" in capsys.readouterr().err
    raw = manifest()
    raw["spec"]["versions"].append(copy.deepcopy(raw["spec"]["versions"][0]) | {"name": "v2", "storage": False})
    put(project / "crds" / "one.yaml", raw)
    assert run(["build", *BUILD]) == 0
    assert run(["build", *BUILD, "--include", "example.com/v2"]) == 0
    assert "the clients of example.com/v1 are removed" in capsys.readouterr().err


def at(raw: dict[str, Any], path: str) -> dict[str, Any]:
    value: Any = raw
    for key in path.split("/") if path else ():
        value = value[int(key) if isinstance(value, list) else key]
    assert isinstance(value, dict)
    return value


SCHEMA = "spec/versions/0/schema/openAPIV3Schema"


KEYS = [
    ("", "sepc", "spec"),
    ("spec", "name", "names"),
    ("spec", "subresources", None),
    ("spec/names", "shortName", "shortNames"),
    ("spec/versions/0", "additionalPrinterColumn", "additionalPrinterColumns"),
    ("spec/versions/0", "subresource", "subresources"),
    ("spec/versions/0/subresources", "state", "status"),
    ("spec/versions/0/schema", "openAPIV3Shema", "openAPIV3Schema"),
    (SCHEMA, "propertys", "properties"),
    (SCHEMA, "requried", "required"),
    (f"{SCHEMA}/properties/spec", "additionalProprties", "additionalProperties"),
    (f"{SCHEMA}/properties/spec/properties/size", "enums", "enum"),
    (f"{SCHEMA}/properties/spec/properties/size", "Type", "type"),
    (f"{SCHEMA}/properties/spec/properties/size", "x-kubernetes-preserve-unknown-field", "x-kubernetes-preserve-unkn"),
    (f"{SCHEMA}/properties/spec/properties/size", "x-kubernetes-list-typ", "x-kubernetes-list-type"),
]


@pytest.mark.parametrize(("where", "key", "meant"), KEYS)
def test_a_key_that_the_server_would_drop_is_a_warning_with_its_place(where: str, key: str, meant: str | None) -> None:
    raw = manifest()
    at(raw, where)[key] = {}
    said: list[Problem] = []
    parse(json.dumps(raw).encode(), "x.yaml", said)
    assert [(problem.what, problem.where) for problem in said] == [
        (f"unknown key {key!r}", "x.yaml#/" + "/".join(filter(None, (where, key))))
    ]
    assert said[0].hint.startswith(f"did you mean '{meant}") if meant else "drops it" in said[0].hint


@pytest.mark.parametrize("around", ["items", "additionalProperties", "not", "allOf", "anyOf", "oneOf", "properties"])
def test_unknown_keywords_are_found_in_every_form_of_a_schema(around: str) -> None:
    raw = manifest()
    inner: dict[str, Any] = {"propertys": {}}
    made: Any = [inner] if around.endswith("Of") else {"propertys": inner} if around == "properties" else inner
    at(raw, f"{SCHEMA}/properties/spec")[around] = made
    said: list[Problem] = []
    parse(json.dumps(raw).encode(), "x.yaml", said)
    assert [problem.what for problem in said] == ["unknown key 'propertys'"]


def test_keys_of_data_and_annotations_are_not_reported_as_unknown_keywords() -> None:
    raw = manifest()
    data = {"propertys": {"requried": 1}}
    at(raw, f"{SCHEMA}/properties/spec").update(
        {"default": data, "enum": [data], "example": data, "x-descriptors": ["a"], "deprecated": True}
    )
    at(raw, f"{SCHEMA}/properties/spec/properties")["propertys"] = {"type": "string"}
    said: list[Problem] = []
    parse(json.dumps(raw).encode(), "x.yaml", said)
    assert said == []


def test_unknown_keys_are_errors_when_strict_and_many_are_counted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = manifest()
    at(raw, SCHEMA).update({f"unknown{number}": 1 for number in range(100)})
    put(project / "crds" / "one.yaml", raw)
    assert run(["build", *BUILD]) == 0
    stderr = capsys.readouterr().err
    assert stderr.count("warning: unknown key") == 20
    assert "80 more unknown keys" in stderr
    assert run(["build", *BUILD, "--strict"]) == 3
    assert "error: unknown key" in capsys.readouterr().err


@pytest.mark.parametrize("served", ["true", 1, "yes"])
def test_a_version_is_not_left_out_for_a_value_of_another_type(served: object) -> None:
    raw = manifest()
    at(raw, "spec/versions/0")["served"] = served
    with pytest.raises(InputError, match="expected true or false"):
        parse(json.dumps(raw).encode(), "x.yaml")


DEFAULTS: list[tuple[object, str]] = [
    (1, "The server sets `1` if it is omitted."),
    ("web", 'The server sets `"web"` if it is omitted.'),
    (False, "The server sets `false` if it is omitted."),
    ({"a": [1]}, 'The server sets `{"a": [1]}` if it is omitted.'),
    ("x" * 500, "x`... if it is omitted."),
]


@pytest.mark.parametrize(("default", "words"), DEFAULTS)
def test_the_docstring_of_a_field_names_the_value_that_the_server_sets(default: object, words: str) -> None:
    raw = manifest()
    value = at(raw, f"{SCHEMA}/properties/spec/properties")["value"] = {"description": "The value.", "default": default}
    value["x-kubernetes-preserve-unknown-fields"] = True
    models = [model for module in of(raw).modules for model in module.models if model.name == "WidgetSpec"]
    docs = {field.wire_name: field.doc for model in models for field in model.fields}
    assert docs["value"].startswith("The value. The server sets")
    assert docs["value"].endswith(words)
    assert docs["size"] == "The server sets `1` if it is omitted."


def test_the_order_of_inputs_changes_nothing(project: Path) -> None:
    put(project / "more" / "x.yaml", manifest("third.org", "Third"))
    made: list[dict[str, bytes]] = []
    for number, order in enumerate((("crds", "more"), ("more", "crds"))):
        words = [word for name in order for word in ("--specs", name)]
        assert run(["build", "-q", *words, "--package", "mine", "--output", str(number)]) == 0
        folder = project / str(number)
        made.append({file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*.py")})
    assert made[0] == made[1]


def test_a_template_without_a_crd_is_a_warning_and_the_crds_next_to_it_are_read(project: Path) -> None:
    template = "{{- if .Values.enabled }}\nkind: Deployment\n{{- end }}\n"
    (project / "crds" / "deployment.yaml").write_text(template)
    (problem,) = load(project / "crds").warnings
    assert (problem.where, problem.what) == ("crds/deployment.yaml", "a template that is not rendered is not read")
    assert "helm template" in problem.hint
    assert names(project / "crds") == {"Widget", "Other"}
    for kind in ("CustomResourceDefinition", "customresourcedefinition"):
        (project / "crds" / "deployment.yaml").write_text(template.replace("Deployment", kind))
        with pytest.raises(InputError, match="helm template"):
            load(project / "crds")


def test_a_file_that_is_not_a_template_and_not_yaml_is_an_error(project: Path) -> None:
    (project / "crds" / "broken.yaml").write_text("a: [")
    with pytest.raises(InputError, match="broken"):
        load(project / "crds")


def test_a_package_without_a_resource_is_a_warning(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = {"swagger": "2.0", "info": {"title": "t", "version": "v1"}, "paths": {}, "definitions": {}}
    path = "/apis/yard.example.com/v1/namespaces/{namespace}/wells/{name}"
    raw["paths"] = {path: {"get": {"operationId": "readWell", "responses": {"200": {"description": "OK"}}}}}
    raw["definitions"] = {"v1.Well": {"type": "object", "properties": {"a": {"type": "string"}}}}
    (project / "swagger.json").write_text(json.dumps(raw))
    build = ["build", "--specs", "swagger.json", "--package", "mine"]
    assert run(build) == 0
    assert "the package has no resource" in capsys.readouterr().err
    assert run([*build, "--strict"]) == 3
    assert run(["build", *BUILD]) == 0
    assert "no resource" not in capsys.readouterr().err
