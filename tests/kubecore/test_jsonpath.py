"""JSONPath expressions find the same values as in client-go, whose results are in `gotables/jsonpath.jsonl`."""

from __future__ import annotations

import json
import subprocess
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient.models import core_v1
from kubecore import errors, jsonpath
from tests.golang import need_go

TABLES = Path(__file__).parent / "gotables"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in (TABLES / "jsonpath.jsonl").read_text("utf-8").splitlines()]
BY_OBJECT = [(name, list(rows)) for name, rows in groupby(ROWS, lambda row: str(row["object"]))]

# Go refuses these only if there is an item to compare. kubecore always refuses them.
REFUSED = {f".status.conditions[?(@.type{end})].status" for end in ("==Ready", '="Ready"', '=>"Ready"')} | {""}
# Go refuses a path without a leading dot. kubecore adds the dot, as `kubectl wait` does.
RELAXED = {"metadata", "metadata.name", "range", "trueish", "ü", "_x"}


def ordered(values: list[Any]) -> list[Any]:
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True).replace(".0", ""))


def outcome(row: dict[str, Any], data: Any) -> Any:
    try:
        found = jsonpath.parse("{" + row["path"] + "}").find(data)
    except (errors.InvalidRequestError, errors.DecodeError):
        return None
    plain = [value for value in found if not isinstance(value, (dict, list))]
    return ordered(found), sorted(jsonpath.go_text(value) for value in plain)


@pytest.mark.parametrize("rows", [rows for _, rows in BY_OBJECT], ids=[f"object {n}" for n in range(len(BY_OBJECT))])
def test_a_path_finds_the_same_values_as_in_go(rows: list[dict[str, Any]]) -> None:
    data = json.loads(rows[0]["object"])
    wrong = []
    for row in rows:
        expected = (ordered([json.loads(text) for text in row["found"]]), sorted(row["texts"])) if row["ok"] else None
        if row["path"] in REFUSED:
            expected = None
        if (found := outcome(row, data)) != expected and row["path"] not in RELAXED:
            wrong.append((row["path"], found, expected))
    assert wrong == []


@pytest.mark.slow
def test_the_table_matches_the_current_output_of_go() -> None:
    need_go(TABLES / "jsonpath")
    done = subprocess.run(["go", "run", "."], cwd=TABLES / "jsonpath", capture_output=True, text=True, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == ROWS


POD = core_v1.Pod.from_dict(
    {
        "metadata": {"name": "web", "annotations": {"example.com/x": "y"}},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "Initialized", "status": "False"}],
        },
    }
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("{.status.phase}", ["Running"]),
        ("{status.phase}", ["Running"]),
        (".status.phase", ["Running"]),
        ("status.phase", ["Running"]),
        ("['status'].phase", ["Running"]),
        ("$.status.phase", ["Running"]),
        (r"metadata.annotations.example\.com/x", ["y"]),
        ('{.status.conditions[?(@.type=="Ready")].status}', ["True"]),
        ("{.status.conditions[*].type}", ["Ready", "Initialized"]),
        ("{.status.reason}", []),
        ("{..type}", ["Ready", "Initialized"]),
    ],
)
def test_paths_read_models_too_with_and_without_braces(path: str, found: list[Any]) -> None:
    assert jsonpath.parse(path).find(POD) == found


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "write one path, such as '{.status.phase}'"),
        ("{}", "write one path"),
        ("{.a}{.b}", "write one path"),
        ("{range .items[*]}{.a}{end}", "write one path"),
        ("{.a", "write one path"),
        ("{.a range}", "'range' has no meaning here; templates are not supported"),
        ("{.a[}", "the '\\[' at character 2 has no end"),
        ('{.a["b"]}', "is not an index; keys are written \\['key'\\]"),
        ("{.a[?(@.b]}", "has no '\\)\\]'"),
        ("{.a[?(@.b=1)]}", "'=' is not one of !=, <, <=, ==, >, >="),
        ("{.a[9223372036854775808]}", "is not an index"),
        ("{.a....b}", "one '..' follows another"),
        ("{.a%}", ""),
        ("{.a %}", "'%' can't stand at character 3"),
        ('{"a}', "the quotes at character 0 have no end"),
        ('{"\\q"}', "invalid escape in the quotes"),
        ("{-}", "'-' is not a number"),
        ("{.a\\}", "nothing follows the backslash"),
        ("." + "a" * 5000, "has 5001 characters; the longest has 4096"),
    ],
)
def test_an_invalid_path_is_refused_with_its_position(path: str, words: str) -> None:
    if not words:
        assert jsonpath.parse(path).find({}) == []
        return
    with pytest.raises(errors.InvalidRequestError, match=words):
        jsonpath.parse(path)


