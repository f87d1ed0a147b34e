"""The recorded tables detect planted bugs in the engines of patches and bodies."""

from __future__ import annotations

import pytest

from tests.testing.planted import bodies_and_patches as planting


def test_nothing_is_detected_without_a_bug() -> None:
    harmless = planting.Bug("_patching.go_values", '"""How the API server', '"""How an API server')
    with planting.planted(harmless):
        assert not planting.detected()


@pytest.mark.parametrize("bug", planting.BUGS, ids=lambda bug: f"{bug.module}: {bug.right[:40]!r}")
def test_a_planted_bug_is_detected(bug: planting.Bug) -> None:
    with planting.planted(bug):
        assert planting.detected()
