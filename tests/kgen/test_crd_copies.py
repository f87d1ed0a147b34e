"""Copies of types of Kubernetes with other fields, or other required fields, than kubeclient's."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kgen.lost_names import lost_names
from kgen.package_names import PackageNames
from kubeclient.models import core_v1
from kubecore import other_fields
from kubecore.calls.modify import merge
from kubecore.codec import decode
from kubecore.codec.encode import encode
from kubecore.watch.decoder import Decoder
from tests.conftest import ROOT
from tests.kgen.crd_schemas import CORE, STRING, fields, in_place, obj, spec_fields
from tests.kgen.documents import generated
from tests.kgen.manifests import manifest, of
from tests.torture.additions import resolved

WHOLE_METADATA = ("annotations", "finalizers", "labels", "name", "namespace")
WORKERS = {"type": "array", "items": STRING}


def at(schema: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the schema at a path such as `spec.containers[]`."""
    for step in path.replace("[]", ".[]").split("."):
        schema = schema["items"] if step == "[]" else schema["properties"][step]
    return schema


def with_field(schema: dict[str, Any], path: str, name: str = "tier", value: Any = STRING) -> dict[str, Any]:
    """Return a schema with one field more in the object at a path."""
    made = copy.deepcopy(schema)
    (at(made, path) if path else made)["properties"][name] = value
    return made


TEMPLATE = in_place(CORE + "PodTemplateSpec", words=False, metadata=WHOLE_METADATA)
CLAIM = in_place(CORE + "PersistentVolumeClaimSpec", words=False)
CONTAINER = "spec.containers[]"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("PersistentVolumeClaimSpec", "resources"),
        ("PodSpec", "containers[]"),
        ("PodTemplateSpec", "spec"),
        ("PodTemplateSpec", CONTAINER),
        ("PodTemplateSpec", f"{CONTAINER}.env[].valueFrom"),
        ("PodTemplateSpec", f"{CONTAINER}.lifecycle"),
    ],
)
def test_an_object_inside_of_a_copy_may_have_one_field_more(name: str, path: str) -> None:
    made = spec_fields({"value": with_field(in_place(CORE + name, words=False, metadata=WHOLE_METADATA), path)})
    where = f"{path}.tier"
    assert made["value"].annotation == f'Annotated[core_v1.{name}, OtherFields("{where}")] | None'
    assert made["value"].field.doc == f"Like core_v1.{name}, but `kubecore.other_fields` has `{where}`."


def test_the_items_of_a_list_and_the_values_of_a_map_may_have_other_fields() -> None:
    claims = with_field(CLAIM, "resources")
    made = spec_fields(
        {"many": {"type": "array", "items": claims}, "map": {"type": "object", "additionalProperties": claims}}
    )
    claim = 'Annotated[core_v1.PersistentVolumeClaimSpec, OtherFields("resources.tier")]'
    assert made["many"].annotation == f"list[{claim}]"
    assert made["map"].annotation == f"dict[str, {claim}]"


def test_the_docstring_contains_the_required_fields_that_differ() -> None:
    container = in_place(CORE + "Container", words=False)
    del container["required"]
    assert spec_fields({"value": container})["value"].field.doc == "Like core_v1.Container, but `name` is optional."
    template = copy.deepcopy(TEMPLATE)
    del at(template, CONTAINER)["required"]
    at(template, "spec.volumes[]")["required"] = ["name", "secret"]
    at(template, "spec")["properties"]["tier"] = STRING
    doc = spec_fields({"value": {**template, "description": "What runs."}})["value"].field.doc
    assert doc == (
        "What runs. Like core_v1.PodTemplateSpec, but `spec.containers[].name` is optional; "
        "`spec.volumes[].secret` is required; `kubecore.other_fields` has `spec.tier`."
    )


