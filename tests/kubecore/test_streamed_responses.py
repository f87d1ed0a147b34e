"""Large lists over sockets, with every kind of client: results, limits and failures in the middle of a body."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubecore import errors, rest
from kubecore.codec.streamed_list import GROUP_BYTES, StreamedList
from kubecore.discovery.catalog import ApiResource
from kubecore.dynamic import resource as dynamic_resource
from kubecore.dynamic.async_client import AsyncObjects
from kubecore.dynamic.client import Objects
from kubecore.projection import Projection
from tests.kubecore.loopback import loopback
from tests.torture.callers import MODES, Mode, callers

COUNT = 12_000
ITEMS: list[Any] = [
    {"metadata": {"name": f"p{number}", "uid": f"u{number}"}, "data": {"key": "value" * 60}} for number in range(COUNT)
]


def body_of(kind: str, items: list[Any] = ITEMS, token: str = "") -> bytes:
    body = {"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "7", "continue": token}, "items": items}
    return json.dumps(body, separators=(",", ":")).encode()


BODY = body_of("ConfigMapList")


def chunked(body: bytes, *, cut: int | None = None) -> bytes:
    """Return a response in chunks of 100 KB, without its end if `cut` is the number of bytes to send."""
    pieces = [body[at : at + 100_000] for at in range(0, len(body), 100_000)]
    sent = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    end = b"0\r\n\r\n" if cut is None else b""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + sent[:cut] + end


class Name(Projection):
    """The name of an object."""

    name: str


class Named(Projection):
    """A projection without identities."""

    metadata: Name


def dictionaries_of(clientset: Any) -> Any:
    """Return the client of config maps without a model; no discovery is needed."""
    found = ApiResource(
        group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True, singular="configmap"
    )
    resource = dynamic_resource.discovered(found, dict, lambda: None)
    objects: Any = AsyncObjects if isinstance(clientset, AsyncClientset) else Objects
    return objects(clientset.rest_client, resource, "n")


def names(items: Any) -> list[str]:
    return [item["metadata"]["name"] if isinstance(item, dict) else item.metadata.name for item in items]


READS: dict[str, tuple[bytes, Callable[[Any], Any]]] = {
    "list": (BODY, lambda c: c.core_v1.config_maps("n").list()),
    "into": (BODY, lambda c: c.core_v1.config_maps("n").list(into=Named)),
    "model": (BODY, lambda c: c.resource(core_v1.ConfigMap, "n").list()),
    "dictionaries": (BODY, lambda c: dictionaries_of(c).list()),
    "metadata": (
        body_of("PartialObjectMetadataList").replace(b'"v1"', b'"meta.k8s.io/v1"', 1),
        lambda c: c.core_v1.config_maps("n").list_metadata(),
    ),
}


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the groups that were decoded before the end of a body."""
    found: list[int] = []
    decode = StreamedList.decode_group

    def counted(self: StreamedList[Any]) -> bool:
        is_decoded = decode(self)
        if is_decoded:
            found.append(self.size)
        return is_decoded

    monkeypatch.setattr(StreamedList, "decode_group", counted)
    return found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("read", READS)
def test_a_large_list_is_decoded_while_it_arrives(mode: Mode, read: str, groups: list[int]) -> None:
    body, use = READS[read]
    with loopback(chunked(body)) as server, callers(mode) as make:
        with make(rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)) as caller:
            found = caller.run(use)
    assert names(found.items) == [f"p{number}" for number in range(COUNT)]
    assert found.metadata.resource_version == "7"
    assert len(groups) >= len(body) // GROUP_BYTES - 1


@pytest.mark.parametrize("mode", MODES)
def test_an_iterator_yields_each_object_of_large_pages_once(mode: Mode, groups: list[int]) -> None:
    pages = chunked(body_of("ConfigMapList", token="next")), chunked(BODY)

    async def collect(clientset: Any) -> list[str]:
        return names([item async for item in clientset.core_v1.config_maps("n").iter(into=Named)])

    with loopback(*pages) as server, callers(mode) as make:
        with make(rest.Config(host=f"http://127.0.0.1:{server.port}")) as caller:
            is_sync = mode == "sync"
            found = caller.run((lambda c: names(c.core_v1.config_maps("n").iter(into=Named))) if is_sync else collect)
    assert found == [f"p{number}" for number in range(COUNT)] * 2
    assert groups


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cut", [1_500_000, 3_000_000])
def test_a_list_that_is_cut_is_an_error_and_is_not_requested_again(mode: Mode, cut: int, groups: list[int]) -> None:
    with loopback(chunked(BODY, cut=cut), chunked(BODY)) as server, callers(mode) as make:
        with make(rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=3)) as caller:
            with pytest.raises(errors.TransportError, match="the connection ended before the last chunk"):
                caller.run(READS["list"][1])
    assert groups
    assert len(server.requests) == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_list_that_exceeds_the_limit_is_refused_before_it_is_received(mode: Mode, groups: list[int]) -> None:
    with loopback(chunked(BODY)) as server, callers(mode) as make:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}", max_response_bytes=3_000_000)
        with make(config) as caller, pytest.raises(errors.BodyTooLargeError, match="limit of 3000000 bytes"):
            caller.run(READS["list"][1])
    assert groups
    assert max(groups) <= 3_000_000


@pytest.mark.parametrize("mode", MODES)
def test_a_list_with_an_item_that_cannot_be_read_is_an_error_that_names_it(mode: Mode) -> None:
    items = [*ITEMS[:-1], {"metadata": {"name": "last"}, "data": "text"}]
    with loopback(chunked(body_of("ConfigMapList", items))) as server, callers(mode) as make:
        with make(rest.Config(host=f"http://127.0.0.1:{server.port}")) as caller:
            with pytest.raises(errors.DecodeError, match=rf"last: .* at \$\.items\[{COUNT - 1}\]\.data"):
                caller.run(READS["list"][1])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_other_tasks_run_between_the_groups_of_an_asynchronous_list(backend: str, groups: list[int]) -> None:
    turns: list[int] = []

    async def count_turns() -> None:
        while True:
            turns.append(len(groups))
            await anyio.lowlevel.checkpoint()

    async def main(port: int) -> None:
        async with AsyncClientset(rest.Config(host=f"http://127.0.0.1:{port}")) as clientset:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(count_turns)
                await clientset.core_v1.config_maps("n").list()
                tasks.cancel_scope.cancel()

    with loopback(chunked(BODY)) as server:
        anyio.run(main, server.port, backend=backend)
    assert set(range(1, len(groups))) <= set(turns)


def test_a_large_list_is_decoded_while_it_arrives_over_a_custom_client(groups: list[int]) -> None:
    with loopback(chunked(BODY)) as server, httpx.Client() as client:
        config = rest.Config(host=f"http://127.0.0.1:{server.port}")
        with Clientset(config, http_client=client) as clientset:
            assert names(clientset.core_v1.config_maps("n").list()) == [f"p{number}" for number in range(COUNT)]
    assert groups
