"""Leader election on the real server: processes, signals, manual changes, and candidates of client-go."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import coordination_v1
from kubecore import errors, rest
from kubecore.election import AsyncElector, Elector
from kubecore.recorder import Recorder
from tests.cluster import Cluster
from tests.golang import need_go
from tests.kubecore.election_runs import KINDS
from tests.ready import wait_until, wait_until_async
from tests.torture import election
from tests.torture.candidate import LEASE
from tests.torture.candidates import GO_CLIENT, Judge, Process, go_candidate, python_candidate
from tests.torture.proxy import FaultProxy, Plan

TIMES: Any = {"lease_duration": 4.0, "renew_deadline": 3.0, "retry_period": 1.0}

kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def judge(clientset: Clientset, namespace: str) -> Iterator[Judge]:
    with Judge(clientset, namespace) as made:
        yield made


@pytest.fixture
def start(cluster: Cluster, namespace: str) -> Iterator[Callable[..., Process]]:
    """Start candidates, which are killed at the end of the test."""
    with ExitStack() as stack:

        def started(identity: str, kind: str, **options: Any) -> Process:
            if kind == "go":
                need_go(GO_CLIENT, "list", "-deps", "./candidate")
                return stack.enter_context(go_candidate(cluster.kubeconfig, namespace, identity, **options))
            return stack.enter_context(python_candidate(cluster.kubeconfig, namespace, identity, kind, **options))

        yield started


def stored(clientset: Clientset, namespace: str) -> coordination_v1.LeaseSpec:
    spec = clientset.coordination_v1.leases(namespace).get(LEASE).spec
    assert spec is not None
    return spec


class Leading:
    """Leads in this process, with a clientset of the kind."""

    def __init__(self, kind: str, config: rest.Config, namespace: str) -> None:
        self._kind = kind
        self._config = config
        self._namespace = namespace

    def run(self, block: Callable[[Any, Any], Any]) -> None:
        """Run a block, as a coroutine, with the term and the clientset."""
        if self._kind == "sync":
            with Clientset(self._config) as clientset:
                with Elector(clientset, LEASE, self._namespace, identity="me", **TIMES).lead() as term:
                    anyio.run(block, term, clientset)
            return

        async def main() -> None:
            async with AsyncClientset(self._config) as clientset:
                async with AsyncElector(clientset, LEASE, self._namespace, identity="me", **TIMES).lead() as term:
                    await block(term, clientset)

        anyio.run(main, backend=self._kind)


@pytest.fixture(params=KINDS)
def leading(request: pytest.FixtureRequest, config: rest.Config, namespace: str) -> Leading:
    return Leading(request.param, config, namespace)


@pytest.mark.slow  # Terms are renewed every second.
def test_a_lease_is_created_renewed_and_released(leading: Leading, clientset: Clientset, namespace: str) -> None:
    async def block(term: Any, own: Any) -> None:
        first = stored(clientset, namespace)
        assert (first.holder_identity, first.lease_duration_seconds, first.lease_transitions) == ("me", 4, 0)
        assert first.acquire_time == first.renew_time
        await wait_until_async(lambda: stored(clientset, namespace).renew_time != first.renew_time)
        renewed = stored(clientset, namespace)
        assert renewed.acquire_time == first.acquire_time
        assert term.valid_for() > 0

    leading.run(block)
    released = stored(clientset, namespace)
    assert (released.holder_identity, released.lease_duration_seconds, released.lease_transitions) == ("", 1, 0)


@pytest.mark.slow  # Terms are renewed every second.
def test_a_lease_that_is_deleted_is_a_lost_term(leading: Leading, clientset: Clientset, namespace: str) -> None:
    """The server would create a Lease that is updated and does not exist, so the UID must be part of the update."""

    async def block(term: Any, own: Any) -> None:
        clientset.coordination_v1.leases(namespace).delete(LEASE)
        await wait_until_async(lambda: term.lost.is_set())

    with pytest.raises(errors.LeadershipLostError, match="the Lease was deleted"):
        leading.run(block)
    with pytest.raises(errors.NotFoundError):
        stored(clientset, namespace)


@pytest.mark.slow  # Terms are renewed every second.
def test_a_holder_that_is_edited_manually_is_a_lost_term(
    leading: Leading, clientset: Clientset, namespace: str
) -> None:
    async def block(term: Any, own: Any) -> None:
        patch = {"spec": {"holderIdentity": "somebody"}}
        clientset.coordination_v1.leases(namespace).patch(LEASE, patch, type="merge")
        await wait_until_async(lambda: term.lost.is_set())

    with pytest.raises(errors.LeadershipLostError, match="the Lease is held by 'somebody'"):
        leading.run(block)
    assert stored(clientset, namespace).holder_identity == "somebody"


@pytest.mark.slow  # Terms are renewed every second.
def test_labels_and_annotations_of_others_survive(leading: Leading, clientset: Clientset, namespace: str) -> None:
    async def block(term: Any, own: Any) -> None:
        leases = clientset.coordination_v1.leases(namespace)
        leases.patch(LEASE, {"metadata": {"labels": {"a": "b"}}}, type="merge")
        edited = stored(clientset, namespace).renew_time
        await wait_until_async(lambda: stored(clientset, namespace).renew_time != edited)
        assert not term.lost.is_set()

    leading.run(block)
    assert clientset.coordination_v1.leases(namespace).get(LEASE).metadata.labels == {"a": "b"}


def test_events_on_the_lease_pass_the_fence_also_after_the_term(
    config: rest.Config, namespace: str, clientset: Clientset
) -> None:
    with Clientset(config) as fenced, Recorder(fenced, "shop.example.com/op", strict=True) as recorder:
        with Elector(fenced, LEASE, namespace, identity="me", events=recorder, **TIMES).lead():
            uid = clientset.coordination_v1.leases(namespace).get(LEASE).metadata.uid
        recorder.warning(clientset.coordination_v1.leases(namespace).get(LEASE), "Late", "after the term", action="End")
    events = clientset.events_v1.events(namespace).list().items
    assert {event.note for event in events} == {"me became leader", "me stopped leading", "after the term"}
    assert {event.regarding.uid for event in events if event.regarding} == {uid}


def test_a_candidate_without_rights_gets_an_error(cluster: Cluster, config: rest.Config, namespace: str) -> None:
    weak = config.copy()
    weak.impersonate = rest.Impersonate(user="nobody")
    with pytest.raises(errors.ForbiddenError, match="cannot get resource"):
        Leading("sync", weak, namespace).run(lambda term, own: anyio.lowlevel.checkpoint())


def test_a_namespace_that_does_not_exist_is_an_error(config: rest.Config) -> None:
    with pytest.raises(errors.NotFoundError, match=r'namespaces "nowhere" not found'):
        Leading("sync", config, "nowhere").run(lambda term, own: anyio.lowlevel.checkpoint())


@pytest.mark.slow
@kinds
def test_a_release_hands_over_and_a_killed_leader_is_replaced(
    kind: str, start: Callable[..., Process], judge: Judge
) -> None:
    first = start("first", kind)
    first.wait_for("leading")
    second = start("second", kind)
    wait_until(lambda: any(write.writer == "first" for write in judge.writes()))
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    assert first.lines == ["leading", "released"]
    second.wait_for("leading")
    third = start("third", kind)
    second.signal(signal.SIGKILL)
    third.wait_for("leading")
    wait_until(lambda: any(write.writer == "third" for write in judge.writes()))
    assert judge.verdict() == []
    assert [holder for holder in dict.fromkeys(change.holder for change in judge.changes) if holder] == [
        "first",
        "second",
        "third",
    ]


@pytest.mark.slow
@kinds
def test_a_leader_that_was_stopped_for_longer_than_the_lease_writes_nothing(
    kind: str, start: Callable[..., Process], judge: Judge
) -> None:
    first = start("first", kind)
    first.wait_for("leading")
    second = start("second", kind)
    first.signal(signal.SIGSTOP)
    second.wait_for("leading")
    first.signal(signal.SIGCONT)
    first.wait_for("lost")
    wait_until(lambda: any(write.writer == "second" for write in judge.writes()))
    assert judge.verdict() == []
    second.signal(signal.SIGTERM)
    assert second.wait() == 0
    first.wait_for("leading", 2)
    assert judge.verdict() == []


@pytest.mark.thorough
@pytest.mark.slow
def test_candidates_of_client_go_and_of_kubecore_take_turns(start: Callable[..., Process], judge: Judge) -> None:
    leader = start("asyncio", "asyncio")
    leader.wait_for("leading")
    for identity, kind, end in (
        ("go", "go", signal.SIGTERM),
        ("threads", "sync", signal.SIGTERM),
        ("go again", "go", signal.SIGKILL),
        ("trio", "trio", signal.SIGKILL),
    ):
        candidate = start(identity, kind)
        leader.signal(end)
        leader.wait()
        candidate.wait_for("leading")
        leader = candidate
    assert judge.verdict() == []
    assert [holder for holder in dict.fromkeys(change.holder for change in judge.changes) if holder] == [
        "asyncio",
        "go",
        "threads",
        "go again",
        "trio",
    ]


STUCK = """
import sys, time
import anyio
from kubeclient import AsyncClientset, Clientset
from kubecore import kubeconfig
from kubecore.election import AsyncElector, Elector
file, url, namespace, kind = sys.argv[1:]
config = kubeconfig.load_config(file)
config.host = url
times = {"lease_duration": 4.0, "renew_deadline": 3.0, "retry_period": 1.0}
async def main():
    async with AsyncClientset(config) as clientset:
        async with AsyncElector(clientset, "lock", namespace, **times).lead():
            print("leading", flush=True)
            time.sleep(600)  # Blocks the event loop.
