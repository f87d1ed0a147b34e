"""YAML is read as in kubectl; `gotables/yaml.jsonl` contains the results of `sigs.k8s.io/yaml`."""

from __future__ import annotations

import json
import math
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeclient.models import apiextensions_v1, core_v1
from kubecore import errors, manifests
from kubecore.codec import decode, encode, yaml, yaml_builder
from tests.golang import need_go

TABLES = Path(__file__).parent / "gotables"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in (TABLES / "yaml.jsonl").read_bytes().splitlines()]


class Difference(NamedTuple):
    inputs: str
    """A regular expression."""

    reason: str


REFUSED = [
    Difference(
        r"(a: |- |\{)?!(!binary|!timestamp|!set|!omap|!merge|!python/|!str:|!null:|foo|<x>) ?.*",
        "Tags: Go drops those that it does not know and decodes !!binary. A manifest has no use for them, and other"
        " readers take them for something else.",
    ),
    Difference(r"a: \{!!merge <<: .*", "Tags, as above; `<<` alone is a merge."),
    Difference(
        r"a: 1\na: 2|\{a: 1, a: 1\}|a: \{b: 1, b: 2\}|1: a\n(1|0x1): b|yes: a\ntrue: b|a: 1\n'a': 2|\? a\n\? a"
        r"|\[\{a: 1, a: 2\}\]|a: \{<<: \{b: 1, b: 2\}\}",
        "Keys that are there twice: only Go's strict form refuses them, and one of the two would be lost.",
    ),
    Difference(
        r"(-9223372036854775809|18446744073709551616|\+9223372036854775808|\+18446744073709551615"
        r"|123456789012345678901234567890): v\n",
        "Integers beyond 64 bits as keys: Go writes the few digits of a float of 32 bits.",
    ),
    Difference(r"\[\]: a", "A list as a key: Go reads [] and drops the rest of the text."),
    Difference(r"a: 1\n\ufeffb: 2", "A byte order mark in the middle of a text: no part of YAML 1.1."),
    Difference(r"\[{101}\]{101}", "Nested deeper than 100 levels; Go stops at 10,000."),
]
TAKEN = [
    Difference(r".*\\/.*", "JSON writes \\/ for a slash, and JSON is read here too."),
    Difference(r"\{.*\\ud83d\\ude00.*", "JSON writes a character beyond 16 bits as a pair of escapes: likewise."),
    Difference(r"%YAML 1\.2\n.*", "A document that says it is YAML 1.2 is read all the same, by the rules of kubectl."),
]


def matching(differences: list[Difference], row: dict[str, Any]) -> list[Difference]:
    return [one for one in differences if re.fullmatch(one.inputs, row["input"], re.DOTALL)]


def first(text: str | bytes) -> Any:
    """Read the first document only, as Go does."""
    return next(yaml.load_all(text), None)


def as_go_has_it(value: Any) -> Any:
    """Convert integers of more than 63 bits to floats, as Go may do."""
    if isinstance(value, dict):
        return {key: as_go_has_it(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_go_has_it(item) for item in value]
    return float(value) if type(value) is int and not -(2**63) < value < 2**63 else value


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row["input"])[:60])
@pytest.mark.slow
def test_text_is_read_as_go_does(row: dict[str, Any]) -> None:
    is_taken = bool(matching(TAKEN, row)) if not row["ok"] else not matching(REFUSED, row)
    for text in (row["input"], row["input"].encode()):
        if not is_taken:
            with pytest.raises(errors.DecodeError):
                first(text)
            continue
        found = first(text)
        if row["ok"]:
            expected = as_go_has_it(json.loads(row["json"]))
            assert json.dumps(as_go_has_it(found), sort_keys=True) == json.dumps(expected, sort_keys=True)


@pytest.mark.parametrize(("differences", "ok"), [(REFUSED, True), (TAKEN, False)])
def test_every_difference_is_in_the_table(differences: list[Difference], ok: bool) -> None:
    used = [one for row in ROWS if row["ok"] is ok for one in matching(differences, row)]
    assert set(used) == set(differences)


def test_strict_go_refuses_duplicate_keys_too() -> None:
    twice = [row for row in ROWS if matching(REFUSED[2:3], row)]
    assert len(twice) > 8
    assert not any(row["strict"] for row in twice)


