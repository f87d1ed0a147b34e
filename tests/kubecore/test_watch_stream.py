"""Time limits, bytes and unusual objects of a watch, without a socket or a clock."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeclient.models import core_v1
from kubecore import errors
from kubecore.watch.decoder import Decoder
from kubecore.watch.lines import MAX_LINE
from tests.kubecore.watch_runs import CUT, REFUSED, Run, bookmark, change, events, failure, line


def test_timeout_seconds_applies_to_all_connections_together() -> None:
    run = Run(timeout_seconds=100)
    run.state(5)
    run.stream(60.0, error=CUT)
    run.stream(change("ADDED", "x", 6), 30.5)
    run.refuse(REFUSED)
    run.refuse(REFUSED)
    assert [asked.get("timeoutSeconds") for asked in run.asked] == [None, "100", "40", "10", "9"]
    for _ in range(2):
        run.refuse(REFUSED)
    assert run.step() is None
    assert run.clock.now == 1100


def test_a_watch_without_any_response_raises_the_last_error_at_its_end() -> None:
    run = Run(timeout_seconds=5)
    run.refuse(failure(429, "TooManyRequests"))
    run.refuse(failure(429, "TooManyRequests"))
    run.clock.now += 5
    with pytest.raises(errors.TooManyRequestsError):
        run.step()


@pytest.mark.parametrize("seconds", [None, 0])
def test_a_watch_has_no_time_limit_by_default(seconds: int | None) -> None:
    run = Run(timeout_seconds=seconds, resource_version="5")
    run.clock.now += 1e9
    assert run.step() is not None


@pytest.mark.parametrize(
    ("option", "bad"),
    [("timeout_seconds", "1"), ("timeout_seconds", 1.5), ("resource_version", []), ("label_selector", 1.5)],
)
def test_invalid_options_are_refused_before_a_request_is_sent(option: str, bad: Any) -> None:
    with pytest.raises(errors.InvalidRequestError):
        Run(**{option: bad})


def test_a_watch_survives_events_of_several_mib_and_any_cut() -> None:
    """Multi-byte text is split at every byte; events are large, and many arrive in one chunk."""
    small = change("ADDED", "ü☃😀", 6, k="é😀") + bookmark(7) + change("DELETED", "ü☃😀", 8)
    large = change("ADDED", "large", 9, k="☃" * (1 << 20))
    whole = list(events(small))
    assert whole == ["ADDED ü☃😀 6", "BOOKMARK 7", "DELETED ü☃😀 8"]
    for at in range(len(small)):
        assert list(events(small[:at], small[at:])) == whole
    cuts = [large[at : at + 4093] for at in range(0, len(large), 4093)]
    assert list(events(small, *cuts, small * 1000)) == [*whole, "ADDED large 9", *whole * 1000]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 600), max_size=10), st.booleans())
def test_how_the_bytes_are_cut_makes_no_difference(places: list[int], ends: bool) -> None:
    whole = change("ADDED", "ü☃", 6) + b"\n \r\n" + bookmark(7) + line("WHAT", 1) + change("MODIFIED", "x", 8)
    if not ends:
        whole = whole[:-1]
    edges = [0, *sorted(min(place, len(whole)) for place in places), len(whole)]
    pieces = [whole[a:b] for a, b in itertools.pairwise(edges)]
    assert list(events(*pieces)) == ["ADDED ü☃ 6", "BOOKMARK 7", "MODIFIED x 8"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.binary(max_size=40) | st.sampled_from([b'{"type":"ADDED","object":', b"{}", b"}", b"\n"]), max_size=8)
)
def test_any_bytes_are_events_or_raise_a_kubecore_error(pieces: list[bytes]) -> None:
    try:
        list(events(*pieces))
    except (errors.DecodeError, errors.StatusError) as error:
        assert isinstance(error, errors.StatusError) or "at byte" in str(error)


def test_an_error_names_the_byte() -> None:
    good = change("ADDED", "ü", 6)
    for cut in (0, 5, len(good)):
        with pytest.raises(errors.DecodeError, match=f"at byte {len(good) + 2}, but 4 bytes of something else"):
            list(events(good[:cut], good[cut:] + b"\n\nga", b"rb\n"))


def test_a_line_without_end_is_refused() -> None:
    decoder = Decoder(core_v1.ConfigMap)
    piece = b"x" * (MAX_LINE // 4)
    with pytest.raises(errors.DecodeError, match="event at byte 0 is longer than"):
        for _ in range(5):
            list(decoder.feed(piece))


class Row(msgspec.Struct):
    """A user's type that reads neither the version nor the UID of an object."""

    data: dict[str, str] = {}


class Named(msgspec.Struct, rename="camel"):
    name: str


class NamedRow(msgspec.Struct):
    metadata: Named


@pytest.mark.parametrize("kind", [Row, NamedRow, dict, Any])
def test_versions_are_read_for_objects_without_metadata_too(kind: Any) -> None:
    decoder: Decoder[Any] = Decoder(kind, bookmarks=False)
    found = list(decoder.feed(change("ADDED", "x", 6, "u") + bookmark(7, ends="true")))
    (event, meta), (nothing, end) = found
    assert (event is None, nothing) == (False, None)
    assert (meta.name, meta.namespace, meta.uid, meta.resource_version) == ("x", "d", "u", "6")
    assert (end.resource_version, end.annotations) == ("7", {"k8s.io/initial-events-end": "true"})


def test_a_refused_watch_list_is_raised_and_list_and_watch_does_not_need_it() -> None:
    with pytest.raises(errors.InvalidError):
        Run(send_initial_events=True).refuse(failure(422, "Invalid"))
    run = Run(relists=True)
    run.step()
    assert run.asked[0]["of"] == "list"


@pytest.mark.parametrize(("lived", "seconds"), [(5.0, 6.4), (31.0, 0.8)])
def test_a_connection_of_thirty_seconds_ends_a_series_of_failures(lived: float, seconds: float) -> None:
    run = Run()
    run.state(5)
    for _ in range(3):
        run.refuse(CUT)
    run.stream(lived=lived, error=CUT)
    run.refuse(CUT)
    run.step()
    assert run.waited[-1] == pytest.approx(seconds)


def test_a_watch_with_an_end_lasts_until_then() -> None:
    run = Run(ends_at=1010.0, resource_version="5")
    step = run.step()
    assert step is not None
    assert step.ends_at == 1010.0
    run.stream(lived=9.97)
    assert run.step() is None  # A request of 30 ms is not worth sending.
    assert run.clock.now == 1010.0


def test_the_first_request_is_sent_however_little_time_there_is() -> None:
    run = Run(ends_at=1000.0)
    run.state(5)
    assert run.step() is None
