"""Consecutive requests to the real API server reuse one connection."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import rest
from kubecore._http import dial


@pytest.mark.real_only("needs_connections")
@pytest.mark.parametrize("backend", ["sync", "asyncio", "trio"])
def test_requests_that_follow_each_other_share_a_connection(
    backend: str, config: rest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Session tickets of TLS 1.3 and frames of TLS itself are not unread responses."""
    made: list[Any] = []
    connect, connect_async = dial.connect, dial.connect_async

    def counted(*arguments: Any) -> Any:
        made.append(None)
        return connect(*arguments)

    async def counted_async(*arguments: Any) -> Any:
        made.append(None)
        return await connect_async(*arguments)

    monkeypatch.setattr(dial, "connect", counted)
    monkeypatch.setattr(dial, "connect_async", counted_async)

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            for number in range(40):
                await clientset.core_v1.namespaces().list(limit=1)
                await clientset.core_v1.namespaces().get("default")
                if number % 10 == 0:
                    await anyio.sleep(0.1)  # The server may send data between two requests.

    if backend == "sync":
        with Clientset(config) as clientset:
            for _ in range(40):
                clientset.core_v1.namespaces().list(limit=1)
                clientset.core_v1.namespaces().get("default")
    else:
        anyio.run(main, backend=backend)
    assert len(made) == 1
