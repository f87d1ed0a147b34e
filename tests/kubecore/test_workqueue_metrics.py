"""The metrics of work queues, with the names of controller-runtime."""

from __future__ import annotations

import gc

import pytest

from kubecore import metrics
from kubecore.clocks import FakeClock
from kubecore.metrics import Registry
from kubecore.workqueue import ItemExponential, WorkQueue


class Fixture:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.registry = Registry()
        self.queue: WorkQueue[str] = WorkQueue(
            ItemExponential(1, 8), name="pods", clock=self.clock, registry=self.registry
        )

    def value(self, name: str, **labels: str) -> float:
        """Return a sample by its name, without the prefix `workqueue_`."""
        wanted = {"name": "pods", "controller": "pods", **labels}
        values = {
            sample.name: sample.value
            for family in self.registry.families()
            for sample in family.samples()
            if dict(sample.labels) == wanted
        }
        return values[f"workqueue_{name}"]


@pytest.fixture
def pods() -> Fixture:
    return Fixture()


def test_the_names_and_labels_are_those_of_controller_runtime(pods: Fixture) -> None:
    pods.queue.add("a")
    names = {family.name: (family.kind, family.label_names) for family in pods.registry.families()}
    both = ("name", "controller")
    assert names == {
        "workqueue_adds_total": ("counter", both),
        "workqueue_depth": ("gauge", (*both, "priority")),
        "workqueue_longest_running_processor_seconds": ("gauge", both),
        "workqueue_queue_duration_seconds": ("histogram", both),
        "workqueue_retries_total": ("counter", both),
        "workqueue_unfinished_work_seconds": ("gauge", both),
        "workqueue_work_duration_seconds": ("histogram", both),
    }
    text = pods.registry.text()
    assert 'workqueue_adds_total{name="pods",controller="pods"} 1\n' in text
    assert (
        'workqueue_queue_duration_seconds_bucket{name="pods",controller="pods",le="9.999999999999999e-06"} 0\n' in text
    )


def test_every_add_that_changes_the_queue_is_counted(pods: Fixture) -> None:
    for item in ("a", "b", "a"):
        pods.queue.add(item)
    assert pods.value("adds_total") == 2
    pods.queue.get()
    pods.queue.add("a")
    pods.queue.add("a")
    assert pods.value("adds_total") == 3
    pods.queue.done("a")
    assert pods.value("adds_total") == 3
    pods.queue.add_after("c", 1)
    assert pods.value("adds_total") == 3
    pods.clock.advance(1)
    assert len(pods.queue) == 3
    assert pods.value("adds_total") == 4


def test_delayed_adds_are_counted_as_retries(pods: Fixture) -> None:
    pods.queue.add("a")
    assert pods.value("retries_total") == 0
    pods.queue.add_after("a", 1)
    pods.queue.add_rate_limited("b")
    assert pods.value("retries_total") == 2


def test_the_depth_is_counted_for_three_ranges_of_priorities(pods: Fixture) -> None:
    for item, priority in enumerate((-1000, -1, 0, 1, 7, 10**30)):
        pods.queue.add(str(item), priority=priority)
    depths = [pods.value("depth", priority=band) for band in ("low", "normal", "high")]
    assert depths == [2, 1, 3]
    pods.queue.get()
    assert pods.value("depth", priority="high") == 2
    assert pods.registry.text().count("\nworkqueue_depth{") == 3


def test_waits_and_work_are_measured(pods: Fixture) -> None:
    pods.queue.add("a")
    pods.clock.advance(2)
    pods.queue.add("a")  # It waits since its first add.
    pods.queue.get()
    assert pods.value("queue_duration_seconds_sum") == 2
    pods.clock.advance(3)
    pods.queue.done("a")
    assert pods.value("work_duration_seconds_sum") == 3
    pods.queue.done("a")
    assert pods.value("work_duration_seconds_count") == 1


def test_a_delayed_item_waits_from_the_time_at_which_it_is_due(pods: Fixture) -> None:
    pods.queue.add_after("a", 10)
    pods.clock.advance(11)  # No worker was free in the last second.
    pods.queue.get()
    assert pods.value("queue_duration_seconds_sum") == 1


def test_an_item_that_is_added_during_its_work_waits_from_then(pods: Fixture) -> None:
    pods.queue.add("a")
    pods.queue.get()
    pods.queue.add("a")
    pods.clock.advance(4)
    pods.queue.done("a")
    pods.queue.get()
    assert pods.value("queue_duration_seconds_sum") == 4


def test_work_in_progress_is_measured_when_it_is_read(pods: Fixture) -> None:
    for item in "ab":
        pods.queue.add(item)
        pods.queue.get()
        pods.clock.advance(5)
    assert pods.value("unfinished_work_seconds") == 15
    assert pods.value("longest_running_processor_seconds") == 10
    pods.queue.done("a")
    pods.queue.done("b")
    assert pods.value("unfinished_work_seconds") == 0
    assert pods.value("longest_running_processor_seconds") == 0


def test_metrics_do_not_keep_a_queue_alive(pods: Fixture) -> None:
    pods.queue.add("a")
    del pods.queue
    gc.collect()
    assert pods.value("depth", priority="normal") == 0
    assert pods.value("adds_total") == 1


def test_a_queue_without_a_name_has_no_metrics() -> None:
    registry = Registry()
    queue: WorkQueue[str] = WorkQueue(registry=registry)
    queue.add_after("a", 0)
    queue.done(queue.get())
    assert registry.families() == []


def test_the_default_registry_is_that_of_the_process() -> None:
    queue: WorkQueue[str] = WorkQueue(name="test_the_default_registry")
    queue.add("a")
    assert (
        'workqueue_depth{name="test_the_default_registry",controller="test_the_default_registry",priority="normal"} 1'
        in (metrics.REGISTRY.text())
    )
