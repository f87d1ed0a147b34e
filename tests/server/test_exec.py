"""exec, attach and run on the real API server, over a node with the kubelet's own streaming library."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors, rest
from tests.cluster.nodes import Nodes
from tests.kubecore.driving import Awaited

ALL_BYTES = bytes(range(256))
KINDS = ("sync", "asyncio", "trio")
Drive = Callable[[Callable[[Any], Any]], None]


@pytest.fixture(params=KINDS)
def on_pods(request: pytest.FixtureRequest, config: rest.Config, namespace: str) -> Drive:
    """Run a scenario with the client of a namespace's pods, of each kind."""

    def run(scenario: Callable[[Any], Any]) -> None:
        async def synchronous() -> None:
            with Clientset(config) as made:
                await scenario(Awaited(made.core_v1.pods(namespace)))

        async def asynchronous() -> None:
            async with AsyncClientset(config) as made:
                await scenario(made.core_v1.pods(namespace))

        is_sync = request.param == "sync"
        anyio.run(synchronous if is_sync else asynchronous, backend="asyncio" if is_sync else request.param)

    return run


@pytest.fixture
def pod(nodes: Nodes, namespace: str) -> str:
    return nodes.running_pod(namespace, containers=("main", "side"))


def test_bytes_codes_and_input_are_the_commands(on_pods: Drive, pod: str) -> None:
    async def scenario(pods: Any) -> None:
        done = await pods.run(pod, ["sh", "-c", "cat; echo oops >&2; exit 7"], container="main", stdin=ALL_BYTES)
        assert (done.stdout, done.stderr, done.returncode) == (ALL_BYTES, b"oops\n", 7)
        done = await pods.run(pod, ["echo", "a  b", "$HOME", "&x=y", "é\u20ac"], container="main", check=True)
        assert done.stdout == "a  b $HOME &x=y é\u20ac\n".encode()
        assert (await pods.run(pod, ["cat"], container="main", stdin=b"")).stdout == b""
        with pytest.raises(errors.CommandError):
            await pods.run(pod, ["false"], container="main", check=True)

    on_pods(scenario)


def test_output_and_input_are_text_as_subprocess_has_it(on_pods: Drive, pod: str) -> None:
    async def scenario(pods: Any) -> None:
        done = await pods.run(
            pod, ["sh", "-c", "cat; echo \u00e9 >&2"], container="main", stdin="a\r\n\u20ac", text=True
        )
        assert (done.stdout, done.stderr) == ("a\r\n\u20ac", "\u00e9\n")
        done = await pods.run(pod, ["cat"], container="main", stdin="\u00e9", encoding="latin-1")
        assert done.stdout == "\u00e9"
        not_utf8 = ["printf", "a\\377"]
        assert (await pods.run(pod, not_utf8, container="main", errors="replace")).stdout == "a\ufffd"
        assert (await pods.run(pod, not_utf8, container="main")).stdout == b"a\xff"
        with pytest.raises(errors.DecodeError, match="returned 0, and its output is not UTF-8"):
            await pods.run(pod, not_utf8, container="main", text=True)
        with pytest.raises(errors.CommandError) as raised:
            await pods.run(pod, ["sh", "-c", "echo oops >&2; exit 3"], container="main", text=True, check=True)
        assert raised.value.stderr == "oops\n"

    on_pods(scenario)


def test_large_output_and_input_are_complete(on_pods: Drive, pod: str) -> None:
    data = ALL_BYTES * 4096 * 8  # 8 MiB

    async def scenario(pods: Any) -> None:
        assert (await pods.run(pod, ["cat"], container="main", stdin=data)).stdout == data
        done = await pods.run(pod, ["sh", "-c", "head -c 3000000 /dev/zero"], container="main")
        assert done.stdout == bytes(3_000_000)

    on_pods(scenario)


def test_a_missing_container_pod_or_program_is_an_error(on_pods: Drive, pod: str) -> None:
    async def scenario(pods: Any) -> None:
        with pytest.raises(errors.BadRequestError, match="nope"):
            await pods.run(pod, ["ls"], container="nope")
        with pytest.raises(errors.NotFoundError):
            await pods.run("nope", ["ls"])
        with pytest.raises(errors.StatusError, match="no-such-program"):
            await pods.run(pod, ["no-such-program"], container="main")

    on_pods(scenario)


