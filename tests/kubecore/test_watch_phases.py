"""Watches follow the table of phases in the documentation, and pauses grow up to their limit."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest

from kubecore._support.backoff import Backoff
from kubecore.watch.pacing import Pacing
from kubecore.watch.phases import Phase, PhaseEvent, Phases


def documented() -> dict[tuple[str, str], str]:
    """Read the table of the docstring: the next phase by phase and event."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in (Phases.__doc__ or "").splitlines()
        if line.strip().startswith("|")
    ]
    header, _, *body = rows
    return {
        (row[0], event): row[0] if cell == "-" else cell
        for row in body
        for event, cell in zip(header[2:], row[2:], strict=True)
    }


def test_every_event_leads_to_the_phase_that_the_table_shows() -> None:
    table = documented()
    assert set(table) == set(itertools.product(get_args(Phase), get_args(PhaseEvent)))
    phase: Any
    event: Any
    for (phase, event), expected in table.items():
        phases = Phases(phase)
        phases.on(event)
        assert phases.current == expected, (phase, event)


def test_only_the_changes_and_the_initial_events_are_streams() -> None:
    assert [phase for phase in get_args(Phase) if Phases(phase).is_streaming] == ["initial", "watch"]


def test_pauses_grow_up_to_the_cap() -> None:
    backoff = Backoff(steps=6, duration=0.5, factor=2.0, cap=3.0)
    assert list(backoff.pauses()) == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert backoff.after(10_000) == 3.0


def test_a_pause_that_is_too_large_for_a_number_is_infinite() -> None:
    assert Backoff(steps=1, duration=1.0, factor=10.0).after(400) == float("inf")


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_the_random_part_makes_a_pause_longer(part: float) -> None:
    backoff = Backoff(steps=1, duration=2.0, jitter=0.5)
    assert backoff.spread(2.0, lambda low, high: low + part * (high - low)) == 2.0 + part


def test_a_time_limit_never_requests_an_unlimited_watch() -> None:
    """`timeoutSeconds=0` means no limit, therefore the last fraction of a second is rounded up."""
    now = 0.0
    pacing = Pacing(1, lambda: now, lambda low, high: low)
    pacing.pause()
    now = 0.9
    assert (pacing.is_over, pacing.server_seconds()) == (False, 1)
    now = 1.01
    assert (pacing.is_over, pacing.server_seconds()) == (True, 1)
