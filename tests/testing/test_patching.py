"""Patches have the same effect as in the API server's libraries, whose results are in `gotables/patching.jsonl`."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kubecore.testing._patching.json_patch import MAX_OPERATIONS, apply_json_patch
from kubecore.testing._patching.merge_patch import apply_merge_patch
from kubecore.testing._patching.strategic import apply_strategic_merge
from kubecore.testing._server.failures import RequestError
from tests.golang import need_go
from tests.testing.patch_cases import TABLES, Row, applied, differs, drawn, in_go, schema_of

ROWS: list[Row] = [json.loads(line) for line in (TABLES / "patching.jsonl").read_text("utf-8").splitlines()]
POD = schema_of("v1/Pod")


def outcome(row: Row) -> Row:
    return {key: row[key] for key in ("result", "error") if key in row}


@pytest.mark.parametrize("kind", sorted({row["kind"] for row in ROWS}))
def test_patches_have_the_same_effect_as_in_go(kind: str) -> None:
    rows = [row for row in ROWS if row["kind"] == kind]
    assert [row for row in rows if differs(applied(row), outcome(row))] == []


def test_the_table_has_patches_that_are_refused() -> None:
    assert len([row for row in ROWS if row["kind"] == "json" and "error" in row]) > 50
    assert len([row for row in ROWS if "/" in row["kind"] and "error" in row]) > 10


@pytest.mark.slow
def test_the_table_matches_the_current_output_of_go() -> None:
    need_go(TABLES / "patching")
    found = in_go(ROWS, ["go", "run", "."], TABLES / "patching")
    assert [row for row, go in zip(ROWS, found, strict=True) if differs(outcome(row), go)] == []


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
def test_random_patches_have_the_same_effect_as_in_go(seed: int, tmp_path: Path) -> None:
    need_go(TABLES / "patching")
    program = str(tmp_path / "patching")
    subprocess.run(["go", "build", "-o", program, "."], cwd=TABLES / "patching", check=True)
    rows = drawn(seed, each=4_000)
    wrong = [
        (row, go)
        for row, go in zip(rows, in_go(rows, [program], tmp_path), strict=True)
        if not go.get("error", "").startswith("panic") and differs(applied(row), go)
    ]
    assert wrong == []


def test_arguments_are_never_changed() -> None:
    for row in ROWS:
        before = copy.deepcopy(row)
        applied(row)
        assert row == before


def test_results_share_nothing_with_the_arguments() -> None:
    document = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "command": ["x"]}]}}
    patch = {"metadata": {"annotations": {"c": "d"}}, "spec": {"containers": [{"name": "b", "args": ["y"]}]}}
    operations = [{"op": "add", "path": "/spec/volumes", "value": [{"name": "v"}]}]
    for result in (
        apply_strategic_merge(document, patch, POD),
        apply_merge_patch(document, patch),
        apply_json_patch(document, operations),
    ):
        before = copy.deepcopy((document, patch, operations))
        _spoil(result)
        assert (document, patch, operations) == before


def _spoil(value: Any) -> None:
    if isinstance(value, dict):
        for each in value.values():
            _spoil(each)
        value["spoiled"] = True
    elif isinstance(value, list):
        for each in value:
            _spoil(each)
        value.append("spoiled")


# The responses of a real server to patches that it can't apply.

CONFIG_MAP: dict[str, Any] = {"metadata": {"name": "a"}, "data": {"k": "1"}}
REJECTED = "the server rejected our request due to an error in our request"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/data/k", "value": "2"},
        {"op": "remove", "path": "/data/zz"},
        {"op": "replace", "path": "/zz/b", "value": 1},
        {"op": "foo", "path": "/data"},
        {"op": "move", "path": "/data/q"},
        {"path": "/data"},
        None,
    ],
)
def test_an_operation_that_fails_is_422_without_a_reason(operation: Any) -> None:
    with pytest.raises(RequestError) as caught:
        apply_json_patch(CONFIG_MAP, [operation])
    error = caught.value
    assert (error.code, error.reason, error.message, error.details) == (422, "Invalid", REJECTED, {})


@pytest.mark.parametrize(
    ("operations", "code", "reason", "message"),
    [
        (
            {},
            400,
            "BadRequest",
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (
            "x",
            400,
            "BadRequest",
            "error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp",
        ),
        (
            [1],
            400,
            "BadRequest",
            "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
        ),
        (
            [{"op": 1}],
            400,
            "BadRequest",
            "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
        ),
        (
            [{"op": "test", "path": "/data/k", "value": "1"}] * (MAX_OPERATIONS + 1),
            *(413, "RequestEntityTooLarge"),
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
        ),
    ],
)
def test_a_patch_of_another_form_is_refused(operations: Any, code: int, reason: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        apply_json_patch(CONFIG_MAP, operations)
    assert (caught.value.code, caught.value.reason, caught.value.message) == (code, reason, message)


def test_copies_of_more_bytes_than_the_limit_are_refused() -> None:
    copy = {"op": "copy", "from": "/a", "path": "/b"}
    document = {"a": "x" * 500_000}
    assert apply_json_patch(document, [copy] * 6)["b"] == document["a"]
    doubling = [{"op": "copy", "from": "/b", "path": f"/b/{number}"} for number in range(40)]
    for operations, found in (([copy] * 7, document), (doubling, {"b": {"x": 1}})):
        with pytest.raises(RequestError) as caught:
            apply_json_patch(found, operations)
        assert caught.value.code == 422


def test_as_many_operations_as_the_limit_are_applied() -> None:
    operations = [{"op": "test", "path": "/data/k", "value": "1"}] * MAX_OPERATIONS
    assert apply_json_patch(CONFIG_MAP, operations) == CONFIG_MAP
    nothing: Any = None
    assert apply_json_patch(CONFIG_MAP, nothing) == CONFIG_MAP


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (None, "Invalid JSON Patch"),
        ([], "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (1, "error decoding patch: json: cannot unmarshal number into Go value of type map[string]interface {}"),
    ],
)
def test_a_merge_patch_that_is_not_an_object_is_400(patch: Any, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        apply_merge_patch(CONFIG_MAP, patch)
    assert (caught.value.code, caught.value.reason, caught.value.message) == (400, "BadRequest", message)


@pytest.mark.parametrize(
    ("patch", "code", "reason", "message"),
    [
        ([], 400, "BadRequest", "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ({"data": {"$retainKeys": "k"}}, 400, "BadRequest", "invalid patch format of retainKeys"),
        (
            {"metadata": {"$retainKeys": ["name"], "labels": {"a": "b"}}},
            *(400, "BadRequest", "invalid patch format of retainKeys"),
        ),
        ({"data": {"$patch": "foo"}}, 500, "", "unknown patch type: foo in map: map[$patch:foo]"),
        ({"metadata": {"$patch": 1}}, 500, "", "unknown patch type: %!s(int64=1) in map: map[$patch:1]"),
        (
            {"metadata": {"$setElementOrder/finalizers": ["a"], "finalizers": ["b"]}},
            *(500, "", "The order in patch list:\n[b]\n doesn't match $setElementOrder list:\n[a]\n"),
        ),
        (
            {"metadata": {"$setElementOrder/ownerReferences": "x", "ownerReferences": []}},
            *(500, "", "expected a []interface {}, but received a string"),
        ),
        (
            {"metadata": {"$setElementOrder/ownerReferences": [1], "ownerReferences": [{"uid": "2"}]}},
            *(500, "", "expected a map[string]interface {}, but received a int64"),
        ),
        (
            {"$setElementOrder/zz": [1]},
            *(500, "", 'unable to find api field in struct ConfigMap for the json field "zz"'),
        ),
    ],
)
def test_a_strategic_patch_that_contradicts_itself_is_refused(patch: Any, code: int, reason: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        apply_strategic_merge(CONFIG_MAP, patch, schema_of("v1/ConfigMap"))
    assert (caught.value.code, caught.value.reason, caught.value.message) == (code, reason, message)