def test_the_table_matches_the_current_output_of_go() -> None:
    need_go(TABLES / "yaml")
    done = subprocess.run(["go", "run", "."], cwd=TABLES / "yaml", capture_output=True, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == ROWS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "'a' is defined twice"),
        ("1: a\n'1': b", "'1' is defined twice"),
        ("a: &a [*a]", "stands for nothing that is complete"),
        ("&a {b: {c: [*a]}}", "stands for nothing that is complete"),
        ("a: &a {<<: *a}", "stands for nothing that is complete"),
        ("a: !!python/object:os.system x", "tag"),
        ("a: !!binary aGk=", "tag"),
        ("a: !!int 1e3", "'1e3' is not of the type int of its tag"),
        ("a: !!set {b}", "tag"),
        ("!foo [a]", "tag"),
        ("[" * 1000, "nested deeper"),
        ("- " * 1000, "nested deeper"),
        ("{a: " * 1000, "nested deeper"),
        ("a: 1\n---\nb: [\n", "document 2, line 4"),
        ("null: a", "'null' can't be a key: quote it"),
        ("a: [", "line 2"),
        ("a: .inf", "no form in JSON"),
        ("? [a]\n: b", "must be a scalar"),
        ("a\n---\nb", "one document"),
        ("\x00", "can't be read"),
    ],
)
def test_invalid_yaml_is_reported_with_its_position(text: str, words: str) -> None:
    with pytest.raises(errors.DecodeError, match=words) as caught:
        yaml.load(text, source="x.yaml")
    assert str(caught.value).startswith("x.yaml")


BEYOND = [2**64, 2**64 + 1, 2**70 + 1, -(2**63) - 1, -(10**30) - 1, 10**308 + 1]


@pytest.mark.parametrize("number", BEYOND)
def test_an_integer_beyond_64_bits_stays_as_it_is_or_is_refused(number: int) -> None:
    crate = {"apiVersion": "example.net/v1", "kind": "Crate", "metadata": {"name": "a"}, "spec": {"free": [number]}}
    for text in (json.dumps(crate), yaml.dump(crate), f"- {json.dumps(crate)}"):
        for found in (yaml.load(text), yaml.load(text.encode())):
            read = found[0] if isinstance(found, list) else found
            assert json.dumps(read) == json.dumps(crate)
            assert encode.encode(read) == encode.encode(crate)
            (manifest,) = manifests.load_manifests(encode.encode(read))
            assert encode.encode(manifest) == encode.encode(crate)
    pod = core_v1.Pod.from_dict({"metadata": {"name": "a", "generation": number}})
    for one in (pod, core_v1.Pod.from_yaml(pod.to_yaml()), decode.decode(encode.encode(pod), core_v1.Pod)):
        assert one.to_dict()["metadata"]["generation"] == number
        assert str(number).encode() in encode.encode(one)
    schema = decode.decode(b'{"maximum":%d,"default":%d}' % (number, number), apiextensions_v1.JSONSchemaProps)
    assert encode.encode(schema) == b'{"default":%d,"maximum":%d}' % (number, number)
    with pytest.raises(errors.DecodeError, match=r"line 1, column 1: '-?[0-9]*' can't be a key: quote it"):
        yaml.load(f"{number}: a")


@given(st.integers(), st.sampled_from(["{}", "a: {}", "- {}", '{{"a": {}}}', "a: [{}, {}]", "a: &b {}\nc: *b", "+{}"]))
def test_an_integer_keeps_its_value(number: int, form: str) -> None:
    number = abs(number) if form.startswith("+") else number
    found = re.findall(r"-?[0-9]+", json.dumps(yaml.load(form.format(number, number))))
    assert set(found) == {str(number)}


@pytest.mark.parametrize("form", ["a: {}", '{{"a": {}}}', "- {}"])
def test_an_integer_too_large_for_a_float_is_text_or_refused(form: str) -> None:
    digits = "9" * 400
    try:
        assert digits in json.dumps(yaml.load(form.format(digits)))  # Go also reads it as text.
    except errors.DecodeError as error:
        assert "too large for 64 bits" in str(error)


@pytest.mark.slow
def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(errors.DecodeError, match="with each alias counted"):
        yaml.load("\n".join(lines))


def test_values_of_aliases_are_counted_across_all_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_builder, "MAX_NODES", 20)
    document = "&a [1, 2, 3]\n"
    assert list(yaml.load_all(f"---\n{document}" * 5)) == [[1, 2, 3]] * 5
    with pytest.raises(errors.DecodeError, match="more than 20 values, with each alias counted"):
        list(yaml.load_all(f"---\n{document}" * 6))
    assert len(yaml.load("- &a [1, 2, 3]\n" + "- *a\n" * 3)) == 4
    with pytest.raises(errors.DecodeError, match="line 5, column 3: more than 20 values"):
        yaml.load("- &a [1, 2, 3]\n" + "- *a\n" * 4)


