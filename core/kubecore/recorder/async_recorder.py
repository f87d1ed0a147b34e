"""The recorder of asynchronous programs, for asyncio and trio."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from kubecore import metrics
from kubecore._support.async_wakeup import AsyncWakeup
from kubecore.calls.steps import Pause
from kubecore.clientset.async_base import AsyncBaseClientset
from kubecore.clientset.kinds import require_kind
from kubecore.clocks import SYSTEM_CLOCK, Clock
from kubecore.recorder.background import AsyncBackground
from kubecore.recorder.delivery import FLUSH_SECONDS
from kubecore.recorder.recording import Recording
from kubecore.recorder.series import Limits

__all__ = ["AsyncRecorder"]


class AsyncRecorder(Recording):
    """Writes events about objects: `events.k8s.io/v1`; for asyncio and trio.

    Events are written while the block runs. At its end, 2 seconds remain for those that wait. Events that are reported
    before the block are written when it begins.

    Args:
        clientset: Sends the events. It must stay open until the block has ended.
        controller: The name of the controller: a qualified name, such as `shop.example.com/widget-operator`.
        instance: The name of this process, cut to 128 bytes; by default the controller, `-` and the host name.
        limits: Sizes and times.
        strict: Whether wrong arguments raise `InvalidRequestError`, as tests want; else they are logged and replaced.
        clock: The clock.
        chance: Returns a random number from 0 to 1; by default `random.random`.
        registry: The metrics that get `kubecore_events_dropped_total`.

    Raises:
        InvalidRequestError: The name of the controller is invalid.
        TypeError: The clientset is something else.
    """

    def __init__(
        self,
        clientset: AsyncBaseClientset,
        controller: str,
        instance: str | None = None,
        *,
        limits: Limits | None = None,
        strict: bool = False,
        clock: Clock = SYSTEM_CLOCK,
        chance: Callable[[], float] | None = None,
        registry: metrics.Registry = metrics.REGISTRY,
    ) -> None:
        require_kind(clientset, AsyncBaseClientset, "AsyncRecorder")
        super().__init__(
            controller, instance, limits=limits, strict=strict, clock=clock, chance=chance, registry=registry
        )
        self._client = clientset.rest_client
        self._background = AsyncBackground("kubecore-recorder")

    async def __aenter__(self) -> Self:
        """Start to write.

        Raises:
            InvalidRequestError: The recorder was started before.
        """
        self._begin()
        await self._background.start(self._write)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write the waiting events, for at most 2 seconds, and end."""
        self._close()
        try:
            await self._background.stop(FLUSH_SECONDS)
        finally:
            self._abandon()

    async def _write(self) -> None:
        """Write until the recorder has ended."""
        while (step := self._next(wakeup := AsyncWakeup())) is not None:
            if isinstance(step, Pause):
                await wakeup.wait(step.seconds)
                continue
            try:
                await self._client.send(step.call, timeout=step.timeout)
            except Exception as error:  # Of a hook or an observer of the program, too.
                self._failed(error)
            else:
                self._sent()
