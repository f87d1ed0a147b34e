"""The Lease as client-go writes it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecore.election import record

WALL = 1_767_225_600.123456


def test_a_new_lease_has_the_fields_of_client_go() -> None:
    assert record.created("ns", "lock", "me", 15.0, WALL) == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "lock", "namespace": "ns"},
        "spec": {
            "holderIdentity": "me",
            "leaseDurationSeconds": 15,
            "acquireTime": "2026-01-01T00:00:00.123456Z",
            "renewTime": "2026-01-01T00:00:00.123456Z",
            "leaseTransitions": 0,
        },
    }


def stored(**spec: Any) -> dict[str, Any]:
    made = record.created("ns", "lock", "other", 15.0, WALL)
    made["metadata"]["labels"] = {"a": "b"}
    return {**made, "new": [1], "spec": {**made["spec"], "strategy": "OldestEmulationVersion", **spec}}


def test_unknown_fields_survive() -> None:
    for changed in (
        record.taken(stored(), "me", 15.0, WALL + 1),
        record.renewed(stored(), 15.0, WALL + 1),
        record.released(stored(), WALL + 1),
    ):
        assert changed["new"] == [1]
        assert changed["metadata"] == stored()["metadata"]
        assert changed["spec"]["strategy"] == "OldestEmulationVersion"


def test_documents_are_not_changed_in_place() -> None:
    lease = stored()
    record.taken(lease, "me", 15.0, WALL + 1)
    record.released(lease, WALL + 1)
    assert lease == stored()


def test_a_new_holder_counts_as_a_transition() -> None:
    spec = record.taken(stored(leaseTransitions=3), "me", 20.0, WALL + 1)["spec"]
    assert spec["leaseTransitions"] == 4
    assert spec["leaseDurationSeconds"] == 20
    assert spec["acquireTime"] == spec["renewTime"] == "2026-01-01T00:00:01.123456Z"


def test_transitions_do_not_exceed_32_bits() -> None:
    assert record.transitions(record.taken(stored(leaseTransitions=2**31 - 1), "me", 15.0, WALL)) == 2**31 - 1


def test_renewals_with_a_wall_clock_that_stands_still_have_increasing_times() -> None:
    lease, times = stored(), list[str]()
    for _ in range(4):
        lease = record.renewed(lease, 15.0, WALL)
        times.append(lease["spec"]["renewTime"])
    assert times == [f"2026-01-01T00:00:00.12345{digit}Z" for digit in "789"] + ["2026-01-01T00:00:00.123460Z"]


def test_a_wall_clock_that_is_set_back_is_written_as_it_is() -> None:
    assert record.renewed(stored(), 15.0, WALL - 3600)["spec"]["renewTime"] == "2025-12-31T23:00:00.123456Z"


@pytest.mark.parametrize("before", [None, 7, "", "yesterday", "2026-01-01T00:00:00"])
def test_a_time_that_was_edited_manually_is_replaced(before: Any) -> None:
    assert record.renewed(stored(renewTime=before), 15.0, WALL)["spec"]["renewTime"] == "2026-01-01T00:00:00.123456Z"


@given(st.floats(min_value=0, max_value=4e9))
def test_times_have_six_digits(seconds: float) -> None:
    text = record.created("ns", "lock", "a", 15.0, seconds)["spec"]["renewTime"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text)
    assert abs(datetime.fromisoformat(text).timestamp() - seconds) < 1e-5


@pytest.mark.parametrize("lease", [{}, {"spec": None}, {"spec": []}, {"spec": {"holderIdentity": 3}}])
def test_a_lease_without_a_record_has_no_holder(lease: dict[str, Any]) -> None:
    assert record.holder(lease) == ""
    assert record.transitions(lease) == 0
    assert record.duration(lease) is None
    assert record.uid(lease) == ""
