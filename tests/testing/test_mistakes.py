"""Mistakes in tests: the error names the mistake, and nothing is lost without an error."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubeclient import Clientset
from kubeclient.models import core_v1
from kubecore import errors
from kubecore.testing import FakeCluster, Received

SETTINGS: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "default"},
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"containers": [{"name": "web", "image": "web"}]},
}


async def awaited(received: Received) -> None:
    """Do nothing."""


MISTAKES: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda it: it.get(core_v1.ConfigMap, "settings"), ValueError, "ConfigMap 'settings' needs a namespace"),
    (lambda it: it.delete("ConfigMap", "settings"), ValueError, "ConfigMap 'settings' needs a namespace"),
    (lambda it: it.get("ConfigMap", "settings", "default"), TypeError, "document accepts the name of a kind"),
    (lambda it: it.list("ConfigMap"), TypeError, "documents accepts the name of a kind"),
    (lambda it: it.add([SETTINGS]), TypeError, r"not list: write add\(\*objects\)"),
    (lambda it: it.add("kind: ConfigMap"), TypeError, "not str; add_yaml accepts YAML"),
    (lambda it: it.add({"metadata": {"name": "a"}}), ValueError, "lacks apiVersion and kind"),
    (lambda it: it.add({"kind": "Pod"}), ValueError, "lacks apiVersion:"),
    (lambda it: it.on("get", "pods")(awaited), TypeError, "awaited is async, but nothing awaits it"),
    (lambda it: it.on("get", "pods")(None), TypeError, "expected a function, not NoneType"),
    (lambda it: it.after("get", "pods")(awaited), TypeError, "awaited is async, but nothing awaits it"),
    (lambda it: it.fail("get", "pods", times="1"), ValueError, "times is '1': expected 1 or more"),
    (lambda it: it.delay("get", "pods", "1s"), ValueError, "seconds is '1s': expected 0 or more"),
    (lambda it: it.delay("get", "pods", float("nan")), ValueError, "seconds is nan: expected 0 or more"),
    (lambda it: it.clock.advance("5"), TypeError, "advance needs a number of seconds, not str"),
    (lambda it: it.clock.advance(datetime.timedelta(1)), TypeError, r"timedelta: pass its total_seconds\(\)"),
    (lambda it: it.clock.set(5.0), TypeError, "a datetime with a time zone, not float"),
    (lambda it: it.changes.of(type="CREATED"), ValueError, "unknown type 'CREATED': expected one of ADDED"),
    (lambda it: it.assert_objects({}), TypeError, "expected its path, not a dict"),
    (lambda it: it.assert_objects("kind: A\n"), TypeError, "expected its path, not a text with line breaks"),
]


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        yield cluster


def test_unknown_fields_of_objects_of_the_test_are_refused(cluster: FakeCluster) -> None:
    cluster.add(SETTINGS, POD)
    with pytest.raises(errors.StatusError, match='unknown field "dta"'):
        cluster.add({**SETTINGS, "metadata": {"name": "other"}, "dta": {"n": "1"}})
    with pytest.raises(errors.StatusError, match='unknown field "dta"'):
        cluster.patch("ConfigMap", "settings", "default", {"dta": {"n": "1"}})
    with pytest.raises(errors.StatusError, match=r'unknown field "status\.phaze"'):
        cluster.set_status("Pod", "web", "default", {"phaze": "Running"})
    with pytest.raises(errors.StatusError, match=r'unknown field "status\.status"'):
        cluster.set_status("Pod", "web", "default", {"status": {"phase": "Running"}})


def test_a_status_may_be_a_model(cluster: FakeCluster) -> None:
    cluster.add(POD)
    cluster.set_status(core_v1.Pod, "web", "default", core_v1.PodStatus(phase="Running"))
    status = cluster.get(core_v1.Pod, "web", "default").status
    assert status is not None
    assert status.phase == "Running"


@pytest.mark.parametrize(
    ("mistake", "error", "message"),
    MISTAKES,
)
def test_a_wrong_argument_is_named(
    cluster: FakeCluster, mistake: Callable[[Any], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        mistake(cluster)


def test_a_function_of_a_fault_that_returns_something_else_is_named(cluster: FakeCluster) -> None:
    def respond(received: Received) -> Any:
        return {"data": {"path": received.path}}

    fault = cluster.on("get", "configmaps", name="settings")(respond)
    with (
        Clientset(cluster.config) as clientset,
        pytest.raises(TypeError, match="of get configmaps settings: count 1> returned a dict: expected a Response"),
    ):
        clientset.core_v1.config_maps("default").get("settings")
    assert fault.count == 1


def test_a_file_without_objects_is_not_a_success(cluster: FakeCluster, tmp_path: Path) -> None:
    file = tmp_path / "expected.yaml"
    file.write_text("# nothing\n")
    with pytest.raises(AssertionError, match="has no objects"):
        cluster.assert_objects(file)


def test_a_log_of_an_unknown_container_is_refused(cluster: FakeCluster) -> None:
    cluster.set_logs("web", "default", b"before the pod", container="any")
    cluster.add(POD)
    cluster.set_logs("web", "default", b"hello", container="web")
    with pytest.raises(errors.InvalidRequestError, match="pod 'web' has no container 'main': it has web"):
        cluster.set_logs("web", "default", b"hello", container="main")


def test_a_cluster_is_not_a_configuration(cluster: FakeCluster) -> None:
    given: Any = cluster
    with pytest.raises(TypeError, match=r"write Clientset\(cluster\.config\), with your FakeCluster as cluster"):
        Clientset(given)
