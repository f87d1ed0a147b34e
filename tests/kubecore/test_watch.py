"""The requests and events of a watch, without a socket or a clock."""

from __future__ import annotations

from typing import Any

import pytest

from kubeclient.models import core_v1
from kubeclient.typed.core.v1.configmap import CONFIG_MAPS
from kubecore import errors
from kubecore.watch.options import WatchOptions
from kubecore.watch.state import WatchState
from tests.kubecore.watch_runs import EXPIRED, Run, change, line, map_


def test_first_the_state_by_a_list_then_the_changes_from_its_version() -> None:
    run = Run(label_selector="a=b")
    assert run.state(7, map_("x", 3), map_("y", 5)) == ["ADDED x 3", "ADDED y 5"]
    assert run.stream(change("MODIFIED", "x", 8)) == ["MODIFIED x 8"]
    assert run.asked[0] == {"of": "list", "labelSelector": "a=b"}
    assert run.asked[1] == {
        "of": "watch",
        "watch": "true",
        "labelSelector": "a=b",
        "resourceVersion": "7",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "300",
    }
    assert run.progress.version == "8"


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ({"resource_version": "5"}, {"of": "watch", "resourceVersion": "5"}),
        ({"resource_version": "0"}, {"of": "list", "resourceVersion": "0"}),
        (
            {"resource_version": "0", "resource_version_match": "NotOlderThan"},
            {"of": "list", "resourceVersion": "0", "resourceVersionMatch": "NotOlderThan"},
        ),
        (
            {"resource_version": "5", "resource_version_match": "Exact"},
            {"of": "watch", "resourceVersion": "5", "resourceVersionMatch": "Exact"},
        ),
        ({"send_initial_events": False}, {"of": "list", "limit": "1"}),
        (
            {"send_initial_events": True},
            {"of": "watch", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"},
        ),
        (
            {"send_initial_events": True, "resource_version": "0"},
            {
                "of": "watch",
                "sendInitialEvents": "true",
                "resourceVersionMatch": "NotOlderThan",
                "resourceVersion": "0",
            },
        ),
    ],
)
def test_the_first_request_depends_on_the_options(asked: dict[str, Any], first: dict[str, str]) -> None:
    run = Run(**asked)
    run.step()
    always = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": "300"}
    assert run.asked == [{**(always if first["of"] == "watch" else {}), **first}]


def test_a_watch_without_limit_requests_300_to_600_seconds() -> None:
    bounds: list[tuple[float, float]] = []
    asked = WatchOptions(
        list=lambda query: CONFIG_MAPS.list("d", query),
        watch=lambda query: CONFIG_MAPS.watch("d", query),
        resource_version="1",
    )

    def chance(low: float, high: float) -> float:
        bounds.append((low, high))
        return 457.3

    step = WatchState(asked, chance=chance).step()
    assert step is not None
    assert bounds == [(300, 600)]
    assert "timeoutSeconds=457" in step.call.target


def test_a_state_in_pages_is_read_to_its_end() -> None:
    run = Run()
    assert run.state(7, map_("x", 3), token="more") == []
    assert run.state(7, map_("y", 4)) == ["ADDED x 3", "ADDED y 4"]
    assert run.asked[1] == {"of": "list", "continue": "more"}


@pytest.mark.parametrize("relists", [False, True])
@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"]])
def test_a_repeated_continue_token_is_refused(tokens: list[str], relists: bool) -> None:
    run = Run(relists=relists)
    with pytest.raises(errors.DecodeError, match="continue token of an earlier page"):
        for token in tokens:
            run.state(7, map_("x", 3), token=token)


def test_pages_without_objects_have_an_end() -> None:
    run = Run()
    with pytest.raises(errors.DecodeError, match="pages contained no object"):
        for number in range(2000):
            run.state(7, token=f"t{number}")
    assert 900 < len(run.asked) < 1100


def test_a_repeated_continue_token_of_a_later_list_is_retried_after_a_pause() -> None:
    run = Run(relists=True)
    run.state(5, map_("x", 3))
    run.refuse(EXPIRED)
    run.state(6, map_("x", 3), token="a")
    run.state(6, map_("x", 3), token="a")
    assert run.state(7, map_("x", 3), map_("y", 7)) == ["ADDED y 7"]
    assert run.waited[-1] > 0.7


def test_connections_with_one_event_each_lead_to_pauses() -> None:
    run = Run()
    run.state(1)
    for version in range(2, 60):
        run.stream(change("ADDED", f"x{version}", version))
    assert run.waited[2:20] == [0] * 18
    assert all(waited > 0.7 for waited in run.waited[30:])
    run.stream(change("ADDED", "y", 60), lived=5.0)
    run.stream(change("ADDED", "y", 61))
    assert run.waited[-1] == 0


@pytest.mark.parametrize("relists", [False, True])
def test_an_unreadable_object_leads_to_a_new_list(relists: bool) -> None:
    run = Run(relists=relists)
    run.state(5, map_("x", 3), map_("y", 4))
    unreadable = {"kind": "Status", "status": "Failure", "code": 500, "reason": "StoreReadError"}
    run.stream(line("ERROR", unreadable))
    if relists:
        assert run.state(9, map_("y", 4)) == ["DELETED x 3"]
    else:
        run.stream(change("ADDED", "z", 9))
    assert run.asked[2]["of"] == ("list" if relists else "watch")


def test_repeated_unreadable_objects_lead_to_growing_pauses() -> None:
    run = Run(relists=True)
    run.state(5)
    for version in range(6, 12):
        run.stream(line("ERROR", {"kind": "Status", "code": 500, "reason": "StoreReadError"}))
        run.state(version)
    assert run.waited[2::2] == pytest.approx([0, 1.6, 3.2, 6.4, 12.8, 25.6])


def test_a_list_without_a_version_is_an_error() -> None:
    run = Run()
    step = run.step()
    assert step is not None
    with pytest.raises(errors.DecodeError, match="no resourceVersion"):
        run.progress.listed(core_v1.ConfigMapList(items=[]))