def test_the_example_of_the_documentation_is_true(widgets: Any, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "crds.md").read_text("utf-8").partition("### Copies with other fields")[2]
    annotation, program = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    template = with_field(TEMPLATE, CONTAINER, "workers", {"type": "integer"})
    del at(template, CONTAINER)["required"]
    made = spec_fields({"template": template})["template"]
    assert annotation.split() == f'template: {made.annotation} = None\n"""{made.field.doc}"""'.split()
    widget = widgets.Widget.from_dict(OBJECT)
    exec(program, {"widget": widget})  # noqa: S102 - it is our own page.
    assert capsys.readouterr().out == "{'workers': ['a', 'b']}\n"
    assert widget.to_dict()["spec"]["template"]["spec"]["containers"][0]["workers"] == 3


def test_a_docstring_names_few_of_many_differences() -> None:
    doc = spec_fields({"value": in_place(CORE + "PodSpec", words=False, required=False)})["value"].field.doc
    assert doc.startswith("Like core_v1.PodSpec, but `containers`, `containers[].name`, ")
    assert " more are optional." in doc


def required_field() -> dict[str, Any]:
    return {**at(with_field(CLAIM, "resources"), "resources"), "required": ["tier"]}


GROWN = ("PersistentVolumeClaimSpec", "PodSpec", "Container")


@pytest.mark.parametrize("name", GROWN)
def test_a_copy_that_gets_a_field_is_still_the_type_in_the_package(name: str) -> None:
    plain = in_place(CORE + name, words=False)
    lists = {"type": "array", "items": plain}
    more = with_field(plain, "")
    first = resolved([manifest({"value": plain, "many": lists})])
    second = resolved([manifest({"value": more, "many": {**lists, "items": more}})], PackageNames.of(first))
    made = fields(second, "WidgetSpec")
    assert made["value"].annotation == f'Annotated[core_v1.{name}, OtherFields("tier")] | None'
    assert made["many"].annotation == f'list[Annotated[core_v1.{name}, OtherFields("tier")]]'
    third = resolved([manifest({"value": more, "many": lists})], PackageNames.of(second))
    assert fields(third, "WidgetSpec")["value"].annotation == made["value"].annotation
    assert fields(third, "WidgetSpec")["many"].annotation == f"list[core_v1.{name}]"
    assert lost_names(PackageNames.of(first), PackageNames.of(second)) == ()


@pytest.mark.parametrize(
    ("name", "more"), [("PersistentVolumeClaimSpec", ("tier", "rank")), ("Toleration", ("tier",))], ids=str
)
def test_a_copy_that_gets_many_fields_is_a_class(name: str, more: tuple[str, ...]) -> None:
    plain = in_place(CORE + name, words=False)
    grown = plain
    for each in more:
        grown = with_field(grown, "", each)
    second = resolved([manifest({"value": grown})], PackageNames.of(resolved([manifest({"value": plain})])))
    assert fields(second, "WidgetSpec")["value"].annotation == "WidgetSpecValue | None"


@pytest.mark.parametrize(
    "schema",
    [
        {**CLAIM, "properties": {**CLAIM["properties"], "resources": required_field()}},  # A program has to set it.
        with_field(CLAIM, ""),  # Its own fields have attributes.
        with_field(CLAIM, "resources", "bad name"),
        with_field(with_field(CLAIM, "resources"), "resources", "more"),  # Two next to two.
        {**CLAIM, "required": ["volumeName"]},
    ],
    ids=["required", "itself", "name", "half", "requires more"],
)
def test_a_schema_that_differs_more_has_a_class(schema: dict[str, Any]) -> None:
    assert spec_fields({"value": schema})["value"].annotation == "WidgetSpecValue | None"


def test_a_copy_that_lacks_a_required_field_has_a_class() -> None:
    spec = in_place(CORE + "PodSpec", words=False, leave_out=("containers",))
    assert spec_fields({"value": {**spec, "required": []}})["value"].annotation == "WidgetSpecValue | None"