if kind != "sync":
    anyio.run(main, backend=kind)
with Clientset(config) as clientset:
    with Elector(clientset, "lock", namespace, **times).lead():
        print("leading", flush=True)
        time.sleep(600)
"""


@pytest.mark.slow
@kinds
def test_a_leader_that_is_blocked_and_cut_off_ends_its_process(kind: str, cluster: Cluster, namespace: str) -> None:
    with FaultProxy(cluster.port) as proxy:
        url = f"https://127.0.0.1:{proxy.port}"
        command = [sys.executable, "-c", STUCK, str(cluster.kubeconfig), url, namespace, kind]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "leading\n"
            proxy.plan = Plan(cut_after=0)
            proxy.cut()
            _, printed = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "its block did not end within 0.6 s" in printed


@pytest.mark.slow
@pytest.mark.thorough
def test_leaders_under_faults_write_only_while_they_hold_the_lease(cluster: Cluster) -> None:
    tally = election.play(cluster, 6, 1)
    assert tally.tries >= 6
    assert not tally.bad, "\n".join(tally.shown())


def test_the_record_is_readable_for_kubectl_and_client_go(
    config: rest.Config, namespace: str, clientset: Clientset
) -> None:
    """Times have six digits, as client-go's MicroTime."""

    async def block(term: Any, own: Any) -> None:
        spec = clientset.dynamic.resource("leases.coordination.k8s.io", namespace).get(LEASE)["spec"]
        assert set(spec) == {
            "acquireTime",
            "holderIdentity",
            "leaseDurationSeconds",
            "leaseTransitions",
            "renewTime",
        }
        assert len(spec["renewTime"]) == len("2026-01-02T03:04:05.000000Z")

    Leading("sync", config, namespace).run(block)
