"""YAML as kubectl reads it. The expected values are those of `sigs.k8s.io/yaml`."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubecore import errors, yaml

SCALARS: list[tuple[str, Any]] = [
    *[(word, True) for word in ("y", "Y", "yes", "on", "true", "True", "TRUE", "ON")],
    *[(word, False) for word in ("n", "no", "off", "false", "OFF")],
    *[(word, None) for word in ("", "~", "null", "Null")],
    *[
        ("0644", 420),
        ("0o14", 12),
        ("0b101", 5),
        ("0x1F", 31),
        ("-0x1F", -31),
        ("1_000", 1000),
        ("09", 9),
        ("00", 0),
        ("+5", 5),
    ],
    *[("1e3", 1000), ("12e03", 12000), (".5", 0.5), ("-.5", -0.5), ("1.", 1), ("1e-2", 0.01), ("433e40", 4.33e42)],
    *[("18446744073709551615", 2**64 - 1), ("123456789012345678901234567890", 1.2345678901234568e29)],
    *[
        (text, text)
        for text in (
            "tRUE",
            "nULL",
            "1:30",
            "2020-01-01",
            "2020-01-01T00:00:00Z",
            "Inf",
            "1e",
            "0b",
            "_1",
            "1e400",
            ".",
            "+",
        )
    ],
    *[("'5'", "5"), ('"x"', "x"), ("!!str 5", "5")],
]


@pytest.mark.parametrize(("text", "value"), SCALARS, ids=lambda value: ascii(value))
def test_a_scalar_is_what_go_makes_of_it(text: str, value: Any) -> None:
    found = yaml.load(f"a: {text}\n")["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "'a' is there twice"),
        ("a: &a [*a]", "stands for nothing that is complete"),
        ("a: !!python/object:os.system x", "tag"),
        ("a: !!binary aGk=", "tag"),
        ("[" * 1000, "nested deeper"),
        ("a: [", "line 2"),
        ("a: .inf", "no form in JSON"),
        ("? [a]\n: b", "must be a scalar"),
        ("a\n---\nb", "one document"),
        ("\x00", "can't be read"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(errors.DecodeError, match=words) as caught:
        yaml.load(text, source="x.yaml")
    assert str(caught.value).startswith("x.yaml")


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(errors.DecodeError, match="aliases counted"):
        yaml.load("\n".join(lines))


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
def test_what_is_written_is_read_back(data: Any) -> None:
    back = yaml.load(yaml.dump(data))
    assert back == data or same(back, data)


def same(back: Any, data: Any) -> bool:
    """Compare, but for floats that are integers: JSON knows one kind of number."""
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
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    assert yaml.load(yaml.dump({text: text})) == {text: text}


@settings(max_examples=300)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_no_text_raises_anything_but_ours(text: Any) -> None:
    try:
        list(yaml.load_all(text))
    except errors.DecodeError:
        pass