def test_objects_with_different_other_fields_have_separate_classes() -> None:
    part = obj(claim=with_field(CLAIM, "resources"), size=STRING)
    api = of(manifest({"a": part, "b": obj(claim=CLAIM, size=STRING), "c": copy.deepcopy(part)}))
    assert "OtherFields" in fields(api, "WidgetSpecA")["claim"].annotation
    assert "OtherFields" not in fields(api, "WidgetSpecB")["claim"].annotation
    aliases = {str(alias.name): alias.target.name for module in api.modules for alias in module.aliases}
    assert aliases["WidgetSpecC"] == "WidgetSpecA"


# Reading and writing.

SPEC = {
    "template": with_field(with_field(TEMPLATE, CONTAINER, "workers", WORKERS), "spec"),
    "claims": {"type": "array", "items": with_field(CLAIM, "resources")},
    "job": in_place("io.k8s.api.batch.v1.JobSpec", words=False, required=False),
}
OBJECT: dict[str, Any] = {
    "apiVersion": "example.com/v1",
    "kind": "Widget",
    "metadata": {"name": "one"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "tier": "gold",
                "containers": [{"name": "web", "args": [], "workers": ["a", "b"]}, {"image": "proxy"}],
            },
        },
        "claims": [{"resources": {"tier": ""}}, {"volumeName": "v", "resources": {"requests": {"storage": 1}}}],
        "job": {"template": {"spec": {"containers": [{"image": "job"}]}}},
    },
}


