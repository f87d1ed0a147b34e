"""Counters, gauges, histograms, and their text."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from kubecore import metrics
from kubecore.metrics import Family, Registry


def test_a_counter_grows() -> None:
    orders = Registry().counter("orders_total", "Orders.", ["shop"])
    orders.labels("north").inc()
    orders.labels("north").inc(2.5)
    assert orders.labels("north").value == 3.5
    assert orders.labels("south").value == 0


@pytest.mark.parametrize("amount", [-1, math.nan])
def test_a_counter_refuses_amounts_that_do_not_grow_it(amount: float) -> None:
    counter = Registry().counter("orders_total", "Orders.").labels()
    with pytest.raises(ValueError, match="can't grow by"):
        counter.inc(amount)
    assert counter.value == 0


def test_a_gauge_rises_falls_and_is_set() -> None:
    gauge = Registry().gauge("depth", "Depth.").labels()
    gauge.inc(3)
    gauge.dec()
    assert gauge.value == 2
    gauge.set(7)
    gauge.dec(2)
    assert gauge.value == 5


def test_a_gauge_with_a_function_is_computed_when_it_is_read() -> None:
    numbers: Iterator[int] = iter([4, 5])
    gauge = Registry().gauge("depth", "Depth.").labels()
    gauge.set_function(lambda: next(numbers))
    assert [gauge.value, gauge.value] == [4, 5]
    gauge.set(1)
    assert gauge.value == 1


def test_a_function_that_raises_does_not_hide_other_metrics() -> None:
    registry = Registry()
    registry.gauge("broken", "Broken.").labels().set_function(lambda: 1 / 0)
    registry.gauge("depth", "Depth.").labels().set(1)
    assert "\nbroken NaN\n" in registry.text()
    assert "\ndepth 1\n" in registry.text()


def test_a_histogram_counts_values_up_to_each_bound() -> None:
    registry = Registry()
    seconds = registry.histogram("wait_seconds", "Waits.", ["name"], buckets=[0.1, 1]).labels("a")
    for value in (0.05, 0.1, 0.5, 3):
        seconds.observe(value)
    assert (seconds.count, seconds.sum) == (4, 3.65)
    assert registry.text() == (
        "# HELP wait_seconds Waits.\n"
        "# TYPE wait_seconds histogram\n"
        'wait_seconds_bucket{name="a",le="0.1"} 2\n'
        'wait_seconds_bucket{name="a",le="1"} 3\n'
        'wait_seconds_bucket{name="a",le="+Inf"} 4\n'
        'wait_seconds_sum{name="a"} 3.65\n'
        'wait_seconds_count{name="a"} 4\n'
    )


def test_values_that_are_not_numbers_are_above_every_bound() -> None:
    registry = Registry()
    registry.histogram("wait_seconds", "Waits.", buckets=[1]).labels().observe(math.nan)
    assert 'le="1"} 0\n' in registry.text()
    assert 'le="+Inf"} 1\n' in registry.text()


def test_exponential_bounds_are_those_of_go() -> None:
    registry = Registry()
    registry.histogram("x", "X.", buckets=metrics.exponential_buckets(10e-9, 10, 12)).labels().observe(0.5)
    bounds = [line.split('"')[1] for line in registry.text().splitlines() if "_bucket" in line]
    tiny = ["1e-08", "1e-07", "1e-06", "9.999999999999999e-06", "9.999999999999999e-05"]
    assert bounds == [*tiny, "0.001", "0.01", "0.1", "1", "10", "100", "1000", "+Inf"]


@pytest.mark.parametrize(("start", "factor", "count"), [(0, 2, 3), (1, 1, 3), (1, 2, 0), (math.nan, 2, 3)])
def test_exponential_bounds_refuse_numbers_out_of_range(start: float, factor: float, count: int) -> None:
    with pytest.raises(ValueError, match="start > 0"):
        metrics.exponential_buckets(start, factor, count)


def test_metrics_without_labels_are_in_the_text_before_their_first_use() -> None:
    registry = Registry()
    registry.counter("orders_total", "Orders.")
    registry.counter("returns_total", "Returns.", ["shop"])
    assert registry.text() == "# HELP orders_total Orders.\n# TYPE orders_total counter\norders_total 0\n"


def test_the_text_is_ordered_by_name_and_labels() -> None:
    registry = Registry()
    for name in ("b", "a"):
        for label in ("y", "x"):
            registry.gauge(name, "G.", ["l"]).labels(label).set(1)
    samples = [line for line in registry.text().splitlines() if not line.startswith("#")]
    assert samples == ['a{l="x"} 1', 'a{l="y"} 1', 'b{l="x"} 1', 'b{l="y"} 1']


def test_a_removed_metric_is_not_in_the_text() -> None:
    registry = Registry()
    family = registry.gauge("depth", "Depth.", ["name"])
    family.labels("a").set(1)
    family.remove("a")
    family.remove("never used")
    assert registry.text() == ""
    assert family.labels("a").value == 0


def test_a_second_call_returns_the_same_family() -> None:
    registry = Registry()
    registry.counter("orders_total", "Orders.", ["shop"]).labels("a").inc()
    assert registry.counter("orders_total", "Orders.", ["shop"]).labels("a").value == 1
    assert [(family.name, family.kind) for family in registry.families()] == [("orders_total", "counter")]


@pytest.mark.parametrize(
    "other",
    [
        lambda registry: registry.gauge("x", "X.", ["a"]),
        lambda registry: registry.histogram("x", "X.", ["b"]),
        lambda registry: registry.histogram("x", "X.", ["a"], buckets=[1]),
    ],
)
def test_one_name_has_one_definition(other: Callable[[Registry], object]) -> None:
    registry = Registry()
    registry.histogram("x", "X.", ["a"])
    with pytest.raises(ValueError, match="metric x exists as"):
        other(registry)


@pytest.mark.parametrize(
    ("name", "labels"),
    [("", []), ("a-b", []), ("1a", []), ("ä", []), ("a", ["b c"]), ("a", ["__b"]), ("a", ["b", "b"]), ("a", ["ä"])],
)
def test_invalid_names_are_refused(name: str, labels: list[str]) -> None:
    registry = Registry()
    with pytest.raises(ValueError, match=r"metric"):
        registry.counter(name, "X.", labels)
    assert registry.families() == []


def test_the_label_of_bounds_is_reserved() -> None:
    with pytest.raises(ValueError, match="invalid label 'le'"):
        Registry().histogram("x", "X.", ["le"])


@pytest.mark.parametrize("bounds", [[1, 1], [2, 1], [math.inf], [math.nan]])
def test_bounds_must_ascend(bounds: list[float]) -> None:
    with pytest.raises(ValueError, match="must be finite and ascend"):
        Registry().histogram("x", "X.", buckets=bounds)


def test_labels_are_a_list_of_names() -> None:
    with pytest.raises(TypeError, match="must be a list of names, not the string 'shop'"):
        Registry().counter("orders_total", "Orders.", "shop")


def test_wrong_label_values_are_refused() -> None:
    family: Family[metrics.Counter] = Registry().counter("orders_total", "Orders.", ["shop"])
    with pytest.raises(ValueError, match=r"orders_total: 2 label values for the labels \['shop'\]"):
        family.labels("a", "b")
    with pytest.raises(TypeError, match="label shop must be a string, not None"):
        family.labels(None)  # type: ignore[arg-type]
    assert [*family.samples()] == []


def test_invalid_unicode_in_labels_is_replaced() -> None:
    registry = Registry()
    registry.counter("orders_total", "Orders.", ["shop"]).labels("a\ud800").inc()
    assert registry.text().encode("utf-8").endswith(b'{shop="a?"} 1\n')


@given(
    st.text(st.characters(blacklist_categories=["Cs"])),
    st.dictionaries(st.tuples(st.text(), st.text()), st.floats(allow_nan=False), max_size=5),
)
def test_prometheus_reads_the_text_as_it_was_written(help_text: str, values: dict[tuple[str, str], float]) -> None:
    registry = Registry()
    gauge = registry.gauge("g", help_text, ["a", "b"])
    waits = registry.histogram("h", help_text, ["a", "b"], buckets=[0.5, 1])
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
        waits.labels(*labels).observe(value)
    families = {family.name: family for family in text_string_to_metric_families(registry.text())}
    written = {family.name: [*family.samples()] for family in registry.families()}
    assert {name for name, samples in written.items() if samples} == {*families}
    for name, family in families.items():
        read = [(sample.name, tuple(sample.labels.items()), sample.value) for sample in family.samples]
        assert same(read, [(sample.name, sample.labels, sample.value) for sample in written[name]])
        assert family.documentation.strip() == help_text.strip()  # The parser drops blanks at the ends.


def same(left: object, right: object) -> bool:
    return repr(left).replace(".0)", ")") == repr(right).replace(".0)", ")")  # NaN is not equal to itself.


def test_nothing_is_lost_between_threads() -> None:
    registry = Registry()
    counter = registry.counter("c_total", "C.").labels()
    gauge = registry.gauge("g", "G.").labels()
    waits = registry.histogram("h", "H.", buckets=[1]).labels()

    def work() -> None:
        for _ in range(2000):
            counter.inc()
            gauge.inc(2)
            waits.observe(0.5)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            registry.text()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert (counter.value, gauge.value, waits.count, waits.sum) == (16_000, 32_000, 16_000, 8_000)
