"""Label selectors match as in Kubernetes' library, whose results are in `gotables/selectors.jsonl`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeclient.models import meta_v1
from kubecore import errors, options, selectors
from tests.golang import need_go

TABLES = Path(__file__).parent / "gotables"
HEAD, *ROWS = [json.loads(line) for line in (TABLES / "selectors.jsonl").read_text("utf-8").splitlines()]
LABELS: list[dict[str, str]] = HEAD["labels"]
TEXTS: list[dict[str, Any]] = [row for row in ROWS if "input" in row]
MODELS: list[dict[str, Any]] = [row for row in ROWS if "input" not in row]


WRONG: Any = "has"


def matches(selector: selectors.Selector) -> list[bool]:
    return [selector.matches(labels) for labels in LABELS]


def test_a_selector_is_read_written_and_matched_as_go_does() -> None:
    for row in TEXTS:
        if row["ok"]:
            selector = selectors.parse(row["input"])
            assert (str(selector), matches(selector)) == (row["canonical"], row["matches"]), row["input"]


def test_selectors_that_go_refuses_are_refused() -> None:
    for row in TEXTS:
        if not row["ok"]:
            with pytest.raises(errors.InvalidRequestError) as refused:
                selectors.parse(row["input"])
            assert str(refused.value).isascii()


def test_a_models_selector_is_read_as_go_does() -> None:
    assert len(MODELS) > 40
    for row in MODELS:
        model = None if row["model"] is None else meta_v1.LabelSelector.from_dict(row["model"])
        for form in (model, row["model"]):
            if row["ok"]:
                selector = selectors.from_label_selector(form)
                assert matches(selector) == row["matches"], row["model"]
                # Go does not remove duplicate values.
                assert selector.nothing or str(selector) == row["canonical"].replace("b,b", "b")
            else:
                with pytest.raises(errors.InvalidRequestError):
                    selectors.from_label_selector(form)


@pytest.mark.slow
def test_the_table_matches_the_current_output_of_go() -> None:
    need_go(TABLES / "selectors")
    done = subprocess.run(["go", "run", "."], cwd=TABLES / "selectors", capture_output=True, text=True, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [HEAD, *ROWS]


def test_a_mapping_becomes_a_selector() -> None:
    built = selectors.build(
        {
            "app": "web",
            "tier": ["front", "back"],
            "example.com/owned": None,
            "canary": selectors.not_exists(),
            "zone": selectors.not_equal("a"),
            "rack": selectors.not_in({"1"}),
            "size": selectors.greater_than(3),
            "weight": selectors.less_than(9),
            "there": selectors.exists(),
        }
    )
    said = "app=web,!canary,example.com/owned,rack notin (1),size>3,there,tier in (back,front),weight<9,zone!=a"
    assert str(built) == said
    assert selectors.parse(said) == built
    assert built.add(selectors.Requirement("b", "==", ("c",))) != built
    assert hash(built) == hash(selectors.parse(said))
    assert selectors.EVERYTHING.matches({}) is True
    assert selectors.NOTHING.matches({}) is False
    assert selectors.NOTHING.add(selectors.Requirement("b", "exists")).nothing


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"a": 1}, "the label 'a' is compared with text, several texts or None, not with int"),
        ({"a": [1]}, "compared with text, not with int"),
        ({"a": []}, "in needs a value"),
        ({"a": "no good"}, "'no good' can't be the value of the label 'a'"),
        ({"a": "\x1b[2J"}, r"\x1b[2J"),
        ({"": "b"}, "can't be a label's name"),
        ({"A.b/c": "d"}, "a domain in lower case"),
        ({1: "d"}, "a label's name is text, not int"),
        ({"a": selectors.Condition(WRONG, ())}, "no operator 'has'"),
        ({"a": selectors.Condition("=", ("b", "c"))}, "= has exactly one value"),
        ({"a": selectors.Condition("!", ("b",))}, "! has no value"),
        ({"a": selectors.greater_than(-1)}, "can't be the value"),
        ({"a": selectors.Condition("gt", ("b",))}, "must be a whole number, not 'b'"),
        ({"a": b"bc"}, "several texts or None, not with bytes"),
    ],
)
def test_invalid_labels_are_refused_before_a_request_is_sent(labels: Any, words: str) -> None:
    with pytest.raises(errors.InvalidRequestError) as refused:
        selectors.build(labels)
    assert words in str(refused.value)


def test_selector_options_accept_mappings_selectors_and_text() -> None:
    def sent(**said: Any) -> dict[str, str]:
        return dict(options.query(**said))

    assert sent(label_selector={"app": "web", "tier": None}) == {"labelSelector": "app=web,tier"}
    assert sent(label_selector=selectors.parse("b,a")) == {"labelSelector": "a,b"}
    assert sent(label_selector="as it is") == {"labelSelector": "as it is"}
    assert sent(label_selector={}) == {"labelSelector": ""}
    fields = {"spec.nodeName": "n", "status.phase": selectors.not_equal("a,b=c\\d")}
    assert sent(field_selector=fields) == {"fieldSelector": r"spec.nodeName=n,status.phase!=a\,b\=c\\d"}
    for said in (
        {"label_selector": ["a"]},
        {"label_selector": selectors.NOTHING},
        {"field_selector": selectors.EVERYTHING},
        {"field_selector": {"a": None}},
        {"field_selector": {"a": ["b"]}},
        {"field_selector": {"a": selectors.exists()}},
        {"field_selector": {"a=b": "c"}},
        {"field_selector": {"": "c"}},
        {"shard_selector": {"a": "b"}},
    ):
        with pytest.raises(errors.InvalidRequestError):
            sent(**said)


KEYS = st.from_regex(
    r"([a-z0-9]([-a-z0-9]{0,5}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?", fullmatch=True
)
VALUES = st.from_regex(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?)?", fullmatch=True)
CONDITIONS = (
    VALUES
    | st.none()
    | st.lists(VALUES, min_size=1, max_size=4)
    | st.builds(selectors.not_equal, VALUES)
    | st.builds(selectors.not_in, st.lists(VALUES, min_size=1, max_size=4))
    | st.builds(selectors.greater_than, st.integers(0, 2**63 - 1))
    | st.just(selectors.not_exists())
)


@given(st.dictionaries(KEYS, CONDITIONS, max_size=5), st.dictionaries(KEYS, VALUES, max_size=5))
def test_a_built_selector_is_parsed_unchanged(asked: Any, labels: dict[str, str]) -> None:
    built = selectors.build(asked)
    again = selectors.parse(str(built))
    assert again == built
    assert again.matches(labels) == built.matches(labels)
    exact = selectors.build(labels)
    assert exact.matches(labels)
    assert exact.matches(labels | {"another": "one"})


@given(st.text(max_size=40) | st.text("abin notin=!(),<>\t 5.-/_\0", max_size=40))
def test_any_text_is_parsed_or_raises_invalid_request_error(text: str) -> None:
    try:
        selector = selectors.parse(text)
    except errors.InvalidRequestError:
        return
    assert selectors.parse(str(selector)) == selector
    assert msgspec.structs.asdict(selector)


@pytest.mark.parametrize("text", ["a=b\0", "a\0,b=c", "\0"])
def test_a_nul_in_a_selector_is_refused(text: str) -> None:
    with pytest.raises(errors.InvalidRequestError):
        selectors.parse(text)
