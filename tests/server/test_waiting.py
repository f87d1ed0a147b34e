"""Waiting on the real server: its controllers make the changes, or the test acts as the kubelet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors, rest, waiting
from tests.cluster import Cluster
from tests.torture.proxy import FaultProxy, How

Drive = Callable[[Any], None]
Change = Callable[[Clientset], Any]

CONTAINER = {"name": "c", "image": "registry.invalid/c"}
TEMPLATE = {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": [CONTAINER]}}
HOWS: tuple[How, ...] = ("rst", "fin", "rst")
READY = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
POD = {"metadata": {"name": "p"}, "spec": {"containers": [CONTAINER]}}


@pytest.fixture
def meanwhile(clientset: Clientset) -> Iterator[Callable[[Change], None]]:
    """Make a change from another thread a little later, while the scenario waits."""
    with ThreadPoolExecutor(4) as pool:
        made: list[Future[Any]] = []

        def later(change: Change) -> Any:
            time.sleep(0.2)
            return change(clientset)

        yield lambda change: made.append(pool.submit(later, change))
        for one in made:
            one.result(30)


@pytest.fixture
def kubelet(clientset: Clientset, namespace: str) -> Iterator[Callable[..., None]]:
    """Give every pod of the namespace a status, as a kubelet would."""
    stop = threading.Event()

    def serve(status: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        phase = status["status"]["phase"]
        while not stop.wait(0.05):
            for pod in pods.list().items:
                if pod.status.phase != phase and pod.metadata.deletion_timestamp is None:
                    try:
                        pods.patch_status(pod.metadata.name, status, type="merge")
                    except errors.NotFoundError:
                        continue

    with ThreadPoolExecutor(1) as pool:
        started: list[Future[None]] = []
        yield lambda status: started.append(pool.submit(serve, status))
        stop.set()
        for one in started:
            one.result(30)


def workload(**spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "w"},
        "spec": {"selector": {"matchLabels": {"app": "w"}}, "template": TEMPLATE, **spec},
    }


def job(**spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}
    return {"metadata": {"name": "j"}, "spec": {"template": template, **spec}}


GOALS: list[Any] = [
    "condition=Ready",
    waiting.condition("Ready"),
    "jsonpath={.status.phase}=Running",
    'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True',
    lambda pod: pod.status.phase == "Running",
]


def test_wait_returns_once_the_pod_fulfils_the_goal(
    drive: Drive, namespace: str, meanwhile: Callable[[Change], None]
) -> None:
    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        await pods.create(POD)
        for goal in GOALS:
            with pytest.raises(errors.WaitTimeoutError, match=r"timed out after 0 s .*; last seen: ") as caught:
                await pods.wait("p", for_=goal, timeout=0)
            assert caught.value.object.metadata.name == "p"
        meanwhile(lambda sync: sync.core_v1.pods(namespace).patch_status("p", READY, type="merge"))
        found = await pods.wait("p", for_="condition=Ready", timeout=20)
        assert found.status.phase == "Running"
        for goal in GOALS:
            assert (await pods.wait("p", for_=goal, timeout=0)).metadata.uid == found.metadata.uid

    drive(scenario)


def test_wait_for_a_missing_object_raises_not_found_at_once(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        with pytest.raises(errors.NotFoundError) as caught:
            await pods.wait("nope", for_="condition=Ready")
        with pytest.raises(errors.NotFoundError) as got:
            await pods.get("nope")
        assert caught.value.status == got.value.status
        assert await pods.wait("nope", for_="delete") is None
        with pytest.raises(errors.WaitTimeoutError, match=r"timed out after 0\.2 s waiting for creation"):
            await pods.wait("nope", for_="create", timeout=0.2)
        with pytest.raises(errors.InvalidRequestError):
            await pods.wait("../nope", for_="delete")

    drive(scenario)


def test_creation_and_deletion_are_waited_for(
    drive: Drive, namespace: str, meanwhile: Callable[[Change], None]
) -> None:
    def take_apart(sync: Clientset) -> None:
        maps = sync.core_v1.config_maps(namespace)
        maps.delete("m")
        time.sleep(0.2)
        maps.patch("m", {"metadata": {"finalizers": None}}, type="merge")

    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        body = {"metadata": {"name": "m", "finalizers": ["example.com/tests"]}}
        meanwhile(lambda sync: sync.core_v1.config_maps(namespace).create(body))
        made = await maps.wait("m", for_="create", timeout=20)
        assert made.metadata.finalizers == ["example.com/tests"]
        with pytest.raises(errors.WaitTimeoutError, match="was not deleted"):
            await maps.wait("m", for_="delete", timeout=0)
        meanwhile(take_apart)
        last = await maps.wait("m", for_="delete", timeout=20)
        assert last.metadata.uid == made.metadata.uid
        assert last.metadata.deletion_timestamp is not None
        with pytest.raises(errors.NotFoundError):
            await maps.get("m")

    drive(scenario)


def test_a_recreated_object_is_not_the_object_that_is_waited_for(
    drive: Drive, namespace: str, meanwhile: Callable[[Change], None]
) -> None:
    def make_anew(sync: Clientset) -> None:
        sync.core_v1.config_maps(namespace).delete("m")
        sync.core_v1.config_maps(namespace).create({"metadata": {"name": "m"}, "data": {"k": "v"}})

    async def scenario(clientset: Any) -> None:
        maps = clientset.core_v1.config_maps(namespace)
        first = await maps.create({"metadata": {"name": "m"}})
        meanwhile(make_anew)
        with pytest.raises(errors.ObjectDeletedError, match="it finds nothing") as caught:
            await maps.wait("m", for_="jsonpath={.data.k}=v", timeout=20)
        assert caught.value.object.metadata.uid == first.metadata.uid
        second = await maps.wait("m", for_="create", timeout=20)
        assert (await maps.wait("m", for_=waiting.deleted(uid=first.metadata.uid), timeout=0)) is None
        with pytest.raises(errors.WaitTimeoutError):
            await maps.wait("m", for_=waiting.deleted(uid=second.metadata.uid), timeout=0)
        meanwhile(make_anew)
        assert (await maps.wait("m", for_="delete", timeout=20)).metadata.uid == second.metadata.uid

    drive(scenario)


def test_a_pod_that_has_ended_never_becomes_ready(
    drive: Drive, namespace: str, meanwhile: Callable[[Change], None]
) -> None:
    status = {"status": {"phase": "Failed", "reason": "Evicted", "message": "no room"}}

    async def scenario(clientset: Any) -> None:
        pods = clientset.core_v1.pods(namespace)
        await pods.create(POD)
        meanwhile(lambda sync: sync.core_v1.pods(namespace).patch_status("p", status, type="merge"))
        with pytest.raises(errors.WaitFailedError, match="no longer possible: Evicted: no room") as caught:
            await pods.wait("p", for_="condition=Ready", timeout=20)
        assert (caught.value.reason, caught.value.object.status.phase) == ("Evicted", "Failed")

    drive(scenario)


@pytest.mark.real_only("needs_controllers")
def test_a_deployment_rolls_out_and_out_again(drive: Drive, namespace: str, kubelet: Callable[[Any], None]) -> None:
    kubelet(READY)

    async def scenario(clientset: Any) -> None:
        deployments = clientset.apps_v1.deployments(namespace)
        await deployments.create(workload(replicas=2))
        done = await deployments.wait_for_rollout("w", timeout=30)
        assert (done.status.updated_replicas, done.status.available_replicas) == (2, 2)
        assert (await deployments.wait("w", for_="condition=Available", timeout=20)).status.available_replicas == 2
        # The status of the previous template is ignored.
        change = {"spec": {"template": {"metadata": {"labels": {"version": "2"}}}}}
        changed = await deployments.patch("w", change, type="strategic")
        again = await deployments.wait_for_rollout("w", timeout=30)
        assert again.status.observed_generation >= changed.metadata.generation > done.metadata.generation
        assert (again.status.updated_replicas, again.status.replicas) == (2, 2)

    drive(scenario)


@pytest.mark.real_only("needs_controllers")
def test_a_rollout_without_progress_ends_early(drive: Drive, namespace: str) -> None:
    async def scenario(clientset: Any) -> None:
        deployments = clientset.apps_v1.deployments(namespace)
        await deployments.create(workload(replicas=1, progressDeadlineSeconds=1))
        with pytest.raises(errors.WaitTimeoutError, match=r"timed out after 0 s waiting for the rollout; last seen: "):
            await deployments.wait_for_rollout("w", timeout=0)
        with pytest.raises(errors.RolloutFailedError, match="has timed out progressing") as caught:
            await deployments.wait_for_rollout("w", timeout=30)
        assert caught.value.reason == "ProgressDeadlineExceeded"

    drive(scenario)


@pytest.mark.real_only("needs_controllers")
def test_stateful_sets_and_daemon_sets_roll_out(drive: Drive, namespace: str, kubelet: Callable[[Any], None]) -> None:
    kubelet(READY)

    async def scenario(clientset: Any) -> None:
        sets = clientset.apps_v1.stateful_sets(namespace)
        await sets.create(workload(replicas=2, serviceName="w"))
        done = await sets.wait_for_rollout("w", timeout=30)
        assert (done.status.ready_replicas, done.status.updated_replicas) == (2, 2)
        daemons = clientset.apps_v1.daemon_sets(namespace)
        await daemons.create(workload())
        rolled_out = (await daemons.wait_for_rollout("w", timeout=30)).status
        assert (rolled_out.number_available or 0) == rolled_out.desired_number_scheduled  # One per node.
        await daemons.patch("w", {"spec": {"updateStrategy": {"type": "OnDelete"}}}, type="merge")
        with pytest.raises(errors.RolloutFailedError, match="the strategy OnDelete replaces no pods"):
            await daemons.wait_for_rollout("w")

    drive(scenario)


@pytest.mark.real_only("needs_controllers")
def test_a_job_completes(drive: Drive, namespace: str, kubelet: Callable[[Any], None]) -> None:
    kubelet({"status": {"phase": "Succeeded"}})

    async def scenario(clientset: Any) -> None:
        jobs = clientset.batch_v1.jobs(namespace)
        await jobs.create(job(completions=2))
        done = await jobs.wait_for_completion("j", timeout=30)
        assert (done.status.succeeded, done.status.completion_time is None) == (2, False)
        assert (await jobs.wait("j", for_="condition=complete", timeout=0)).status.succeeded == 2
        with pytest.raises(errors.WaitFailedError, match="the job has succeeded"):
            await jobs.wait("j", for_="condition=Failed")

    drive(scenario)


@pytest.mark.real_only("needs_controllers")
def test_a_failed_job_raises_job_failed_error_with_its_reason(
    drive: Drive, namespace: str, kubelet: Callable[[Any], None]
) -> None:
    kubelet({"status": {"phase": "Failed"}})

    async def scenario(clientset: Any) -> None:
        jobs = clientset.batch_v1.jobs(namespace)
        await jobs.create(job(backoffLimit=0))
        with pytest.raises(errors.JobFailedError, match="BackoffLimitExceeded: Job has reached") as caught:
            await jobs.wait_for_completion("j", timeout=30)
        assert (caught.value.reason, caught.value.object.metadata.name) == ("BackoffLimitExceeded", "j")
        with pytest.raises(errors.JobFailedError):
            await jobs.wait("j", for_="condition=Complete")
        assert (await jobs.wait("j", for_="condition=Failed", timeout=20)).status.failed == 1

    drive(scenario)


def test_only_kinds_with_a_rollout_or_completion_have_the_verb(clientset: Clientset) -> None:
    apps, batch, core = clientset.apps_v1, clientset.batch_v1, clientset.core_v1
    for has in (apps.deployments("x"), apps.stateful_sets("x"), apps.daemon_sets("x")):
        assert hasattr(has, "wait_for_rollout")
        assert not hasattr(has, "wait_for_completion")
    assert hasattr(batch.jobs("x"), "wait_for_completion")
    for has_not in (apps.replica_sets("x"), batch.cron_jobs("x"), core.pods("x"), batch.jobs("x")):
        assert not hasattr(has_not, "wait_for_rollout")
    assert hasattr(core.namespaces(), "wait")
    assert not hasattr(clientset.authentication_v1.token_reviews(), "wait")


@pytest.fixture(params=["sync", "asyncio", "trio"])
def wait_through(request: pytest.FixtureRequest, config: rest.Config, namespace: str) -> Callable[..., Any]:
    """Wait through a proxy until the pod runs."""

    def run(proxy: FaultProxy, timeout: float, seen: threading.Event) -> Any:
        through = config.copy()
        through.host = f"https://127.0.0.1:{proxy.port}"

        def runs(pod: core_v1.Pod) -> bool:
            seen.set()
            return pod.status.phase == "Running"

        if request.param == "sync":
            with Clientset(through) as made:
                return made.core_v1.pods(namespace).wait("p", for_=runs, timeout=timeout)

        async def main() -> Any:
            async with AsyncClientset(through) as made:
                return await made.core_v1.pods(namespace).wait("p", for_=runs, timeout=timeout)

        return anyio.run(main, backend=request.param)

    return run


def test_the_wait_succeeds_although_connections_are_cut_repeatedly(
    wait_through: Callable[..., Any], cluster: Cluster, clientset: Clientset, namespace: str, meanwhile: Any
) -> None:
    clientset.core_v1.pods(namespace).create(POD)
    seen = threading.Event()

    def cut_and_change(sync: Clientset) -> None:
        assert seen.wait(60)
        for how in HOWS:
            time.sleep(0.1)
            proxy.cut(how)
        sync.core_v1.pods(namespace).patch_status("p", READY, type="merge")
        proxy.cut("rst")

    with FaultProxy(cluster.port) as proxy:
        meanwhile(cut_and_change)
        assert wait_through(proxy, 30, seen).status.phase == "Running"
        assert proxy.accepted > 1


def test_a_frozen_network_does_not_extend_the_timeout(
    wait_through: Callable[..., Any], cluster: Cluster, clientset: Clientset, namespace: str, meanwhile: Any
) -> None:
    clientset.core_v1.pods(namespace).create(POD)
    seen = threading.Event()

    def freeze(_: Clientset) -> None:
        assert seen.wait(60)
        proxy.freeze()

    with FaultProxy(cluster.port) as proxy:
        meanwhile(freeze)
        started = time.monotonic()
        with pytest.raises(
            errors.WaitTimeoutError,
            match=r"timed out after 3 s waiting for a true result of runs; last seen: the function returned a false value",
        ):
            wait_through(proxy, 3.0, seen)
        assert 2.9 < time.monotonic() - started < 30
        proxy.cut("rst")