@pytest.fixture(scope="module")
def widgets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The models of `SPEC`."""
    folder = tmp_path_factory.mktemp("copies")
    for name, source in generated(of(manifest(SPEC)), "copiesof").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("copiesof.models.example_v1")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "copiesof"]:
            del sys.modules[name]


def in_json(model: Any) -> Any:
    return json.loads(encode(model))


def test_no_form_of_reading_loses_other_fields(widgets: Any) -> None:
    text = json.dumps(OBJECT).encode()
    found = [widgets.Widget.from_dict(OBJECT), decode.decode(text, widgets.Widget)]
    found.append(widgets.Widget.from_yaml(found[0].to_yaml()))
    whole = {"apiVersion": "example.com/v1", "kind": "WidgetList", "metadata": {}, "items": [OBJECT, OBJECT]}
    found += decode.decode(json.dumps(whole).encode(), widgets.WidgetList).items
    line = json.dumps({"type": "ADDED", "object": OBJECT}).encode() + b"\n"
    found += [event.object for event, _ in Decoder(widgets.Widget).feed(line) if event is not None]
    assert len(found) == 6
    for widget in found:
        assert widget.to_dict() == OBJECT
        assert in_json(widget) == OBJECT
        assert widget == found[0]
        assert isinstance(widget.spec.template, core_v1.PodTemplateSpec)


def test_an_object_without_other_fields_is_read_the_fast_way(widgets: Any) -> None:
    plain = {**OBJECT, "spec": {"claims": [{"volumeName": "v"}]}}
    (claim,) = decode.decode(json.dumps(plain).encode(), widgets.Widget).spec.claims
    assert type(claim) is core_v1.PersistentVolumeClaimSpec


def test_fields_at_other_places_are_dropped(widgets: Any) -> None:
    raw = copy.deepcopy(OBJECT)
    raw["spec"]["template"]["tier"] = raw["spec"]["template"]["spec"]["unknown"] = "dropped"
    assert widgets.Widget.from_dict(raw).to_dict() == OBJECT


def test_copies_are_equal_and_keep_other_fields(widgets: Any) -> None:
    widget = widgets.Widget.from_dict(OBJECT)
    for same in (copy.copy(widget), copy.deepcopy(widget), pickle.loads(pickle.dumps(widget)), widget.replace()):
        assert same == widget
        assert same.to_dict() == OBJECT
    other = copy.deepcopy(OBJECT)
    other["spec"]["template"]["spec"]["tier"] = "silver"
    assert widgets.Widget.from_dict(other) != widget


def test_a_changed_object_keeps_the_other_fields(widgets: Any) -> None:
    widget = widgets.Widget.from_dict(OBJECT)
    widget.spec.template.spec.containers[0].image = "web:2"
    expected = copy.deepcopy(OBJECT)
    expected["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2"
    assert widget.to_dict() == expected


def test_other_fields_are_read_and_replaced(widgets: Any) -> None:
    widget = widgets.Widget.from_dict(OBJECT)
    container = widget.spec.template.spec.containers[0]
    assert other_fields.read(container) == {"workers": ["a", "b"]}
    assert other_fields.read(widget.spec.template) == {}
    other_fields.read(container)["workers"].append("c")
    assert widget.to_dict() == OBJECT
    widget.spec.template.spec.containers[0] = other_fields.replaced(container, {"workers": []})
    widget.spec.claims[0].resources = other_fields.replaced(widget.spec.claims[0].resources, {})
    expected = copy.deepcopy(OBJECT)
    expected["spec"]["template"]["spec"]["containers"][0]["workers"] = []
    expected["spec"]["claims"][0] = {}
    assert widget.to_dict()["spec"]["template"] == expected["spec"]["template"]
    assert other_fields.read(widget.spec.claims[0].resources) == {}
    assert other_fields.read(container) == {"workers": ["a", "b"]}


def test_a_new_object_may_have_other_fields(widgets: Any) -> None:
    claim = other_fields.replaced(core_v1.VolumeResourceRequirements(), {"tier": "gold"})
    widget = widgets.Widget(spec=widgets.WidgetSpec(claims=[core_v1.PersistentVolumeClaimSpec(resources=claim)]))
    assert widget.to_dict()["spec"] == {"claims": [{"resources": {"tier": "gold"}}]}
    with pytest.raises(
        ValueError, match="'volumeName' is a field of PersistentVolumeClaimSpec: set the attribute volume_name"
    ):
        other_fields.replaced(core_v1.PersistentVolumeClaimSpec(), {"volumeName": "v"})


def test_a_change_of_another_field_is_merged_into_the_document(widgets: Any) -> None:
    raw = copy.deepcopy(OBJECT)
    raw["spec"]["template"]["spec"]["future"] = "kept"
    before, after = widgets.Widget.from_dict(raw), widgets.Widget.from_dict(raw)
    assert merge(raw, before, after) == raw
    after.spec.template.spec = other_fields.replaced(after.spec.template.spec, {"tier": "silver"})
    after.spec.template.spec.node_name = "n"
    expected = copy.deepcopy(raw)
    expected["spec"]["template"]["spec"] |= {"tier": "silver", "nodeName": "n"}
    assert merge(raw, before, after) == expected


PROGRAM = """
from copiesof.models import example_v1
from kubeclient.models import batch_v1, core_v1
from kubecore import other_fields

container = core_v1.Container(name="web")
template = core_v1.PodTemplateSpec(spec=core_v1.PodSpec(containers=[container]))
widget = example_v1.Widget(
    spec=example_v1.WidgetSpec(
        template=template,
        claims=[core_v1.PersistentVolumeClaimSpec()],
        job=batch_v1.JobSpec(template=template),
    )
)
claims: list[core_v1.PersistentVolumeClaimSpec] = widget.spec.claims if widget.spec else []
place: example_v1.WidgetSpecTemplate = other_fields.replaced(template, {})
"""


@pytest.mark.thorough
@pytest.mark.parametrize("checker", [("mypy", "--strict", "--config-file="), ("pyright",)], ids=["mypy", "pyright"])
def test_types_of_kubernetes_fit_for_type_checkers(checker: tuple[str, ...], tmp_path: Path) -> None:
    for name, source in generated(of(manifest(SPEC)), "copiesof").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    command = [str(Path(sys.executable).parent / checker[0]), *checker[1:], "program.py"]
    command += ["--pythonpath", sys.executable] if checker[0] == "pyright" else []
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:]
