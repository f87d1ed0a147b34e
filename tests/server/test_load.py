"""A hundred watches of objects that change all the time, and concurrent gets, all make progress."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import rest

WATCHES = 100
OBJECTS = 10
CHANGES = 100
MINE = {"tests": "load"}
"""Labels of the ConfigMaps of the tests: the controllers create another ConfigMap in every namespace at any time."""


def body(number: int) -> dict[str, Any]:
    return {"metadata": {"name": f"c{number}", "labels": MINE}, "data": {"n": "0"}}


def change(number: int) -> tuple[str, dict[str, Any]]:
    return f"c{number % OBJECTS}", {"data": {"n": str(number + 1)}}


def whole(told: list[int]) -> bool:
    return told == [number + 1 for number in range(CHANGES)]


def test_a_hundred_watches_and_gets_in_threads(config: rest.Config, namespace: str) -> None:
    with Clientset(config) as clientset, ThreadPoolExecutor(WATCHES) as threads:
        config_maps = clientset.core_v1.config_maps(namespace)
        for number in range(OBJECTS):
            config_maps.create(body(number))
        start = config_maps.list().metadata.resource_version

        def follow(_: int) -> list[int]:
            told: list[int] = []
            with config_maps.watch(resource_version=start, label_selector=MINE, timeout_seconds=60) as events:
                for event in events:
                    told.append(int(event.object.data["n"]))
                    if len(told) == CHANGES:
                        break
            return told

        followers = [threads.submit(follow, index) for index in range(WATCHES)]
        for number in range(CHANGES):
            name, patch = change(number)
            config_maps.patch(name, patch, type="merge")
            assert config_maps.get(name).data["n"] == str(number + 1)
        assert all(whole(follower.result()) for follower in followers)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_hundred_watches_and_gets_in_tasks(backend: str, config: rest.Config, namespace: str) -> None:
    told: list[list[int]] = [[] for _ in range(WATCHES)]

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            config_maps = clientset.core_v1.config_maps(namespace)
            for number in range(OBJECTS):
                await config_maps.create(body(number))
            start = (await config_maps.list()).metadata.resource_version

            async def follow(mine: list[int]) -> None:
                async with config_maps.watch(resource_version=start, label_selector=MINE, timeout_seconds=60) as events:
                    async for event in events:
                        mine.append(int(event.object.data["n"]))
                        if len(mine) == CHANGES:
                            return

            async with anyio.create_task_group() as group:
                for mine in told:
                    group.start_soon(follow, mine)
                for number in range(CHANGES):
                    name, patch = change(number)
                    await config_maps.patch(name, patch, type="merge")
                    assert (await config_maps.get(name)).data["n"] == str(number + 1)

    anyio.run(main, backend=backend)
    assert all(whole(mine) for mine in told)