def test_a_text_has_so_many_documents_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (yaml, yaml_builder):
        monkeypatch.setattr(module, "MAX_DOCUMENTS", 10)
    assert list(yaml.load_all("---\n" * 10)) == [None] * 10
    with pytest.raises(errors.DecodeError, match="more than 10 documents"):
        list(yaml.load_all("---\n" * 11))


@pytest.mark.parametrize("text", ["# abcdefgh", b"# abcdefgh"])
def test_a_text_has_so_many_bytes_and_no_more(text: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "MAX_BYTES", 10)
    assert yaml.load(text) is None
    with pytest.raises(errors.DecodeError, match="x: the text is larger"):
        yaml.load(text + text[:1], source="x")


def test_depth_is_counted_per_branch() -> None:
    deep = "[" * 100 + "]" * 100
    assert yaml.load(f"{deep}") is not None
    with pytest.raises(errors.DecodeError, match="nested deeper than 100"):
        yaml.load(f"[{deep}]")


def test_the_depth_of_aliases_counts() -> None:
    lines = ["- &a0 [x]", *(f"- &a{n} {'[' * 60}*a{n - 1}{']' * 60}" for n in range(1, 3))]
    assert len(yaml.load("\n".join(lines[:2]))) == 2
    with pytest.raises(errors.DecodeError, match="line 3, column 67: nested deeper than 100"):
        yaml.load("\n".join(lines))


def test_an_alias_becomes_a_copy() -> None:
    found = yaml.load("a: &x {b: [1]}\nc: *x\nd: {<<: *x}")
    found["a"]["b"].append(2)
    assert found["c"] == found["d"] == {"b": [1]}


def test_documents_have_their_number_and_first_line() -> None:
    found = list(yaml.documents("# x\n\na: 1\n---\n# y\nb: 1\n---\n---\n[c]\n"))
    assert [(one.number, one.line) for one in found] == [(1, 3), (2, 6), (3, 8), (4, 9)]


def test_the_largest_32_bit_float_can_be_a_key() -> None:
    assert yaml.load("3.4028235e38: a") == {"3.4028235e+38": "a"}


def test_merges_and_aliases_are_followed() -> None:
    assert yaml.load("a: &x {b: 1, c: 1}\nd: {<<: *x, c: 2}\ne: *x")["d"] == {"b": 1, "c": 2}
    assert list(yaml.load_all("a: 1\n---\nb: 2\n---\n")) == [{"a": 1}, {"b": 2}, None]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(JSON)
def test_dumped_yaml_is_loaded_unchanged(data: Any) -> None:
    back = yaml.load(yaml.dump(data))
    assert back == data or same(back, data)


def same(back: Any, data: Any) -> bool:
    """Compare two values; an integer may equal a float because JSON has one type of number."""
    if isinstance(data, float):
        return isinstance(back, (int, float)) and math.isclose(back, data)
    if isinstance(data, dict):
        return back.keys() == data.keys() and all(same(back[key], item) for key, item in data.items())
    if isinstance(data, list):
        return len(back) == len(data) and all(same(*pair) for pair in zip(back, data, strict=True))
    return bool(back == data)


@pytest.mark.parametrize(
    "text",
    ["433e40", "yes", "1:30", "0x1f", "null", "", "~", "0644", "=", "<<", "- a", "a: b", "#", "2020-01-01", " x", "x "],
)
def test_text_that_resembles_another_type_remains_text(text: str) -> None:
    assert yaml.load(yaml.dump({text: text})) == {text: text}


@settings(max_examples=300)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_loaded_or_raises_decode_error(text: Any) -> None:
    try:
        list(yaml.load_all(text))
    except errors.DecodeError:
        pass


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ({"a": "😀", "𝄞": ["\\😀\\", "é", "\\ud83d"]}, None),
        (r'{"a": "\\ud83d\ude00"}', errors.DecodeError),  # A backslash and half of a pair.
        (r'{"a": "\ud83d"}', errors.DecodeError),
        (r"{a: '\ud83d\ude00'}", {"a": r"\ud83d\ude00"}),  # This is not JSON: single quotes of YAML have no escapes.
        (r'a: "\ud83d\ude00"', errors.DecodeError),  # Go also rejects them in YAML.
    ],
)
def test_json_may_write_characters_as_pairs_of_escapes(text: Any, value: Any) -> None:
    written = text if isinstance(text, str) else json.dumps(text)
    for form in (written, written.encode(), f"\n {written}"):
        if value is errors.DecodeError:
            with pytest.raises(errors.DecodeError):
                yaml.load(form)
        else:
            assert yaml.load(form) == (text if value is None else value)
