"""Bodies are read and written as a real API server does, whose responses are in `recorded/bodies.jsonl`."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from kubecore.testing._patching.go_values import go_text
from kubecore.testing._schemas import checking, decoding
from tests.cluster import Cluster
from tests.golang import need_go
from tests.testing.body_cases import CASES, TABLE, recorded
from tests.testing.go_fields import FILE, PROGRAM, made
from tests.testing.patch_cases import schema_of

ROWS: list[dict[str, Any]] = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]
FINE = [row for row in ROWS if row["code"] < 300]
DEFAULTS = {"emptyDir", "manualSelector", "securityContext", "suspend", "type", "maxSurge", "priority"}
"""Fields whose default is an empty value."""
CHANGED = {"storedVersions", "targetPort", "creationTimestamp"}
"""Fields that the server replaces."""


def read(row: dict[str, Any]) -> checking.Decoded:
    return checking.read(decoding.decode(row["body"].encode()), schema_of(f"{row['version']}/{row['kind']}"))


def differences(mine: Any, theirs: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the differences of an object from that of the server, apart from defaults."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in sorted(mine.keys() | theirs.keys()):
            if key in CHANGED or key == "annotations":
                continue
            if key not in theirs:
                yield f"{path}.{key}", mine[key], "missing"
            elif key in mine:
                yield from differences(mine[key], theirs[key], f"{path}.{key}")
            elif not theirs[key] and key not in DEFAULTS:
                yield f"{path}.{key}", "missing", theirs[key]
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for at, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            yield from differences(one, other, f"{path}[{at}]")
    elif json.dumps(mine) != json.dumps(theirs):
        yield path, mine, theirs


def test_the_table_has_all_cases() -> None:
    assert [(row["version"], row["kind"], row["body"]) for row in ROWS] == [
        (case[0], case[1], case[3]) for case in CASES
    ]
    assert len(FINE) > 50
    assert len([row for row in ROWS if row["code"] == 400]) > 70


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_a_wrong_type_has_the_message_of_the_server(row: dict[str, Any]) -> None:
    message = None
    try:
        read(row)
    except checking.WrongTypeError as error:
        version = row["version"].rpartition("/")[2]
        refused = checking.type_error(row["kind"], version, error)
        assert (refused.code, refused.reason) == (400, "BadRequest")
        message = refused.message
    assert message == (row["message"] if row["code"] == 400 else None)


@pytest.mark.parametrize("row", FINE, ids=range(len(FINE)))
def test_an_object_is_written_as_the_server_writes_it(row: dict[str, Any]) -> None:
    found = read(row)
    assert found.faults == row["faults"]
    assert list(differences(found.object, row["object"])) == []


@pytest.mark.parametrize("row", FINE, ids=range(len(FINE)))
def test_a_written_object_is_read_unchanged(row: dict[str, Any]) -> None:
    schema = schema_of(f"{row['version']}/{row['kind']}")
    once = read(row).object
    before = copy.deepcopy(once)
    assert checking.normalise(once, schema) == once == before


def test_strict_faults_are_reported_in_one_message() -> None:
    body = b'{"metadata":{"name":"x","name":"y"},"data":{"a":"1","a":"2"},"x":1,"x":2}'
    found = checking.read(decoding.decode(body), schema_of("v1/ConfigMap"))
    error = checking.strict_error("ConfigMap", "v1", found.faults)
    assert (error.code, error.reason) == (400, "BadRequest")
    assert error.message == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
        'duplicate field "metadata.name", duplicate field "data.a", unknown field "x"'
    )
    assert found.object["metadata"] == {"name": "y"}


def test_a_strategic_patch_with_unknown_fields_is_422() -> None:
    patch = decoding.decode(b'{"data":{"k":"1","k":"2"},"x":1}')
    faults = checking.read(patch, schema_of("v1/ConfigMap")).faults
    error = checking.patch_error(go_text(patch), f"strict decoding error: {', '.join(faults)}")
    words = (
        'Invalid value: "map[data:map[k:2] x:1]": strict decoding error: duplicate field "data.k", unknown field "x"'
    )
    assert (error.code, error.reason, error.message) == (422, "Invalid", f' "" is invalid: patch: {words}')
    assert error.details == {"causes": [{"reason": "FieldValueInvalid", "message": words, "field": "patch"}]}


def test_kind_and_version_are_kept() -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    assert checking.normalise(body, schema_of("v1/ConfigMap")) == body


@pytest.mark.parametrize("text", [b"{", b"", b"NaN", b'{"a":Infinity}', b"{} {}"])
def test_a_body_that_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        decoding.decode(text)


@pytest.mark.slow
def test_the_table_of_fields_matches_the_current_types_of_go() -> None:
    need_go(PROGRAM)
    assert made() == FILE.read_text("utf-8")


@pytest.mark.slow
def test_a_real_server_responds_as_recorded(cluster: Cluster) -> None:
    found = [json.loads(json.dumps(row)) for row in recorded(cluster)]
    assert [strip(row) for row in found] == [strip(row) for row in ROWS]


def strip(row: dict[str, Any]) -> dict[str, Any]:
    """Return the parts that are equal in all runs: objects get random values."""
    return {key: row.get(key) for key in ("version", "kind", "body", "code", "faults", "message")}
