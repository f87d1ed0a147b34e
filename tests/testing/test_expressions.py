"""Rules of custom resources, as far as they are evaluated."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import pytest

from kubecore.testing._schemas.validation import objects
from kubecore.testing._schemas.validation.expressions import evaluate
from kubecore.testing._schemas.validation.operations import Budget, UnknownError

SELF: dict[str, Any] = {"x": 1, "y": 2.5, "text": "abc", "list": [1, 2, 2], "map": {"a": "b"}, "items": [{"n": "a"}]}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("self.x <= self.y", True),
        ("self.x + 1 == 2 && -self.x < 0", True),
        ("self.x * 3 - 1 > 2", False),
        ("has(self.x) && !has(self.missing)", True),
        ("!has(self.missing) || self.missing == 'a'", True),
        ("self.missing == 1 || self.x == 1", True),
        ("self.missing == 1 && self.x == 2", False),
        ("size(self.list) == 3 && self.text.size() == 3", True),
        ("2 in self.list && 'a' in self.map && !(3 in self.list)", True),
        ("self.list.all(each, each > 0) && self.list.exists(each, each == 2)", True),
        ("self.list.exists_one(each, each == 2)", False),
        ("self.list.filter(each, each == 2).size() == 2", True),
        ("self.items.map(each, each.n)[0] == 'a'", True),
        ('self.text.startsWith("a") && self.text.endsWith("c") && self.text.contains("b")', True),
        ("self.text.matches('^[a-c]+$')", True),
        ("self.map['a'] == 'b' ? self.x == 1 : false", True),
        ("self.text != 'abc'", False),
        ("(has(self.x) ? 1 : 0) + (has(self.z) ? 1 : 0) == 1", True),
        ("self.x in [1, 2]", True),
    ],
)
def test_rules_are_evaluated(rule: str, holds: bool) -> None:
    assert evaluate(rule, {"self": SELF}, Budget()) is holds


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "self.x",
        "self.missing == 1",
        "self.x > 'a'",
        "self.x + self.y == 3.5",
        "self.x / 2 == 0",
        "duration(self.text) > duration('1s')",
        "self.list == [2, 1, 2]",
        "self.text.split(',').size() == 1",
        "self.x ==",
        "self.x == 1)",
        "r'a' == 'a'",
        "self.__in__ == 1",
        "(" * 100 + "true" + ")" * 100,
        "true && " * 300 + "true",
        "!" * 400 + "true",
        "-" * 400 + "1 == 1",
        "9" * 5000 + " == 1",
        "[1] in self.map",
        "1 in self.map",
    ],
)
def test_other_rules_are_not_known(rule: str) -> None:
    with pytest.raises(UnknownError):
        evaluate(rule, {"self": SELF}, Budget())


_LARGE: dict[str, Any] = {"list": list(range(300)), "text": "a" * 100_000, "items": [{"a": [1] * 100}] * 2_000}


@pytest.mark.parametrize(
    "rule",
    [
        "self.list.all(a, self.list.all(b, self.list.all(c, self.list.all(d, a + b + c + d >= 0))))",
        "self.list.exists(a, self.list.exists(b, self.list.map(c, self.list.map(d, true)).size() == 0))",
        "self.list.all(a, self.items == self.items)",
        "self.list.all(a, self.list.all(b, !('b' in self.list.map(c, 'a'))))",
        "self.list.all(a, self.list.all(b, self.text.contains('b')))",
        "self.list.all(a, self.list.all(b, self.text.matches('^a*$')))",
        "[self.text]" + "".join(f".map(a{n}, a{n} + a{n} + a{n} + a{n} + a{n})" for n in range(12)) + ".size() == 1",
    ],
)
def test_rules_that_cost_too_much_are_not_known(rule: str) -> None:
    with pytest.raises(UnknownError, match="the rules cost too much"):
        evaluate(rule, {"self": _LARGE}, Budget(100_000))


def test_all_rules_of_an_object_share_one_budget() -> None:
    rule = {"rule": "self.all(a, self.all(b, a <= b || a > b))"}
    schema = {"type": "array", "items": {"type": "array", "x-kubernetes-validations": [rule]}}
    value = [list(range(100))] * 30
    verdict = objects.check({"f": value}, {"type": "object", "properties": {"f": schema}})
    assert not verdict.causes
    assert 0 < len(verdict.unsure) < len(value)


def test_large_schemas_use_the_budget_of_rules() -> None:
    rule = {"rule": "true"}
    item = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(2_000)}}
    schema = {"type": "array", "items": {**item, "x-kubernetes-validations": [rule]}}
    verdict = objects.check({"f": [{}] * 600}, {"type": "object", "properties": {"f": schema}})
    assert 0 < len(verdict.unsure) < 600


def test_deep_stack_of_the_caller_makes_a_rule_unknown() -> None:
    rule = "self" + "[0]" * 160 + " == 1"
    value: Any = 1
    for _ in range(160):
        value = [value]

    def deep(levels: int) -> bool:
        return deep(levels - 1) if levels else evaluate(rule, {"self": value}, Budget())

    assert evaluate(rule, {"self": value}, Budget())
    with pytest.raises(UnknownError, match="too many levels"):
        deep(sys.getrecursionlimit() - 150 - len(inspect.stack(0)))


def checked(rule: dict[str, Any], value: Any, old: Any = None, **schema: Any) -> objects.Verdict:
    whole = {"type": "object", "properties": {"f": {**schema, "x-kubernetes-validations": [rule]}}}
    return objects.check({"f": value}, whole, None if old is None else {"f": old})


def test_broken_rule_is_a_cause_with_its_message_and_reason() -> None:
    rule = {"rule": "self > 1", "message": "too small"}
    assert checked(rule, 1, type="integer").causes == [("FieldValueInvalid", "Invalid value: 1: too small", "f")]
    (cause,) = checked({"rule": "self > 1", "reason": "FieldValueForbidden"}, 1, type="integer").causes
    assert cause == ("FieldValueForbidden", "Forbidden: failed rule: self > 1", "f")


def test_transition_rule_needs_an_old_value() -> None:
    rule = {"rule": "self == oldSelf", "message": "fixed"}
    assert not checked(rule, "a", type="string").causes
    assert not checked(rule, "a", "a", type="string").causes
    assert checked(rule, "a", "b", type="string").causes


def test_unchanged_value_may_break_a_rule() -> None:
    assert not checked({"rule": "self > 1"}, 1, 1, type="integer").causes


def test_value_of_another_type_in_rules_is_not_checked() -> None:
    verdict = checked({"rule": "self > '2020'"}, "2021-01-01T00:00:00Z", type="string", format="date-time")
    assert verdict.unsure
    assert not verdict.causes
