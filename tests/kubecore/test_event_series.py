"""Series of equal events: which are created, counted or dropped, and when a count is written.

Cases: `eventseries_test.go` of `k8s.io/client-go/tools/events`, `events_cache_test.go` of `tools/record`.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from kubecore.errors import InvalidRequestError
from kubecore.recorder.reference import Reference
from kubecore.recorder.series import Limits
from tests.kubecore.event_runs import POD, Run


def other(number: int) -> Reference:
    return POD._replace(name=f"web-{number}", uid=f"uid-{number}")


def test_the_first_event_is_created_and_the_second_sets_the_count_to_2() -> None:
    run = Run()
    run.report()
    run.work()
    run.report()
    run.work()
    assert run.verbs == ["create", "patch"]
    assert run.sent[1][2] == {"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}
    assert run.counts == [2]


def test_an_event_with_another_action_is_created_without_a_series() -> None:
    run = Run()
    run.report(action="Start")
    run.work()
    run.report(action="Stop")
    run.work()
    assert run.verbs == ["create", "create"]
    assert all("series" not in body for _, _, body in run.sent)


def test_two_equal_events_at_once_are_one_event_with_a_series() -> None:
    run = Run()
    run.report()
    run.report()
    run.work()
    assert run.counts == [2]


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Warning"},
        {"reason": "Other"},
        {"action": "Other"},
        {"about": other(7)},
        {"about": POD._replace(field_path="spec.containers{web}")},
        {"related": other(8)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_events_that_differ_belong_to_different_series(change: dict[str, object]) -> None:
    run = Run()
    run.report()
    run.report(**change)  # type: ignore[arg-type]
    run.work()
    assert run.verbs == ["create", "create"]


def test_the_note_does_not_split_a_series_and_the_first_one_is_kept() -> None:
    run = Run()
    for number in range(3):
        run.report(note=f"attempt {number}")
    run.work()
    assert [event["note"] for event in run.events.values()] == ["attempt 0"]
    assert run.counts == [3]


def test_27_equal_events_a_second_apart_are_one_series_of_27() -> None:
    run = Run()
    for _ in range(27):
        run.report()
        run.work(1.0)
    run.delivery.close()
    run.work()
    assert run.counts == [27]
    assert run.book.dropped == 0


def test_events_of_30_objects_are_30_creates() -> None:
    run = Run()
    for number in range(30):
        run.report(about=other(number))
    run.work()
    assert run.verbs == ["create"] * 30


def test_after_the_second_event_a_count_is_written_when_it_has_doubled_and_once_a_minute_at_most() -> None:
    run = Run()
    for _ in range(300):  # One a second, five minutes long.
        run.report()
        run.work(1.0)
    assert run.written == [1, 2, 61, 122, 244]


def test_a_count_that_has_not_doubled_waits() -> None:
    run = Run()
    for _ in range(3):
        run.report()
        run.work()
    run.work(180.0)
    assert run.written == [1, 2]


def test_a_series_that_is_not_seen_for_6_minutes_is_written_for_the_last_time_and_forgotten() -> None:
    run = Run()
    for _ in range(3):
        run.report()
        run.work(10.0)
    run.work(349.0)
    assert run.written == [1, 2]
    run.work(1.0)
    assert run.written == [1, 2, 3]
    assert run.sent[-1][2]["series"]["lastObservedTime"] == "2026-01-01T00:00:20.000000Z"
    assert len(run.book) == 0


def test_a_series_whose_count_is_written_is_forgotten_without_a_request() -> None:
    run = Run()
    run.report(about=other(1))
    run.report(about=other(2))
    run.work()
    run.report(about=other(2))
    run.work(400.0)
    assert run.verbs == ["create", "create", "patch"]
    assert len(run.book) == 0


def test_an_event_without_a_series_stays_in_memory_for_6_minutes() -> None:
    run = Run()
    run.report()
    run.work(359.0)
    assert len(run.book) == 1
    run.report()
    run.work()
    assert run.verbs == ["create", "patch"]


def test_an_event_after_6_minutes_begins_a_new_series() -> None:
    run = Run()
    run.report()
    run.work()
    run.clock.advance(360.0)
    run.report()
    run.work()
    assert run.verbs == ["create", "create"]
    assert run.counts == [1, 1]


def test_a_series_that_begins_again_before_the_writer_woke_loses_no_event() -> None:
    run = Run()
    for _ in range(3):
        run.report()
        run.work()
    run.clock.advance(1000.0)
    run.report()
    run.work()
    assert sorted(run.counts) == [1, 3]


def test_a_long_series_is_refreshed_every_30_minutes() -> None:
    run = Run()
    for _ in range(1000):
        run.report()
    run.work()
    for _ in range(40):  # One event every 5 minutes, longer than three hours.
        run.report()
        run.work(300.0)
    assert run.verbs == ["create"] + ["patch"] * 6
    assert run.written == [1000, 1006, 1012, 1018, 1024, 1030, 1036]


def test_an_event_that_the_server_deleted_is_created_again_with_its_count() -> None:
    run = Run()
    run.report()
    run.work()
    run.events.clear()
    run.report()
    run.work()
    assert run.verbs == ["create", "patch", "create"]
    assert run.counts == [2]
    for _ in range(2):
        run.report()
    run.work(60.0)
    assert run.verbs[3:] == ["patch"]
    assert run.counts == [4]


def test_an_object_begins_25_series_at_once_and_one_more_every_5_minutes() -> None:
    run = Run()
    for number in range(30):
        run.report(f"Reason{number}")
    run.work()
    assert len(run.events) == 25
    assert run.book.dropped == sum(run.drops) == 5
    run.work(299.0)
    run.report("Late1")
    run.work(1.0)
    assert len(run.events) == 25
    run.report("Late2")
    run.report("Late3")
    run.work()
    assert len(run.events) == 26
    assert run.book.dropped == 7


def test_normal_events_never_use_up_the_warnings_of_an_object() -> None:
    run = Run()
    for number in range(100):
        run.report(f"Reason{number}")
    run.report("Failed", type="Warning")
    run.work()
    assert [event["reason"] for event in run.events.values() if event["type"] == "Warning"] == ["Failed"]


def test_fields_of_an_object_share_its_bucket() -> None:
    run = Run(Limits(burst=1))
    run.report(about=POD._replace(field_path="spec.containers{a}"))
    run.report(about=POD._replace(field_path="spec.containers{b}"))
    run.work()
    assert len(run.events) == 1


def test_with_a_burst_of_1_a_second_reason_of_an_object_is_dropped() -> None:
    run = Run(Limits(burst=1))
    run.report("One")
    run.report("Two")
    run.report("One", about=other(2))
    run.work()
    assert sorted((event["reason"], event["regarding"]["name"]) for event in run.events.values()) == [
        ("One", "web-0"),
        ("One", "web-2"),
    ]
    assert run.book.dropped == 1


def test_repetitions_use_no_bucket() -> None:
    run = Run(Limits(burst=1))
    for _ in range(10_000):
        run.report()
    run.work()
    assert run.counts == [10_000]
    assert run.book.dropped == 0
    assert run.verbs == ["create"]


def test_at_most_1000_events_wait_to_be_created() -> None:
    run = Run()
    for number in range(1200):
        run.report(about=other(number))
    run.work()
    assert len(run.events) == 1000
    assert run.book.dropped == 200
    run.report(about=other(2000))
    run.work()
    assert len(run.events) == 1001


def test_the_memory_holds_4096_series_and_forgets_the_oldest_after_its_last_write() -> None:
    run = Run()
    run.report(about=other(0))
    run.work()
    for _ in range(2):
        run.report(about=other(0))
    run.work()
    run.report(about=other(0))  # 4 are counted, 3 are written.
    for number in range(1, 4098):
        run.report(about=other(number))
        run.work()
    assert len(run.book) == 4096
    assert run.events[run.sent[0][1]]["series"]["count"] == 4
    run.report(about=other(0))
    run.work()
    assert len(run.events) == 4099


def test_a_series_that_is_seen_stays_in_memory() -> None:
    run = Run(Limits(series=2))
    run.report(about=other(1))
    run.report(about=other(2))
    run.report(about=other(1))
    run.report(about=other(3))  # 2 was seen longer ago than 1.
    run.work()
    run.report(about=other(1))
    run.work(60.0)
    assert len(run.events) == 3
    assert sorted(run.counts) == [1, 1, 2]


def test_an_event_that_comes_while_the_writer_sleeps_wakes_it_and_a_repetition_does_not() -> None:
    run = Run()
    run.work()
    assert run.report()
    assert not run.report()  # It wakes already.
    run.work()
    assert not run.report()
    assert run.report(about=other(2))


@pytest.mark.parametrize("name", ["queue", "series", "burst"])
@pytest.mark.parametrize("count", [0, -1, math.nan])
def test_a_number_of_the_limits_is_1_or_more(name: str, count: Any) -> None:
    limits: Any = Limits
    with pytest.raises(InvalidRequestError, match=rf"{name} must be 1 or more, not {count}"):
        limits(**{name: count})
    limits(**{name: 1})


@pytest.mark.parametrize("name", ["refill", "quiet", "pause", "refresh"])
@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_a_time_of_the_limits_is_finite_and_above_0(name: str, seconds: Any) -> None:
    limits: Any = Limits
    with pytest.raises(InvalidRequestError, match=rf"{name} must be finite and above 0 s, not {seconds} s"):
        limits(**{name: seconds})
    limits(**{name: 0.001})
