"""Loading an untrusted document returns an ApiSpec or raises an error with the file and the pointer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgen.errors import InputError, Problems, ProblemsError
from kgen.load import load, openapi_v2, openapi_v3, reading
from kgen.load.reading import parse_document
from kgen.resolve import resolve
from tests.kgen.documents import document

KEYS = [
    "paths",
    "components",
    "schemas",
    "properties",
    "$ref",
    "type",
    "get",
    "parameters",
    "responses",
    "items",
    "allOf",
    "enum",
    "/api/v1/pods",
    "a.b.C",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["object", "array", "string", "#/components/schemas/a.b.C"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


def tried(work: Any) -> None:
    try:
        problems = Problems()
        resolve(work(), {}, problems)
        problems.raise_errors()
    except (InputError, ProblemsError) as error:
        assert error.what


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5))
def test_any_document_is_read_or_raises_an_error_of_kgen(data: dict[str, Any]) -> None:
    tried(lambda: openapi_v3.convert({"api__v1": ("api__v1.json", {"openapi": "3.0.0", **data})}))
    tried(lambda: openapi_v2.convert({"swagger": "2.0", **data}, "swagger.json"))


PLACES = [
    ("paths",),
    ("components", "schemas"),
    ("components", "schemas", "com.example.v1.WidgetSpec"),
    ("components", "schemas", "com.example.v1.WidgetSpec", "properties"),
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(KEYS), JSON)
def test_junk_anywhere_in_a_document_is_ignored_or_reported(place: tuple[str, ...], key: str, junk: Any) -> None:
    raw: Any = document()
    target = raw
    for step in place:
        target = target[step]
    target[key] = junk
    tried(lambda: openapi_v3.convert({"apis__example.com__v1": ("x.json", raw)}))


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_raise_input_error(data: bytes) -> None:
    try:
        parse_document(data, "x.json")
    except InputError:
        pass


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "expected an object"),
        ("{", "not JSON"),
        ("{}", "not an OpenAPI document"),
        ('{"openapi": "2.0"}', "OpenAPI"),
        ('{"a": ' * 300 + "1" + "}" * 300, "nested deeper|not an OpenAPI"),
        (
            json.dumps(
                {"openapi": "3.0.0", "paths": {}, "components": {"schemas": {"a.b.C": {"$ref": "file:///etc/passwd"}}}}
            ),
            "only schemas of the same document",
        ),
        (
            json.dumps(
                {"openapi": "3.0.0", "paths": {}, "components": {"schemas": {"a.b.C": {"$ref": "http://127.0.0.1/x"}}}}
            ),
            "only schemas of the same document",
        ),
    ],
)
def test_an_invalid_file_is_reported_with_its_name(content: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        load(file)
    assert caught.value.where.startswith("mine.json")


def test_a_capture_with_a_missing_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text('{"documents": {"api/v1": {"file": "api__v1.json"}}}')
    (tmp_path / "apis__example.com__v1.json").write_text(json.dumps(document()))
    with pytest.raises(InputError, match="is missing"):
        load(tmp_path)


def test_an_empty_or_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no OpenAPI document"):
        load(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "none")


@settings(max_examples=300)
@given(JSON | st.lists(st.text('",[{\\:} a', max_size=8), max_size=9))
def test_values_are_counted_without_building_them(data: Any) -> None:
    def count(value: Any) -> int:
        parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if parts is None else 1 + max(len(parts) - 1, 0) + sum(map(count, parts))

    with mock.patch.multiple(reading, MAX_VALUES=-1, _SLICE=3):
        assert reading.count_values(json.dumps(data).encode()) == count(data)
