"""A watch that receives the state as events, without a socket or a clock."""

from __future__ import annotations

import pytest

from tests.kubecore.watch_runs import CUT, Run, bookmark, change


def test_initial_events_that_are_cut_are_requested_again_and_yielded_once() -> None:
    """The same request is repeated until the bookmark, then a plain watch follows. Missing objects are DELETED."""
    run = Run(send_initial_events=True)
    first = (
        change("ADDED", "x", 3),
        change("ADDED", "y", 4),
        change("ADDED", "z", 5, "one"),
        bookmark(5, ends="false"),
    )
    assert run.stream(*first, error=CUT) == ["ADDED x 3", "ADDED y 4", "ADDED z 5"]
    second = (
        change("ADDED", "w", 8),
        change("ADDED", "x", 3),
        change("ADDED", "z", 7, "two"),
        bookmark(9, ends="true"),
        change("MODIFIED", "x", 10),
    )
    assert run.stream(*second, error=CUT) == [
        "ADDED w 8",
        "DELETED z 5",
        "ADDED z 7",
        "DELETED y 4",
        "BOOKMARK  9",
        "MODIFIED x 10",
    ]
    assert run.asked[0] == run.asked[1]
    run.step()
    assert run.asked[2] == {
        "of": "watch",
        "watch": "true",
        "resourceVersion": "10",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "300",
    }


def test_initial_events_that_are_cut_repeatedly_lead_to_growing_pauses() -> None:
    run = Run(send_initial_events=True)
    for _ in range(6):
        run.stream(change("ADDED", "x", 3), error=CUT)
    assert run.waited == pytest.approx([0, 0, 0.8, 1.6, 3.2, 6.4])


def test_changes_before_the_end_of_the_state() -> None:
    """Changes and deletions within the initial events are not reported again after a new request."""
    run = Run(send_initial_events=True)
    first = (change("ADDED", "x", 3), change("MODIFIED", "x", 4), change("ADDED", "y", 5), change("DELETED", "y", 6))
    assert run.stream(*first, error=CUT) == ["ADDED x 3", "MODIFIED x 4", "ADDED y 5", "DELETED y 6"]
    assert run.stream(change("ADDED", "x", 4), bookmark(6, ends="true")) == ["BOOKMARK  6"]
