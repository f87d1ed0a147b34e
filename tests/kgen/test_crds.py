"""CRD manifests become the documents that a server would serve. Invalid manifests are errors with a location."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kgen.errors import InputError
from kgen.load import load, load_all
from kgen.load.crd import parse
from kgen.spec import ApiSpec
from tests.kgen.manifests import CRDS, change, manifest


def loaded(tmp_path: Path, *manifests: Any) -> ApiSpec:
    file = tmp_path / "crds.yaml"
    file.write_text(yaml.safe_dump_all(manifests, sort_keys=False))
    return load(file, "crds.yaml")


def test_every_served_version_is_a_document_and_others_are_reported() -> None:
    spec = load(CRDS / "odds.yaml", "crds/odds.yaml")
    assert [document.name for document in spec.documents] == ["apis/example.com/v1", "apis/example.com/v1beta1"]
    (notice,) = spec.notices
    assert notice.what == "odds.example.com does not serve v1alpha1: that version is left out"
    assert notice.where == "crds/odds.yaml"


def test_properties_of_a_crd_without_a_place_in_openapi_are_kept() -> None:
    document = load(CRDS / "odds.yaml").documents[0]
    custom = document.custom["odds"]
    assert custom.short_names == ("od",)
    assert custom.categories == ("all", "odd")
    assert [(column.name, column.type, column.json_path) for column in custom.columns] == [
        ("Size", "integer", ".spec.size")
    ]
    assert custom.deprecated == "old"
    assert custom.scale == {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


def test_paths_depend_on_the_scope(tmp_path: Path) -> None:
    namespaced = loaded(tmp_path, manifest()).documents[0]
    cluster = loaded(tmp_path, manifest(scope="Cluster")).documents[0]
    assert {operation.path for operation in namespaced.operations} == {
        "/apis/example.com/v1/widgets",
        "/apis/example.com/v1/namespaces/{namespace}/widgets",
        "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}",
    }
    assert {operation.path for operation in cluster.operations} == {
        "/apis/example.com/v1/widgets",
        "/apis/example.com/v1/widgets/{name}",
    }


def other(plural: str, kind: str) -> dict[str, Any]:
    return manifest(names={"plural": plural, "kind": kind})


def test_lists_many_documents_and_other_kinds_are_read_as_kubectl_reads_them(tmp_path: Path) -> None:
    typed = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinitionList"}
    item = {key: value for key, value in other("cogs", "Cog").items() if key not in ("apiVersion", "kind")}
    spec = loaded(
        tmp_path,
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}},
        None,
        manifest(),
        {"apiVersion": "v1", "kind": "List", "items": [other("gears", "Gear"), {"kind": "Service"}]},
        {**typed, "items": [item]},
        ["not", "an", "object"],
    )
    (document,) = spec.documents
    assert [name for name in document.schemas if not name.endswith("List")] == [
        "com.example.v1.Cog",
        "com.example.v1.Gear",
        "com.example.v1.Widget",
    ]
    assert document.places["com.example.v1.Gear"] == (
        "crds.yaml, document 4#/items/0/spec/versions/0/schema/openAPIV3Schema"
    )


def test_folders_are_read_recursively_without_hidden_folders(tmp_path: Path) -> None:
    (tmp_path / "crds" / "inner").mkdir(parents=True)
    (tmp_path / "crds" / ".hidden").mkdir()
    (tmp_path / "crds" / "inner" / "widgets.yml").write_text(yaml.safe_dump(manifest()))
    (tmp_path / "crds" / "gears.json").write_text(json.dumps(other("gears", "Gear")))
    (tmp_path / "crds" / ".hidden" / "cogs.yaml").write_text("{{ no YAML")
    (document,) = load(tmp_path / "crds").documents
    assert document.source == "crds"
    assert {"com.example.v1.Gear", "com.example.v1.Widget"} <= document.schemas.keys()


def test_openapi_and_crds_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "widgets.yaml").write_text(yaml.safe_dump(manifest()))
    specs = Path(__file__).parents[2] / "specs" / "1.37"
    names = {document.name for document in load_all([(specs, "specs"), (tmp_path / "widgets.yaml", "w")]).documents}
    assert {"api/v1", "apis/example.com/v1"} <= names


def test_a_group_version_of_two_inputs_is_refused(tmp_path: Path) -> None:
    from tests.kgen.documents import document

    (tmp_path / "widgets.yaml").write_text(yaml.safe_dump(other("gears", "Gear")))
    (tmp_path / "apis__example.com__v1.json").write_text(json.dumps(document()))
    with pytest.raises(InputError, match=r"example\.com/v1 is also in") as caught:
        load(tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("path", "value", "what", "where"),
    [
        ("apiVersion", "apiextensions.k8s.io/v1beta1", "v1beta1 is not read", "#/apiVersion"),
        ("spec", None, "expected an object, found null", "#/spec"),
        ("spec/group", "../..", "is not a valid group", "#/spec/group"),
        ("spec/group", "example", "is not a valid group", "#/spec/group"),
        ("spec/group", "core.api.k8s.io", "belongs to Kubernetes itself", "#/spec/group"),
        ("spec/scope", "Galaxy", "is not a valid scope", "#/spec/scope"),
        ("spec/names/kind", "A b", "is not a valid kind", "#/spec/names/kind"),
        ("spec/names/plural", None, "expected a string at 'plural'", "#/spec/names"),
        ("spec/versions", [], "has no versions", "#/spec"),
        ("spec/versions/0/name", "v1/..", "is not a valid name", "#/spec/versions/0/name"),
        ("spec/versions/0/schema", None, "expected an object, found null", "#/spec/versions/0/schema"),
        (
            "spec/versions/0/schema/openAPIV3Schema/properties/spec",
            {"$ref": "file:///etc/passwd"},
            "only schemas of the same document",
            "#/spec/versions/0/schema/openAPIV3Schema/properties/spec/$ref",
        ),
    ],
)
def test_an_invalid_value_in_a_crd_is_reported_with_its_location(
    path: str, value: object, what: str, where: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, {"kind": "Other"}, change(manifest(), path, value))
    assert what in caught.value.what
    assert caught.value.where == "crds.yaml, document 2" + where
    assert caught.value.hint


def test_a_reference_inside_a_default_or_enum_is_data(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"$ref": {"type": "string"}}, "default": {"$ref": "file:///etc/passwd"}}
    properties = {"a": schema, "b": {**schema, "enum": [{"$ref": "x"}]}, "default": {"$ref": "#/definitions/C"}}
    path = "spec/versions/0/schema/openAPIV3Schema/properties"
    raw = change(manifest(), path, {"spec": {**schema, "properties": properties}})
    spec = loaded(tmp_path, raw).documents[0].schemas["com.example.v1.Widget"]["properties"]["spec"]
    assert spec["default"] == spec["properties"]["a"]["default"] == schema["default"]
    # `default` is the name of a property here, so its schema may be a reference.
    assert spec["properties"]["default"]["$ref"] == "#/components/schemas/C"


def test_the_hint_for_v1beta1_contains_the_reason() -> None:
    raw = change(manifest(), "apiVersion", "apiextensions.k8s.io/v1beta1")
    with pytest.raises(InputError) as caught:
        parse(json.dumps(raw).encode(), "x.json")
    assert "since 1.22" in caught.value.hint


def test_two_crds_of_one_resource_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"widgets\.example\.com is in crds\.yaml, too"):
        loaded(tmp_path, manifest(), manifest())


def test_a_helm_template_that_is_not_rendered_is_reported(tmp_path: Path) -> None:
    (tmp_path / "crds.yaml").write_text("{{- if .Values.crds }}\nkind: CustomResourceDefinition\n{{ end }}")
    with pytest.raises(InputError) as caught:
        load(tmp_path)
    assert "helm template" in caught.value.hint
    assert "crds.yaml" in caught.value.where


def test_files_without_a_crd_are_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no CustomResourceDefinition"):
        loaded(tmp_path, {"apiVersion": "v1", "kind": "Namespace"})
    with pytest.raises(InputError, match="no CustomResourceDefinition"):
        load(tmp_path)


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join(f'*a{n - 1}' for _ in range(10))}]" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "what"),
    [
        (bomb(), "more than 1000000 values"),
        ("{a: " * 10_000 + "1" + "}" * 10_000, "nested deeper"),
        ("a: &a [*a]", "stands for nothing that is complete"),
        ("a: !!python/object/apply:os.system [ls]", "is not allowed"),
        ("a: 1\na: 2", "is defined twice"),
        ("[" + "{}," * 1_100_000 + "]", "more than 1000000 values"),
        ("\x00", ""),
        ("a: \ud800".encode("utf-8", "surrogatepass").decode("latin-1"), ""),
    ],
    ids=["anchors", "depth", "loop", "tag", "twice", "many", "nul", "latin"],
)
def test_bombs_are_refused_within_limits(text: str, what: str) -> None:
    try:
        assert parse(text.encode(), "x.yaml") == []
    except InputError as error:
        assert what in error.what
        assert error.where == "x.yaml"
    else:
        assert not what


def test_a_file_of_200_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "big.yaml").open("wb") as stream:
        stream.truncate(200 << 20)
    with pytest.raises(InputError, match="larger than 64 MiB"):
        load(tmp_path / "big.yaml")
