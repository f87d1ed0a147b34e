"""Faults of caches on a real API server; `python -m tests.torture informer --rows all` causes those that take longer, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import Cluster
from tests.conftest import running
from tests.torture.informer_rows import names_of, play
from tests.torture.informer_table import ROWS
from tests.torture.informer_world import most_requests
from tests.torture.tally import Tally


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A cluster that may be broken."""
    with running(all_apis=False, controllers=False) as started:
        yield started


@pytest.mark.thorough
@pytest.mark.parametrize("name", names_of("quick"))
def test_informers_overcome(name: str, own: Cluster) -> None:
    tally = Tally("informer")
    play(tally, own, [name], 1)
    assert tally.bad == []


def test_requests_of_a_lasting_fault_become_fewer() -> None:
    assert [most_requests(seconds) for seconds in (0, 0.8, 2.4, 5.6, 300)] == [5, 6, 7, 8, 20]


def test_rows_are_chosen_by_name() -> None:
    assert names_of("all") == list(ROWS)
    assert names_of("cut-list,cut-watch") == ["cut-list", "cut-watch"]
    with pytest.raises(ValueError, match="no row nothing"):
        names_of("cut-list,nothing")
