"""Patterns of custom resources: those of Go, in linear time."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from kubecore.testing._schemas.validation.automaton import Automaton, TooLargeError
from kubecore.testing._schemas.validation.patterns import compile_fault, matches

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"


def _pattern(chance: random.Random, levels: int) -> str:
    """Return a random expression."""
    kind = chance.randrange(9) if levels else chance.randrange(4)
    if kind < 4:
        return chance.choice(["a", "b", "-", ".", "[ab]", "[^a]", r"\w", r"\W", r"\.", r"\b", r"\B", "^", r"\Z"])
    inner = _pattern(chance, levels - 1)
    if kind < 6:
        return inner + _pattern(chance, levels - 1)
    if kind < 7:
        return f"({inner}|{_pattern(chance, levels - 1)})"
    if kind < 8:
        return f"(?i:{inner.upper() if inner.isalpha() else inner})"
    return f"({inner})" + chance.choice(["*", "+", "?", "*?", "{2}", "{1,2}", "{1,}", "{0}", "??"])


def test_automaton_and_re_find_the_same() -> None:
    chance = random.Random(4)
    texts = [
        "".join(signs) for size in range(5) for signs in itertools.product("abA.-"[: 5 if size < 4 else 3], repeat=size)
    ]
    for _ in range(400):
        pattern = _pattern(chance, 4)
        compiled, automaton = re.compile(pattern, re.ASCII), Automaton(pattern)
        for text in texts:
            if not text and r"\B" in pattern:
                continue  # `re` does not find it, Go does.
            assert automaton.search(text) is (compiled.search(text) is not None), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("(a+)+$", "a" * 5_000 + "!", False),
        ("(a|a)*b", "a" * 5_000, False),
        ("(a|a)" * 40 + "b", "a" * 5_000, False),
        ("a*a*a*a*a*a*b", "a" * 5_000, False),
        ("^(a?){50}a{50}$", "a" * 50, True),
        ("(x+x+)+y", "x" * 5_000 + "y", True),
        (rf"^{_LABEL}(\.{_LABEL})*$", "a" * 5_000, True),
        (rf"^{_LABEL}(\.{_LABEL})*$", "a" * 5_000 + ".-", False),
        (r"(?i)^(A\s*)+$", "a " * 2_000, True),
        (r"^\B$", "", True),
    ],
)
def test_hostile_patterns_are_matched_without_backtracking(pattern: str, text: str, is_found: bool) -> None:
    assert matches(pattern, text) is is_found


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("((){1000}){1000}", "a"),
        (f"({'|' * 2_000}){{1000}}", "a"),
        ("(a+)+$", "a" * 1_000_000),
        ("a" * 20_000, "a"),
        ("(" * 4_000 + ")" * 4_000, "a"),
        ("(" * 4_000, "a"),
    ],
)
def test_too_large_patterns_and_texts_are_unsure(pattern: str, text: str) -> None:
    assert matches(pattern, text) is None


@pytest.mark.parametrize("pattern", ["a" * 20_000, "(" * 20_000, "(" * 4_000 + ")" * 4_000, "(" * 4_000])
def test_faults_of_large_patterns_are_not_known(pattern: str) -> None:
    assert compile_fault(pattern) is None


def test_automaton_with_too_many_states_is_refused() -> None:
    with pytest.raises(TooLargeError):
        Automaton("(a{100}){100}")


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("^a{0,1001}$", "{0,1001}"),
        ("a{4096,}", "{4096,}"),
        ("(a{100}){100}", "{100}"),
        ("(a{1000}){2}", "{2}"),
        ("(((a{10}){10}){10}){2}", "{2}"),
    ],
)
def test_repetitions_that_go_refuses_are_faults(pattern: str, count: str) -> None:
    assert matches(pattern, "a") is None
    assert compile_fault(pattern) == f"error parsing regexp: invalid repeat count: `{count}`"


@pytest.mark.parametrize(
    "pattern", ["a{0,1000}", "a{1000}b{1000}", "(a{100}b{9}){10}", "[{1001}]", r"\{1001}", "(a*){1000}"]
)
def test_repetitions_that_go_accepts_are_compiled(pattern: str) -> None:
    assert compile_fault(pattern) == ""


def test_number_of_repetitions_with_too_many_digits_is_not_known() -> None:
    pattern = f"a{{{'9' * 5_000}}}"
    assert matches(pattern, "a") is None
    assert compile_fault(pattern) is None


def test_as_many_repetitions_as_go_accepts_are_matched() -> None:
    assert matches("^a{0,1000}$", "a" * 1000) is True
    assert matches("^a{0,1000}$", "a" * 1001) is False
