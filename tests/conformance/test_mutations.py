"""The fake server refuses the changed objects of the mutation corpus that the real one refuses."""

from __future__ import annotations

from collections import defaultdict

import pytest

from kubecore.testing._rules.facts import load_facts
from kubecore.testing._rules.validation import has_rules
from tests.conformance.backends import FakeServer
from tests.conformance.mutations import corpus
from tests.conformance.mutations.objects import VALID


@pytest.mark.thorough
@pytest.mark.parametrize("resource", VALID)
def test_only_known_changes_get_another_verdict(resource: str) -> None:
    recorded = {key: verdict for key, verdict in corpus.read().items() if key[0] == resource}
    wrong, _ = corpus.compare(FakeServer(), recorded)
    known = {key for key in corpus.known() if key[0] == resource}
    assert wrong.keys() - known == set(), "run `python -m tests.conformance.mutations check`"
    assert known - wrong.keys() == set(), "run `python -m tests.conformance.mutations known`"


def test_every_kind_has_accepted_and_refused_changes() -> None:
    codes: defaultdict[str, set[int]] = defaultdict(set)
    for key, verdict in corpus.read().items():
        codes[key[0]].add(verdict.code)
    assert codes.keys() == VALID.keys()
    assert [resource for resource, found in codes.items() if resource != "v1/namespaces" and len(found) < 2] == []


def test_only_kinds_with_compared_changes_have_complete_rules() -> None:
    complete = {
        name
        for name, found in load_facts().resources.items()
        if has_rules(name.rpartition("/")[0].rpartition("/")[0], found.kind)
    }
    assert complete - VALID.keys() == {"autoscaling/v1/horizontalpodautoscalers"}  # Another version of a compared kind.
