"""`list_and_watch`, without a socket or a clock."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from kubeclient.models import meta_v1
from kubecore import errors
from kubecore.calls.resource import Resource
from kubecore.watch.options import WatchOptions
from kubecore.watch.state import WatchState
from tests.kubecore.watch_runs import EXPIRED, IDLE, JSON, Run, bookmark, change, failure, line, map_


class SlimMeta(msgspec.Struct, rename="camel"):
    name: str
    namespace: str
    uid: str
    resource_version: str


class Slim(msgspec.Struct):
    metadata: SlimMeta


class Slims(msgspec.Struct, rename="camel"):
    metadata: meta_v1.ListMeta
    items: list[Slim]


def test_list_and_watch_yields_only_changes() -> None:
    run = Run(relists=True)
    assert run.state(5, map_("x", 3), map_("y", 4)) == []
    assert [found.metadata.name for found in run.progress.items] == ["x", "y"]
    assert run.stream(change("ADDED", "z", 6)) == ["ADDED z 6"]


@pytest.mark.parametrize("how", ["status", "event"])
def test_after_410_list_and_watch_lists_again_and_yields_the_differences(how: str) -> None:
    run = Run(relists=True)
    run.state(5, map_("gone", 1), map_("same", 2), map_("new", 3), map_("anew", 4, "one"))
    run.stream(change("ADDED", "late", 6), change("DELETED", "late", 7), change("ADDED", "later", 8))
    if how == "event":
        run.stream(line("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"}))
    else:
        run.refuse(EXPIRED)
    found = run.state(20, map_("same", 2), map_("new", 15), map_("anew", 16, "two"), map_("later", 8), map_("more", 17))
    assert found == ["DELETED gone 1", "MODIFIED new 15", "DELETED anew 4", "ADDED anew 16", "ADDED more 17"]
    assert run.waited[-1] == 0
    run.step()
    assert run.asked[-2] == {"of": "list"}
    assert run.asked[-1]["resourceVersion"] == "20"


@pytest.mark.parametrize("kind", [dict, Slim])
def test_dictionaries_and_custom_structs_can_be_watched(kind: Any) -> None:
    """The objects are dictionaries, or structs of the caller with the fields that identify an object."""
    things = Resource(
        group="",
        version="v1",
        plural="configmaps",
        namespaced=True,
        kind=kind,
        list_kind=dict if kind is dict else Slims,
    )
    asked = WatchOptions[Any](
        list=lambda query: things.list("d", query), watch=lambda query: things.watch("d", query), relists=True
    )
    progress = WatchState(asked)

    def state(version: int, *items: dict[str, Any]) -> list[str]:
        step = progress.step()
        assert step is not None
        body = {"metadata": {"resourceVersion": str(version)}, "items": items}
        return [event.type for event in progress.listed(step.call.parse(200, JSON, json.dumps(body).encode()))]

    assert state(5, map_("x", 3), map_("y", 4)) == []
    assert len(progress.items) == 2
    assert progress.step() is not None
    progress.opened(JSON)
    assert [event.type for event in progress.feed(change("MODIFIED", "x", 6) + bookmark(7))] == ["MODIFIED"]
    assert progress.version == "7"
    progress.failed(EXPIRED)
    assert state(9, map_("x", 6), map_("z", 8)) == ["DELETED", "ADDED"]


def test_items_without_identifying_fields_are_refused() -> None:
    run = Run(relists=True)
    step = run.step()
    assert step is not None
    with pytest.raises(errors.DecodeError, match="no metadata with name"):
        run.progress.listed({"metadata": {"resourceVersion": "5"}, "items": [{"data": {}}]})


def test_repeated_expiry_lists_again_with_growing_pauses() -> None:
    run = Run(relists=True)
    run.state(5)
    for version in range(6, 12):
        run.refuse(EXPIRED)
        run.state(version)
    assert run.waited[2::2] == pytest.approx([0, 1.6, 3.2, 6.4, 12.8, 25.6])
    assert [asked.get("resourceVersion") for asked in run.asked[1::2]] == ["5", "6", "7", "8", "9", "10"]


def test_list_and_watch_detects_a_restored_server_after_an_idle_connection() -> None:
    """The restored server sends no events until it reaches the version of the watch again."""
    run = Run(relists=True)
    run.state(500, map_("x", 400, k="new"), map_("y", 300), map_("z", 450))
    run.stream(lived=90.0, error=IDLE)
    assert run.state(420) == []
    found = run.state(420, map_("x", 400, k="old"), map_("y", 300), map_("z", 410), map_("w", 415))
    assert found == ["MODIFIED x 400", "MODIFIED z 410", "ADDED w 415"]
    assert run.stream(change("MODIFIED", "x", 421)) == ["MODIFIED x 421"]
    assert [asked.get("limit") for asked in run.asked] == [None, None, "1", None, None]
    assert run.asked[-1]["resourceVersion"] == "420"


def test_a_server_with_an_older_state_ends_a_plain_watch_with_expired_error() -> None:
    run = Run(resource_version="500")
    run.stream(lived=90.0, error=IDLE)
    with pytest.raises(errors.ExpiredError, match="is at version 420 but the watch was at 500"):
        run.state(420)


def test_a_watch_resumes_after_an_idle_connection() -> None:
    run = Run(resource_version="500")
    run.stream(lived=90.0, error=IDLE)
    assert run.state(600) == []
    assert run.stream(change("ADDED", "x", 501), 90.0, error=IDLE) == ["ADDED x 501"]
    assert run.stream(change("ADDED", "x", 502)) == ["ADDED x 502"]
    assert [asked["of"] for asked in run.asked] == ["watch", "list", "watch", "watch"]
    assert run.waited == [0, 0, 0, 0]


def test_who_may_watch_and_not_list_is_not_disturbed() -> None:
    run = Run(resource_version="500")
    run.stream(lived=90.0, error=IDLE)
    run.refuse(failure(403, "Forbidden"))
    assert run.stream(change("ADDED", "x", 501)) == ["ADDED x 501"]
