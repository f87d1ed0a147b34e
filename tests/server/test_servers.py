"""Why a test runs on the real server alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from kubecore.testing import NotSimulatedError
from tests.server.servers import REASONS, parameters, reason_of


def marked(*marks: pytest.MarkDecorator) -> Callable[[str], Iterable[pytest.Mark]]:
    return lambda name: [decorator.mark for decorator in marks if decorator.name == name]


@pytest.mark.parametrize("arguments", [(name,) for name in REASONS if name != "not_simulated"])
def test_a_mark_is_the_reason(arguments: tuple[str, ...]) -> None:
    assert reason_of(marked(pytest.mark.real_only(*arguments)), ["nodes"]) == arguments[0]


def test_a_request_that_is_not_simulated_is_named() -> None:
    assert reason_of(marked(pytest.mark.real_only("not_simulated", "exec")), []) == "not_simulated: exec"


def test_a_test_of_a_named_request_must_fail_on_the_fake() -> None:
    _, fake = parameters("not_simulated: exec")
    (mark,) = fake.marks
    expected = {"reason": "not_simulated: exec", "raises": NotSimulatedError, "strict": True}
    assert (mark.name, mark.kwargs) == ("xfail", expected)


def test_other_reasons_leave_out_the_fake() -> None:
    assert [each.values for each in parameters("needs_node")] == [("real",)]
    assert [(each.values, each.marks) for each in parameters(None)][1:] == [(("fake",), ())]


@pytest.mark.parametrize("arguments", [(), ("no idea",), ("not_simulated",), ("needs_node", "exec")])
def test_a_mark_without_a_known_reason_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(pytest.UsageError, match="expected one of needs_certificates"):
        reason_of(marked(pytest.mark.real_only(*arguments)), [])


def test_fixtures_are_reasons_too() -> None:
    assert reason_of(marked(pytest.mark.slow), ["namespace", "nodes"]) == "needs_node"
    assert reason_of(marked(pytest.mark.slow), ["namespace", "clientset"]) is None
