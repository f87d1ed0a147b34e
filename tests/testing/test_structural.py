"""Custom resources are defaulted, pruned and checked as a real API server does it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from kubecore.testing._schemas.levels import MOST_LEVELS
from kubecore.testing._schemas.structural import StructuralType
from kubecore.testing._schemas.validation.objects import check, read
from kubecore.testing._server.failures import Cause
from tests.cluster import Cluster
from tests.testing.planted.structural import BUGS, Bug
from tests.testing.structural_table import differences, limits, recorded, responses


def test_recorded_objects_get_the_recorded_responses() -> None:
    wrong = [(sent, found) for schema, sent, response in recorded() if (found := differences(schema, sent, response))]
    assert not wrong, wrong[:3]


def test_the_table_has_valid_and_invalid_objects() -> None:
    codes = [response["code"] for _, _, response in recorded()]
    assert codes.count(201) >= 80
    assert codes.count(422) >= 150


@pytest.mark.thorough
def test_random_objects_get_the_responses_of_the_real_server(cluster: Cluster) -> None:
    wrong = [
        (schema, sent, found)
        for schema, sent, response in (*limits(cluster), *responses(cluster, 7, 20, 30))
        if (found := differences(schema, sent, response))
    ]
    assert not wrong, wrong[:3]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_planted_bugs_are_found(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(f"kubecore.testing._schemas.{bug.module}")
    assert module.__file__ is not None
    source = Path(module.__file__).read_text("utf-8")
    assert source.count(bug.right) == 1, bug
    changed = dict(module.__dict__)
    exec(compile(source.replace(bug.right, bug.wrong), bug.module, "exec"), changed)  # noqa: S102
    for holder in bug.holders or (bug.module,):
        target = importlib.import_module(f"kubecore.testing._schemas.{holder}")
        monkeypatch.setattr(target, bug.function, changed[bug.function])
    assert any(_differs(schema, sent, response) for schema, sent, response in recorded())


def _differs(schema: dict[str, Any], sent: dict[str, Any], response: dict[str, Any]) -> bool:
    try:
        return bool(differences(schema, sent, response))
    except Exception:
        return True


def test_the_documented_messages() -> None:
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["name"],
                "properties": {"size": {"type": "integer"}, "mode": {"type": "string", "enum": ["a", "b"]}},
            }
        },
    }
    assert check({"spec": {"size": "string", "mode": "x"}}, schema).causes == [
        Cause(
            "FieldValueTypeInvalid",
            'Invalid value: "string": spec.size in body must be of type integer: "string"',
            "spec.size",
        ),
        Cause("FieldValueNotSupported", 'Unsupported value: "x": supported values: "a", "b"', "spec.mode"),
        Cause("FieldValueRequired", "Required value", "spec.name"),
    ]


def test_an_update_accepts_faults_that_it_does_not_change() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["c"],
    }
    old = {"a": "x", "b": 1}
    assert [cause.field for cause in check({"a": "x", "b": "y"}, schema, old).causes] == ["b", "c"]
    assert not check({"a": "x", "b": 1}, schema, old).causes


def test_rules_that_are_not_simulated_are_unsure() -> None:
    rule = {"rule": "duration(self) > 1"}
    schema = {"type": "object", "properties": {"a": {"type": "string", "x-kubernetes-validations": [rule]}}}
    assert check({"a": "x"}, schema).unsure == [("a", "the rule duration(self) > 1 is not simulated")]
    assert [cause.field for cause in check({"a": 1}, schema).causes] == ["a", "<nil>"]


def test_patterns_that_python_reads_differently_are_unsure() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": r"^\pL+$"}}}
    verdict = check({"a": "x"}, schema)
    assert not verdict.causes
    assert verdict.unsure == [("a", r"the pattern ^\pL+$ is not simulated")]


def test_a_dollar_matches_at_the_end_only() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a$"}}}
    assert check({"a": "a\n"}, schema).causes


def test_schemas_and_objects_of_the_most_levels_are_checked() -> None:
    schema: dict[str, Any] = {"type": "string"}
    value: Any = 1
    for _ in range(MOST_LEVELS):
        schema = {"type": "object", "properties": {"a": schema}}
        value = {"a": value}
    read(value, schema)
    assert len(check(value, schema).causes) == 1


def test_types_describe_places() -> None:
    schema = {
        "type": "object",
        "properties": {
            "ports": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": {"type": "string"}}},
            },
            "size": {"x-kubernetes-int-or-string": True},
            "any": {"x-kubernetes-preserve-unknown-fields": True},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}, "x-kubernetes-map-type": "atomic"},
        },
    }
    root = StructuralType(schema, is_root=True)
    ports, size, labels = root.fields["ports"], root.fields["size"], root.fields["labels"]
    assert (ports.kind, ports.list_type, ports.list_keys, ports.is_atomic) == ("list", "map", ("name",), False)
    assert (size.kind, size.scalar) == ("scalar", "int-or-string")
    assert labels.is_atomic
    assert labels.values is not None
    assert labels.values.scalar == "string"
    assert root.fields["any"].kind == "any"
    assert root.fields["kind"].scalar == "string"
    assert json.dumps(root.document) == json.dumps(schema)
