"""The requests that a fault applies to: kinds of several packages, names, subresources."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import apps_v1, core_v1
from kubecore import errors
from kubecore.discovery import Discovery
from kubecore.dynamic import DynamicClient
from kubecore.errors import NoMatchError
from kubecore.rest import Client
from kubecore.testing import FakeCluster, NotSimulatedError, Received, Response
from kubecore.testing.matching import Matcher
from tests.conformance.bodies import definition, deployment, pod, widget

GROUP = "example.com"
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        yield cluster


def request(verb: str, group: str, resource: str, subresource: str = "") -> Received:
    found = Received(method="GET", path="/")
    found.verb, found.group, found.resource, found.subresource = verb, group, resource, subresource
    return found


@pytest.mark.parametrize(
    ("kind", "matched"),
    [
        (core_v1.Pod, [""]),
        ("Pod", [""]),
        ("pods", [""]),
        ("pods/status", ["status"]),
        ("Pod/exec", ["exec"]),
        ("*", ["", "status", "exec"]),
    ],
)
def test_a_kind_alone_does_not_match_its_subresources(kind: Any, matched: list[str]) -> None:
    matcher = Matcher.of("*", kind)
    assert [part for part in ("", "status", "exec") if matcher.matches(request("get", "", "pods", part))] == matched
    assert matcher.matches(request("get", "apps", "deployments")) is (kind == "*")


def test_a_name_of_a_kind_means_all_its_groups(cluster: FakeCluster) -> None:
    every = cluster.on("list", "Event")(lambda received: None)
    one = cluster.on("list", "events.events.k8s.io")(lambda received: None)
    with Clientset(cluster.config) as clientset:
        clientset.core_v1.events("default").list()
        clientset.events_v1.events("default").list()
    assert (every.count, one.count) == (2, 1)


def test_custom_kinds_are_matched_by_their_names(cluster: FakeCluster) -> None:
    with pytest.raises(NoMatchError, match="does not serve the kind 'Widget'; add its definition before"):
        cluster.fail("create", "Widget")
    early = cluster.fail("create", f"widgets.{GROUP}", "Forbidden", times=1)
    cluster.add(definition(GROUP))
    for kind in ("Widget", "widgets", f"{GROUP}/v1/Widget"):
        assert cluster.fail("get", kind).count == 0
    with Client(cluster.config) as client:
        widgets = DynamicClient(client, Discovery(client)).resource("Widget", namespace="default")
        with pytest.raises(errors.ForbiddenError):
            widgets.create(widget(GROUP))
        widgets.create(widget(GROUP))
        with pytest.raises(errors.ConflictError):
            widgets.get("a")
    assert early.count == 1
    assert [call.status for call in cluster.calls.of(kind="Widget")] == [403, 201, 409]


def test_classes_of_other_packages_are_matched(cluster: FakeCluster) -> None:
    code = (
        "from kubecore.testing import FakeCluster; from widgets import Clientset; from widgets.models import example_v1\n"
        "with FakeCluster(packages=['kubeclient', 'widgets']) as cluster, Clientset(cluster.config) as clientset:\n"
        "    cluster.add_crds('widgets.yaml')\n"
        "    fault = cluster.fail('get', example_v1.Widget, 'Forbidden')\n"
        "    try: clientset.example_v1.widgets('default').get('a')\n"
        "    except Exception as error: print(type(error).__name__, fault.count, len(cluster.calls.of(kind=example_v1.Widget)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=GOLDEN, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("ForbiddenError 1 1\n", "")


def test_resources_of_other_servers_are_responded_to(cluster: FakeCluster) -> None:
    cluster.on("list", "nodes.metrics.k8s.io")(lambda received: Response.json({"items": []}))
    with Client(cluster.config) as client:
        assert client.get_bytes("/apis/metrics.k8s.io/v1beta1/nodes") == b'{"items":[]}'


def test_faults_select_namespaces_names_and_subresources(cluster: FakeCluster) -> None:
    cluster.add(deployment())
    faults = [
        cluster.fail("patch", apps_v1.Deployment, name="b"),
        cluster.deny("patch", apps_v1.Deployment, namespace="other"),
        cluster.lose_response("patch", apps_v1.Deployment, subresource="status"),
    ]
    with Clientset(cluster.config) as clientset:
        clientset.apps_v1.deployments("default").patch("a", {"metadata": {"labels": {"a": "b"}}}, type="merge")
    assert [fault.count for fault in faults] == [0, 0, 0]


def test_calls_are_found_by_kind(cluster: FakeCluster) -> None:
    cluster.add(deployment())
    with Clientset(cluster.config) as clientset:
        deployments = clientset.apps_v1.deployments("default")
        deployments.get("a")
        deployments.patch_status("a", {"status": {"replicas": 1}}, type="merge")
        clientset.core_v1.pods("default").list()
    calls = cluster.calls
    assert [call.verb for call in calls.of(kind=apps_v1.Deployment)] == ["get", "patch"]
    assert [call.verb for call in calls.of(kind="Deployment", subresource="status")] == ["patch"]
    assert [call.verb for call in calls.of(kind="deployments/status")] == ["patch"]
    assert [call.verb for call in calls.of(subresource="", namespace="default")] == ["get", "list"]
    assert [call.body for call in calls.of(verb="patch")] == [{"status": {"replicas": 1}}]
    assert len(calls.of()) == 3
    with pytest.raises(NoMatchError):
        calls.of(kind="Deploymint")


REFUSED = r"{} is not simulated; add a response with cluster.on\(...\), or run with --kube=real"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("exec", r"GET .*/pods/a/exec"),
        ("attach", r"GET .*/pods/a/attach"),
        ("portforward", r"GET .*/pods/a/portforward"),
        ("proxy", r"POST .*/pods/a/proxy/x"),
    ],
)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_streams_of_pods_are_refused(part: str, text: str, backend: str) -> None:
    cluster = FakeCluster()

    async def main() -> None:
        async with AsyncClientset(cluster.config) as clientset:
            pods = clientset.core_v1.pods("default")
            if part == "exec":
                await pods.run("a", ["ls"])
            elif part == "attach":
                async with pods.attach("a"):
                    pass
            elif part == "portforward":
                async with pods.port_forward("a") as forward:
                    await forward.connect(80)
            else:
                await pods.proxy("a", "POST", "x")

    message = REFUSED.format(text)
    with pytest.raises(NotSimulatedError, match=message), cluster:
        cluster.add(pod())
        with pytest.raises(NotSimulatedError, match=message):
            anyio.run(main, backend=backend)
        assert len(cluster.refused) == 1


def test_a_response_of_the_test_replaces_a_request_that_is_not_simulated(cluster: FakeCluster) -> None:
    cluster.on("*", "services/proxy")(lambda received: Response.json({"path": received.path}))
    with Clientset(cluster.config) as clientset:
        response = clientset.core_v1.services("default").proxy("web", path="healthz")
        assert b"/services/web/proxy/healthz" in response.content
    assert cluster.refused == []
