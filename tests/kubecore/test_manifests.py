"""Convert manifests from files and texts to objects, and back."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeclient.models import apps_v1, core_v1, meta_v1, rbac_v1
from kubecore import errors, manifests
from kubecore.codec import yaml
from kubecore.manifests import dump_manifests, load_manifest_files, load_manifests
from kubecore.model.model import Model

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 'yes'}\n"
WIDGET = "apiVersion: example.com/v1\nkind: Widget\nspec: {size: 1e3}\n"


def test_documents_of_known_kinds_become_models() -> None:
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\n"
    found = load_manifests(f"---\n# nothing\n---\n{CONFIG_MAP}---\n{WIDGET}---\n---\n{role}...\n")
    assert found == [
        core_v1.ConfigMap(metadata=meta_v1.ObjectMeta(name="a"), data={"x": "yes"}),
        {"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"size": 1000}},
        rbac_v1.Role(metadata=meta_v1.ObjectMeta(name="r")),
    ]


@pytest.mark.parametrize("text", ["", "\n", "---\n", "# a\n---\n---\n# b\n", "null", b"\xef\xbb\xbf"])
def test_a_text_without_objects_is_an_empty_list(text: Any) -> None:
    assert load_manifests(text) == []


def test_json_is_taken_too() -> None:
    assert load_manifests(json.dumps({"apiVersion": "v1", "kind": "Secret"}).encode()) == [core_v1.Secret()]


def names(found: list[Any]) -> list[str]:
    return [f"{type(one).__name__} {one.metadata.name}" for one in found]


def test_lists_are_replaced_by_their_items() -> None:
    pods = "apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: p1}}, {kind: Pod, metadata: {name: p2}}]\n"
    deployments = "{apiVersion: apps/v1, kind: DeploymentList, items: [{metadata: {name: d}}]}"
    inner = json.dumps(yaml.load(CONFIG_MAP))
    text = f"{pods}---\n{{apiVersion: v1, kind: List, items: [{inner}, {deployments}]}}"
    assert names(load_manifests(text)) == ["Pod p1", "Pod p2", "ConfigMap a", "Deployment d"]


def test_items_of_lists_without_models_get_their_kind() -> None:
    text = "{apiVersion: example.com/v1, kind: WidgetList, items: [{spec: {}}, {kind: Gadget}]}"
    assert load_manifests(text) == [
        {"apiVersion": "example.com/v1", "kind": "Widget", "spec": {}},
        {"apiVersion": "example.com/v1", "kind": "Gadget"},
    ]


@pytest.mark.parametrize("items", ["", ", items: ", ", items: []", ", metadata: {}"])
def test_a_list_without_items_is_an_empty_list(items: str) -> None:
    assert load_manifests(f"{{apiVersion: v1, kind: List{items}}}") == []


def test_a_kind_whose_name_ends_in_list_is_not_expanded() -> None:
    text = {"apiVersion": "example.com/v1", "kind": "AllowList", "spec": {"items": ["a"]}}
    other = {"apiVersion": "example.com/v1", "kind": "List", "items": [1]}
    assert load_manifests(dump_manifests([text, other])) == [text, other]


def test_models_can_be_a_mapping_or_a_function() -> None:
    class Widget(Model, kw_only=True):
        api_version: str
        kind: str
        spec: dict[str, int]

    widget = Widget(api_version="example.com/v1", kind="Widget", spec={"size": 1000})
    assert load_manifests(WIDGET, models={("example.com/v1", "Widget"): Widget}) == [widget]
    assert load_manifests(WIDGET, models=lambda _, kind: Widget if kind == "Widget" else None) == [widget]
    assert load_manifests(CONFIG_MAP, models={}) == [yaml.load(CONFIG_MAP)]


@pytest.mark.parametrize(
    ("api_version", "kind", "model"),
    [
        ("v1", "Pod", core_v1.Pod),
        ("apps/v1", "Deployment", apps_v1.Deployment),
        ("apps/v1", "Pod", None),
        ("example.io/v1", "Deployment", None),
        ("apps.example.io/v1", "Deployment", None),
        ("APPS/v1", "Deployment", None),
        ("v1", "PodSpec", None),
        ("v1", "__name__", None),
        ("v1", "meta_v1", None),
        ("../v1", "Pod", None),
        ("", "", None),
        ("é/ñ", "Pod", None),
        ("apps_v1.sub/x", "y", None),
        ("\0/\0", "Pod", None),
    ],
)
def test_models_are_found_by_api_version_and_kind(api_version: str, kind: str, model: Any) -> None:
    assert manifests.models_of("kubeclient")(api_version, kind) is model


def test_every_kind_of_the_generated_package_is_found() -> None:
    import importlib
    import pkgutil

    from kubeclient import models

    lookup = manifests.models_of("kubeclient")
    count = 0
    for info in pkgutil.iter_modules(models.__path__):
        module = importlib.import_module(f"kubeclient.models.{info.name}")
        for model in (getattr(module, name) for name in module.__all__):
            if info.name != "meta_v1" and isinstance(model, type) and issubclass(model, Model):
                said = manifests._type_meta(model)
                if all(isinstance(one, str) for one in said):
                    count += 1
                    assert lookup(*said) is model
    assert count > 150


def test_a_missing_package_has_no_models() -> None:
    assert manifests.models_of("no_such_package")("v1", "Pod") is None


@pytest.mark.slow
def test_modules_of_models_are_imported_when_they_are_needed() -> None:
    code = (
        "import sys; from kubecore import manifests\n"
        "seen = lambda: {name for name in sys.modules if name.startswith('kubeclient')}\n"
        "assert not seen(), seen()\n"
        "manifests.load_manifests('{apiVersion: example.com/v1, kind: A}')\n"
        "assert not any(name.startswith('kubeclient.models.') for name in seen()), seen()\n"
        "manifests.load_manifests('{apiVersion: v1, kind: ConfigMap}')\n"
        "assert 'kubeclient.models.core_v1' in seen() and 'kubeclient.models.apps_v1' not in seen(), seen()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


WHERE = r"^x\.yaml, document 3, line 5: "


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("a: 1", "apiVersion is missing: an object needs apiVersion and kind"),
        ("kind: Pod", "apiVersion is missing"),
        ("apiVersion: v1", "kind is missing: an object needs apiVersion and kind"),
        ("apiVersion: v1\nkind: ''", "kind is missing"),
        ("apiVersion: v1\nkind: yes", "kind: expected text, found a boolean: quote it"),
        ("apiVersion: 1\nkind: Pod", "apiVersion: expected text, found a number: quote it"),
        ("[a]", "expected an object with apiVersion and kind, found a list"),
        ("text", "expected an object with apiVersion and kind, found text"),
        ("5", "expected an object with apiVersion and kind, found a number"),
        ("apiVersion: v1\nkind: List\nitems: 5", "items: expected a list, found a number"),
        ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1}]", r"items\[0\]: kind is missing"),
        ("apiVersion: v1\nkind: List\nitems: [null]", r"items\[0\]: expected an object .* found null"),
        ("apiVersion: v1\nkind: PodList\nitems: {}", "items: expected a list, found an object"),
        (
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: many}}",
            r"'web': .*\$\.spec\.replicas",
        ),
        (
            "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: PodList, items: [{}, {spec: 5}]}]}",
            r"items\[0\]\.items\[1\]: .*\$\.spec",
        ),
    ],
)
def test_an_invalid_manifest_is_reported_with_its_location(document: str, words: str) -> None:
    with pytest.raises(errors.DecodeError, match=f"{WHERE}{words}"):
        load_manifests(f"{CONFIG_MAP.splitlines()[0]}\nkind: A\n---\n---\n{document}\n", source="x.yaml")


def test_invalid_yaml_is_reported_with_its_location() -> None:
    with pytest.raises(errors.DecodeError, match=r"^x\.yaml, document 2, line 6, column 4: "):
        load_manifests(f"{CONFIG_MAP}---\na: ]", source="x.yaml")


def test_files_and_folders_are_read(tmp_path: Path) -> None:
    for name, text in {
        "b.yml": WIDGET,
        "a.yaml": CONFIG_MAP,
        "c.txt": "a: 1",
        "d.json": '{"apiVersion": "v1", "kind": "Pod"}',
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "e.yaml").mkdir()
    (tmp_path / "e.yaml" / "f.yaml").write_text(WIDGET)
    kinds = [type(one).__name__ for one in load_manifest_files(tmp_path)]
    assert kinds == ["ConfigMap", "dict", "Pod"]
    assert len(load_manifest_files(str(tmp_path), recursive=True)) == 4
    assert load_manifest_files(tmp_path / "b.yml", models={}) == [yaml.load(WIDGET)]
    with pytest.raises(errors.DecodeError, match=r"c\.txt, document 1, line 1: apiVersion is missing"):
        load_manifest_files(tmp_path / "c.txt")


def test_unreadable_manifest_files_raise_decode_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.DecodeError, match=r"x\.yaml: the file can't be read: No such file"):
        load_manifest_files(tmp_path / "x.yaml")
    with pytest.raises(errors.DecodeError, match="the file can't be read: its name is not a valid file name"):
        load_manifest_files("a\0b")
    with pytest.raises(
        errors.DecodeError, match=r"the folder holds no manifests: no file ends in \.json, \.yaml, \.yml"
    ):
        load_manifest_files(tmp_path)
    monkeypatch.setattr(yaml, "MAX_BYTES", 10)
    (tmp_path / "x.yaml").write_text(CONFIG_MAP)
    with pytest.raises(errors.DecodeError, match=r"x\.yaml: the text is larger"):
        load_manifest_files(tmp_path)


def test_objects_are_written_with_dashes_between() -> None:
    found = load_manifests(f"{CONFIG_MAP}---\n{WIDGET}")
    written = dump_manifests(found)
    assert written.splitlines().count("---") == 1
    assert "x: 'yes'" in written or 'x: "yes"' in written
    assert load_manifests(written) == found
    assert dump_manifests([]) == ""


def test_dump_refuses_values_without_a_json_form() -> None:
    circle: dict[str, Any] = {"apiVersion": "v1", "kind": "A"}
    circle["circle"] = circle
    refused: list[Any] = [circle, {"a": object()}, {1: 2}, {"a": math.inf}, {"a": [math.nan]}, {"a": "\ud800"}]
    for bad in refused:
        with pytest.raises(errors.EncodeError):
            dump_manifests([bad])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.floats(-1e15, 1e15),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)
WORDS = st.text(min_size=1, max_size=12).filter(lambda kind: not kind.endswith("List"))
OBJECTS = st.builds(
    lambda api_version, kind, rest: {**rest, "apiVersion": api_version, "kind": kind},
    WORDS,
    WORDS,
    st.dictionaries(st.text(max_size=6), JSON, max_size=4),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(OBJECTS, max_size=4))
@pytest.mark.slow
def test_dumped_manifests_are_loaded_unchanged(objects: list[dict[str, Any]]) -> None:
    assert load_manifests(dump_manifests(objects), models={}) == objects


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            "apiVersion: ",
            "kind: ",
            "v1",
            "Pod",
            "PodList",
            "List",
            "items: ",
            "metadata: ",
            "spec: ",
            "\n",
            "\n---\n",
            "- ",
            "  ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            "5",
            "~",
            "&a ",
            "*a",
            "<<: ",
            "!!str ",
            "'",
        ]
    ),
    max_size=30,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60) | FRAGMENTS)
def test_any_text_is_loaded_or_raises_decode_error(text: Any) -> None:
    try:
        load_manifests(text)
    except errors.DecodeError:
        pass


# Formats of kubectl.

FIRST = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}'
SECOND = FIRST.replace('"a"', '"b"')
FORMATS = {
    "concatenated": FIRST + SECOND,
    "JSON lines": f"{FIRST}\n{SECOND}\n",
    "indented": json.dumps(json.loads(FIRST), indent=2) + "\n" + json.dumps(json.loads(SECOND), indent="\t"),
    "CRLF": f"{FIRST}\r\n{SECOND}\r\n",
    "byte order mark": f"\ufeff{FIRST}\n{SECOND}",
    "separated": f"---\n{FIRST}\n---\n{SECOND}\n---\n",
    "JSON before YAML": f"{FIRST}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: b}}\n",
    "YAML before JSON": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n---\n{SECOND}\n---\n",
    "empty documents": f"---\n---\n# nothing\n---\n{FIRST}\n---\n\n---\n{SECOND}\n---\n# end\n",
    "comments before": f"# one\n# two\n{FIRST}\n---\n{SECOND}\n",
    "a comment after": f"{FIRST}\n{SECOND}\n# end\n",
    "tabs": FIRST.replace(" ", "\t") + "\t\n" + SECOND.replace(" ", "\t\t"),
    "anchors": "apiVersion: &v v1\nkind: &k ConfigMap\nmetadata: {name: a}\n---\n" + SECOND,
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS.keys())
@pytest.mark.parametrize("as_bytes", [False, True])
def test_manifests_are_read_in_the_formats_of_kubectl(text: str, as_bytes: bool) -> None:
    found: Any = load_manifests(text.encode() if as_bytes else text)
    assert [one.metadata.name for one in found] == ["a", "b"]


def test_from_yaml_ignores_empty_documents() -> None:
    for text in (f"{FIRST}\n---\n", f"---\n{FIRST}\n---\n---\n", "kind: ConfigMap\nmetadata: {name: a}\n---\n"):
        assert core_v1.ConfigMap.from_yaml(text).metadata.name == "a"
    with pytest.raises(errors.DecodeError, match="expected one document, found 2"):
        core_v1.ConfigMap.from_yaml(FIRST + SECOND)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{FIRST}\n{{", "document 2, line 3"),
        (f'{FIRST}\n{{"a": 1, "a": 2}}', "line 2.*twice"),
        ('{"a": 1e400}', "line 1.*too large"),
        (f'{FIRST}\n\n{{"a": [{"1" * 400}]}}', "line 3.*too large"),
        ('{"a":' * 200 + "1" + "}" * 200, "nested deeper"),
        ('{"a": NaN}', "apiVersion is missing"),
        (f"{FIRST} nonsense", "expected an object"),
    ],
)
def test_refused_json_is_reported_with_its_location(text: str, words: str) -> None:
    with pytest.raises(errors.DecodeError, match=words):
        load_manifests(text)