def test_a_conversation(on_pods: Drive, pod: str) -> None:
    async def scenario(pods: Any) -> None:
        async with pods.exec(pod, ["cat"], container="side", stdin=True) as process:
            for word in (b"one", b"two", b"\0\xff"):
                await process.write(word)
                assert await process.read() == ("stdout", word)
            assert process.returncode is None
            await process.close_stdin()
            assert [output async for output in process] == []
            assert process.returncode == 0
        async with pods.exec(pod, ["sh", "-c", "echo out; echo err >&2; exit 3"], container="main") as process:
            said = {"stdout": b"", "stderr": b""}
            async for stream, data in process:
                said[stream] += data
            assert said == {"stdout": b"out\n", "stderr": b"err\n"}
            assert await process.wait() == 3

    on_pods(scenario)


def test_exec_connects_only_the_requested_streams(on_pods: Drive, pod: str) -> None:
    command = ["sh", "-c", "echo out; echo err >&2"]

    async def scenario(pods: Any) -> None:
        for wanted, other in (("stdout", "stderr"), ("stderr", "stdout")):
            async with pods.exec(pod, command, container="main", **{other: False}) as process:
                assert {output.stream async for output in process} == {wanted}
        async with pods.exec(
            pod, ["sh", "-c", "read x; exit 4"], container="main", stdin=True, stdout=False, stderr=False
        ) as process:
            await process.write(b"\n")
            assert await process.wait() == 4

    on_pods(scenario)


def test_attach_connects_to_the_running_process(on_pods: Drive, pod: str) -> None:
    async def scenario(pods: Any) -> None:
        async with pods.attach(pod, container="main", stdin=True) as process:
            await process.write(b"hello\n")
            got = b""
            while b"hello" not in got:
                output = await process.read(timeout=10)
                got += output.data

    on_pods(scenario)


def test_closing_early_is_possible_at_any_time(on_pods: Drive, pod: str) -> None:
    async def scenario(pods: Any) -> None:
        async with pods.exec(pod, ["sleep", "100"], container="main"):
            pass
        # The command must end by itself: the API server reads its output even after the client has disconnected.
        async with pods.exec(pod, ["sh", "-c", "yes & sleep 1; kill $!"], container="main") as process:
            await process.read()
        with pytest.raises(errors.CommandTimeoutError):
            await pods.run(pod, ["sh", "-c", "echo x; sleep 100"], container="main", timeout=0.5)

    on_pods(scenario)


def test_concurrent_runs_lists_and_watches_share_one_clientset(config: rest.Config, namespace: str, pod: str) -> None:
    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            pods = clientset.core_v1.pods(namespace)
            before = dict(vars(clientset.rest_client))
            lists = 0

            async def one(number: int) -> None:
                data = b"%d," % number * 100
                done = await pods.run(pod, ["cat"], container="main", stdin=data)
                assert (done.stdout, done.returncode) == (data, 0)

            async def read(scope: anyio.CancelScope) -> None:
                nonlocal lists
                with scope:
                    while True:
                        assert [item.metadata.name for item in (await pods.list()).items] == [pod]
                        lists += 1

            async def follow(scope: anyio.CancelScope) -> None:
                with scope:
                    async with pods.watch() as events:
                        async for event in events:
                            assert isinstance(event.object, core_v1.Pod)

            async with anyio.create_task_group() as beside:
                scope = anyio.CancelScope()
                beside.start_soon(read, scope)
                scope_of_watch = anyio.CancelScope()
                beside.start_soon(follow, scope_of_watch)
                async with anyio.create_task_group() as group:
                    for number in range(200):
                        group.start_soon(one, number)
                scope.cancel()
                scope_of_watch.cancel()
            assert lists > 0
            assert vars(clientset.rest_client) == before

    anyio.run(main)


def test_threads_share_a_clientset_too(clientset: Clientset, namespace: str, pod: str) -> None:
    pods = clientset.core_v1.pods(namespace)
    failed: list[BaseException] = []

    def one(number: int) -> None:
        try:
            data = b"%d," % number * 100
            assert pods.run(pod, ["cat"], container="main", stdin=data).stdout == data
            pods.list()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
