"""The recorded responses and the tests detect bugs that are planted in the fake API server."""

from __future__ import annotations

import importlib
from typing import Final

import pytest

from tests.testing.planted.importing import fails, file_of, named, planted
from tests.testing.planted.server import BUGS, Bug

HARMLESS: Final = Bug("harmless", "_server.store", '"""The objects of the fake', '"""Objects of the fake')
SAMPLE: Final = (*BUGS[::10], named("faults-have-no-end"))
"""Bugs that a recorded response shows, and one that tests show."""


def test_there_are_60_bugs_with_different_names() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) == 60


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_changes_one_place(bug: Bug) -> None:
    source = file_of(bug).read_text("utf-8")
    assert source.count(bug.right) == 1
    assert bug.right != bug.wrong
    compile(source.replace(bug.right, bug.wrong), bug.name, "exec")  # A module that can't be imported proves nothing.


def test_a_bug_is_planted_within_a_block() -> None:
    before = importlib.import_module("kubecore.testing._server.store")
    with planted(HARMLESS):
        inside = importlib.import_module("kubecore.testing._server.store")
        assert str(inside.__doc__).startswith("Objects of the fake")
    assert importlib.import_module("kubecore.testing._server.store") is before


@pytest.mark.thorough
def test_nothing_is_detected_without_a_bug() -> None:
    assert fails(HARMLESS) == ""


@pytest.mark.thorough
@pytest.mark.parametrize("bug", SAMPLE, ids=lambda bug: bug.name)
def test_a_bug_is_detected(bug: Bug) -> None:
    """`python -m tests.torture bugs` plants all of them."""
    assert fails(bug) != ""