@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        (".a[3]", {"a": [1]}, "the list has 1 items, there is none at 3"),
        (".a[0]", {"a": "text"}, "text can't be indexed, only a list can"),
        (".a[?(@.b==1)]", {"a": {}}, "an object can't be filtered"),
        (".a[?(@==1)]", {"a": ["x"]}, "text can't be compared with an integer by =="),
        (".a[?(@<true)]", {"a": [True]}, "a boolean can't be compared with a boolean by <"),
        (".a[::0]", {"a": [1]}, "must be positive"),
        (".a[*,*][*,*]", {"a": [[1] * 400] * 400}, "finds more than 100000 values"),
    ],
)
def test_a_path_that_does_not_fit_the_object_raises_decode_error(path: str, data: Any, words: str) -> None:
    with pytest.raises(errors.DecodeError, match=words):
        jsonpath.parse(path).find(data)


def test_found_values_have_the_order_of_the_object() -> None:
    data = {"b": {"x": 1}, "a": {"x": 2, "deeper": {"x": 3}}, "list": [{"x": 4}, {"x": 5}]}
    assert jsonpath.parse("..x").find(data) == [1, 2, 3, 4, 5]
    assert jsonpath.parse(".list[1,0].x").find(data) == [5, 4]


def test_deep_objects_and_multiplying_paths_end() -> None:
    deep: dict[str, Any] = {}
    for _ in range(20_000):
        deep = {"a": deep}
    assert len(jsonpath.parse("..a").find(deep)) == 20_000
    wide: dict[str, Any] = {}
    for _ in range(300):
        wide = {"a": wide}
    with pytest.raises(errors.DecodeError, match="more than 100000 values"):
        jsonpath.parse("..a..a..a..a").find(wide)


PIECES = st.sampled_from(
    [*".[]{}()?@$'\"*:,-+=!<>\\ \n09aé_", "..", "[?(", ")]", "==", "['a']", "[0]", "[-1:]", "@.a", "true", "1.5"]
)
DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["a", "b", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0"]), inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=30), DATA)
def test_any_path_on_any_object_finds_values_or_raises_a_kubecore_error(path: str, data: Any) -> None:
    try:
        found = jsonpath.parse(path).find({"a": data})
    except (errors.InvalidRequestError, errors.DecodeError):
        return
    assert all(isinstance(jsonpath.go_text(value), str) for value in found)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_is_parsed_to_the_same_number(value: float) -> None:
    assert float(jsonpath.go_text(value)) == value


@pytest.mark.parametrize("text", ["{.items[?(@.a=='{}')].b}", '{.items[?(@.a=="{}")].b}'])
def test_braces_inside_of_quotes_are_text(text: str) -> None:
    data = {"items": [{"a": "{}", "b": 1}, {"a": "x", "b": 2}]}
    assert jsonpath.parse(text).find(data) == [1]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("{.a['}']}", [1]),
        ("{.a['{']}", [2]),
        (".a['x}y']", [3]),
        ("{.a['{','}']}", [2, 1]),
        (r"{.a['\}']}", [1]),
        (r"{.a.x\}y}", [3]),
        (r".a.\{", [2]),
    ],
)
def test_a_key_in_quotes_may_contain_braces(path: str, found: list[Any]) -> None:
    assert jsonpath.parse(path).find({"a": {"}": 1, "{": 2, "x}y": 3}}) == found


def test_a_dollar_is_the_object_and_an_error_in_a_filter_does_not_match() -> None:
    data = {"a": 5, "items": [{"a": [1]}, {"a": [1, 2], "b": 3}]}
    assert jsonpath.parse("{$.a}").find(data) == [5]
    assert jsonpath.parse("{.items[?(@.a[1])].b}").find(data) == [3]
