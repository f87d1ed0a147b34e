"""Informers on loopback whose server fails, or whose clientset is closed, and their metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from kubeclient import Clientset
from kubecore import errors, metrics, rest
from tests.kubecore.informer_runs import AB, FORBIDDEN, KINDS, PATIENTLY, TIMEOUTS, Collection, close, run, take
from tests.kubecore.watch_runs import change
from tests.ready import wait_until, wait_until_async
from tests.torture.server import PodServer


@pytest.fixture(params=KINDS)
def drive(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return partial(run, request.param)


def test_after_the_first_state_the_copy_stays_readable_and_recovers(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            collection.failing = FORBIDDEN
            collection.cut()
            await wait_until_async(lambda: maps.failure)
            assert "no" in maps.failure
            assert maps.get("a").metadata.uid == "u-a"
            before = maps.age
            with pytest.raises(errors.WaitTimeoutError, match=r"has not reached version 11 within 0 s: it is at 10; "):
                await maps.wait_until("11", timeout=0)
            assert maps.age > before
            collection.failing = None
            await wait_until_async(lambda: collection.streams == 2)
            collection.send(change("ADDED", "c", 11))
            await maps.wait_until("11", timeout=PATIENTLY)
            assert maps.failure == ""
            assert len(maps) == 3

    drive(collection, scenario)


def test_410_reads_the_state_again_while_the_copy_is_read(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            changes = maps.changes()
            await take(changes, 2)
            collection.state, collection.version = [AB[0], change("ADDED", "c", 19)], 20
            collection.send(b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')
            assert await take(changes, 2) == ["Added c 19", "Deleted b 4"]
            await maps.wait_until("20")

    drive(collection, scenario)
    assert len(collection.requests) == 2


def test_a_clientset_that_is_closed_meanwhile_ends_the_changes_of_a_quiet_watch(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer() as maps:
            changes = maps.changes()
            assert await take(changes, 2) == ["Added a 3", "Added b 4"]
            await close(clientset)
            with pytest.raises(errors.ClosedError, match="the informer of configmaps: the client is closed; keep"):
                await take(changes, 1)
            with pytest.raises(errors.ClosedError):
                await maps.wait_until("99")
            assert len(maps) == 2

    drive(collection, scenario)


def test_an_informer_without_an_end_stops_with_its_clientset() -> None:
    collection = Collection(*AB)
    with PodServer(collection) as server:
        with Clientset(rest.Config(host=server.url, timeouts=TIMEOUTS)) as clientset:
            clientset.core_v1.config_maps("d").informer(label_selector="left=open").__enter__()
        wait_until(lambda: not [thread for thread in threading.enumerate() if "informer" in thread.name])
        collection.stop()


def test_metrics_show_an_open_informer(drive: Callable[..., Any]) -> None:
    collection = Collection(*AB)

    async def scenario(clientset: Any) -> None:
        async with clientset.core_v1.config_maps("d").informer(label_selector="metrics=yes") as maps:
            collection.state, collection.version = [AB[0]], 20
            collection.send(b'{"type":"ADDED","object":{}}\n')
            collection.send(b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n')
            await maps.wait_until("20")
            shown = [line for line in metrics.REGISTRY.text().splitlines() if "metrics=yes" in line]
        labels = '{resource="configmaps",namespace="d",selector="labelSelector=metrics=yes"}'
        values = dict(line.replace(labels, "").rsplit(" ", 1) for line in shown)
        assert float(values.pop("kubecore_informer_age_seconds")) < 60
        assert int(values.pop("kubecore_informer_bytes")) > 0
        relists = int(values.pop("kubecore_informer_relists_total"))
        assert values == {
            "kubecore_informer_fallbacks_total": "0",
            "kubecore_informer_objects": "1",
            "kubecore_informer_undecodable": "1",
            "kubecore_informer_version": "20",
        }
        assert relists >= 1
        after = [line for line in metrics.REGISTRY.text().splitlines() if "metrics=yes" in line]
        assert [line.partition("{")[0] for line in after] == [
            "kubecore_informer_fallbacks_total",
            "kubecore_informer_relists_total",
        ]

    drive(collection, scenario)
