"""Docstrings and templates contain more of a schema than its type."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgen.ir import Merging
from kgen.models import plan_class
from kgen.resolve import docs
from kgen.resolve.docs import merging_of, rules_of
from kgen.resolve.members import members_of
from tests.conftest import ROOT
from tests.kgen.documents import document, resolved


def keyed(*keys: str, **more: str) -> dict[str, Any]:
    named = {f"x-kubernetes-{key.replace('_', '-')}": value for key, value in more.items()}
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys), **named}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({}, ""),
        ({"x-kubernetes-list-type": "atomic"}, ""),
        ({"x-kubernetes-map-type": "granular"}, ""),
        ({"x-kubernetes-list-type": "set"}, "Apply merges it as a set."),
        ({"x-kubernetes-map-type": "atomic"}, "Apply replaces it as a whole."),
        (keyed("name"), "Apply merges it by `name`."),
        (keyed("a", "b", "c"), "Apply merges it by `a`, `b` and `c`."),
        (keyed("name", patch_strategy="merge", patch_merge_key="name"), "Apply merges it by `name`."),
        (
            keyed("port", "protocol", patch_strategy="merge", patch_merge_key="port"),
            "Apply merges it by `port` and `protocol`; a strategic merge patch merges it by `port`.",
        ),
        (
            {
                "x-kubernetes-list-type": "atomic",
                "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-patch-merge-key": "ip",
            },
            "A strategic merge patch merges it by `ip`.",
        ),
        (
            {"x-kubernetes-patch-strategy": "retainKeys"},
            "A strategic merge patch keeps the keys alone that it names.",
        ),
        ({"x-kubernetes-list-type": 5, "x-kubernetes-list-map-keys": "name"}, ""),
        (keyed(), ""),
    ],
    ids=str,
)
def test_the_merge_rule_of_a_field_is_one_sentence(schema: dict[str, Any], said: str) -> None:
    assert docs.description(schema, rules=True) == said


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("The parts.", "The parts. Apply merges it as a set."),
        ("The parts", "The parts\n\nApply merges it as a set."),
        ("One of:\n- a.\n- b.", "One of:\n- a.\n- b.\n\nApply merges it as a set."),
        (5, "Apply merges it as a set."),
    ],
)
def test_the_merge_rule_follows_the_description(description: object, said: str) -> None:
    assert docs.description({"description": description, "x-kubernetes-list-type": "set"}, rules=True) == said


def test_a_description_mentions_the_deprecation_once() -> None:
    assert docs.description({"deprecated": True, "description": "The size."}, rules=True) == "Deprecated. The size."
    assert (
        docs.description({"deprecated": True, "description": "Deprecated: use size."}, rules=True)
        == "Deprecated: use size."
    )


def test_validation_rules_have_the_messages_of_the_server() -> None:
    schema = {"x-kubernetes-validations": [{"rule": "self > 0", "message": "more\nthan 0"}, {"rule": "self < 9"}, 5]}
    assert rules_of(schema) == ("more than 0", "self < 9")
    assert docs.description(schema, rules=True) == "The server holds it to:\n- more than 0\n- self < 9"
    assert docs.description(schema, rules=False) == ""


def test_the_template_context_has_merging_rules_and_deprecation() -> None:
    raw = {
        "type": "array",
        "items": {"type": "string"},
        "deprecated": True,
        "x-kubernetes-list-type": "set",
        "x-kubernetes-validations": [{"rule": "self.size() < 9"}],
    }
    spec = {"type": "object", "properties": {"parts": raw, "size": {"type": "integer"}}}
    api = resolved(document(extra={"com.example.v1.WidgetSpec": spec}))
    module, model = next((made, model) for made in api.modules for model in made.models if model.name == "WidgetSpec")
    parts, size = (plan_class(model, module.name).fields[name] for name in ("parts", "size"))
    assert parts.merging == merging_of(raw) == Merging(list_type="set")
    assert (parts.rules, parts.deprecated) == (("self.size() < 9",), True)
    assert "Deprecated. Apply merges it as a set." in parts.docstring
    assert (size.merging, size.rules, size.deprecated) == (None, (), False)


def test_the_docstring_of_container_ports_describes_their_merge_keys() -> None:
    source = (ROOT / "generated" / "kubeclient" / "models" / "core_v1.py").read_text("utf-8")
    told = "Apply merges it by `containerPort` and `protocol`; a strategic merge patch merges it by `containerPort`."
    assert told in " ".join(source.split())


LISTED = 'The policy\n\nPossible enum values:\n - `"Always"` means that it pulls\n - `"Never"`\n - `"Odd"` - kubeProxy does it.'


def test_values_of_an_enum_are_explained_at_their_constants() -> None:
    schema = {"description": LISTED, "enum": ["Always", "Never", "Odd"]}
    assert docs.description(schema, rules=True, constants="Policy") == "The policy\n\nKnown values: `Policy`."
    assert docs.description(schema, rules=True) == LISTED
    assert [(member.value, member.doc) for member in members_of(schema)] == [
        ("Always", "Means that it pulls."),
        ("Never", ""),
        ("Odd", "kubeProxy does it."),
    ]


def test_the_empty_value_has_no_constant_and_stays_in_the_docstring() -> None:
    schema = {"description": LISTED.replace('"Never"`', '""` leave it'), "enum": ["Always", "", "Odd"]}
    assert docs.description(schema, rules=True, constants="Policy") == (
        'The policy\n\n`""`: Leave it.\n\nKnown values: `Policy`.'
    )
    assert [member.value for member in members_of(schema)] == ["Always", "Odd"]


@pytest.mark.parametrize("description", [LISTED, LISTED + "\nMore.", LISTED + "\n" + LISTED[10:], 5, ""])
def test_a_list_of_values_outside_the_enum_remains_in_the_description(description: object) -> None:
    schema = {"description": description, "enum": ["Always", "Never", {"Odd": 1}]}
    said = docs.description(schema, rules=True, constants="Policy")
    assert said.removesuffix("Known values: `Policy`.").strip() == (description if isinstance(description, str) else "")
    assert {member.doc for member in members_of(schema)} == {""}


@given(st.lists(st.text(), unique=True), st.lists(st.tuples(st.text(), st.text()), max_size=4), st.text())
def test_a_list_of_enum_values_is_parsed_completely_or_not_at_all(
    values: list[str], items: list[tuple[str, str]], before: str
) -> None:
    listed = "".join(f'\n - `"{value}"` {words}' for value, words in items)
    schema = {"description": f"{before}\n\nPossible enum values:{listed}", "enum": [*values, *dict(items)]}
    said, texts = docs.enum_values(schema)
    assert said == schema["description"] or texts.keys() == set(schema["enum"])


def test_fields_without_a_description_are_adjacent() -> None:
    source = (ROOT / "generated" / "kubeclient" / "models" / "core_v1.py").read_text("utf-8")
    head = '    api_version: Literal["v1"] = always("v1")\n    kind: Literal["Pod"] = always("Pod")\n\n    metadata: '
    assert head in source
    assert (
        'class ContainerImagePullPolicy:\n    """Known values of Container.image_pull_policy."""\n\n    ALWAYS'
        in source
    )
    assert "Possible enum values" not in source
