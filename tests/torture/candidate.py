"""A candidate for a Lease in a process: `python -m tests.torture.candidate KUBECONFIG URL NAMESPACE IDENTITY KIND TIMES`.

While it leads, it creates ConfigMaps all the time, with a clientset whose writes are fenced. It prints a line for each
change: `leading`, `fenced`, `lost`, `released`. On SIGUSR1 it ends its block, and is a candidate again a second later. On
SIGTERM it ends its block, and then the process.

TIMES are the lease duration, the renew deadline and the retry period in seconds, such as `5,3,1`.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from typing import Any, Final

import anyio

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, kubeconfig, rest
from kubecore.election import AsyncElector, Elector

LEASE: Final = "lock"
WRITER: Final = "writer"

_PAUSE: Final = 0.05
_TIMEOUTS: Final = rest.Timeouts(connect=2.0, read=4.0, write=4.0, pool=4.0, total=4.0, idle=4.0)


def say(word: str) -> None:
    print(word, flush=True)


class _Candidate:
    """The part that all kinds share: the signals, and the objects that are written."""

    def __init__(self, config: rest.Config, namespace: str, identity: str, times: dict[str, Any]) -> None:
        self.config = config
        self.namespace = namespace
        self.identity = identity
        self.times = times
        self.is_over = False
        self.is_released = threading.Event()
        signal.signal(signal.SIGUSR1, lambda *_: self.is_released.set())

    @property
    def ends_block(self) -> bool:
        return self.is_over or self.is_released.is_set()

    def body(self) -> dict[str, Any]:
        return {"metadata": {"generateName": "write-", "labels": {WRITER: self.identity}}}


class _Threads(_Candidate):
    def run(self) -> None:
        with Clientset(self.config) as clientset:
            elector = Elector(clientset, LEASE, self.namespace, identity=self.identity, **self.times)

            def end(*_: object) -> None:
                self.is_over = True
                elector.close()

            signal.signal(signal.SIGTERM, end)
            maps = clientset.core_v1.config_maps(self.namespace)
            while not self.is_over:
                self.is_released.clear()
                try:
                    with elector.lead() as term:
                        say("leading")
                        while not self.ends_block and not term.lost.is_set():
                            self._write(maps)
                            time.sleep(_PAUSE)
                    say("released")
                    time.sleep(1)
                except errors.LeadershipLostError:
                    say("lost")
                except errors.ClosedError:
                    return

    def _write(self, maps: Any) -> None:
        try:
            maps.create(self.body())
        except errors.FencedError:
            say("fenced")
            raise
        except errors.KubeError:
            pass  # A fault of the network.


class _Tasks(_Candidate):
    async def run(self) -> None:
        async with AsyncClientset(self.config) as clientset:
            elector = AsyncElector(clientset, LEASE, self.namespace, identity=self.identity, **self.times)

            async def end_on_sigterm() -> None:
                with anyio.open_signal_receiver(signal.SIGTERM) as received:
                    async for _ in received:
                        self.is_over = True
                        elector.close()
                        return

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(end_on_sigterm)
                while not self.is_over:
                    self.is_released.clear()
                    await self._stand(elector, clientset.core_v1.config_maps(self.namespace))
                tasks.cancel_scope.cancel()

    async def _stand(self, elector: AsyncElector, maps: Any) -> None:
        try:
            async with elector.lead():
                say("leading")
                while not self.ends_block:
                    await self._write(maps)
                    await anyio.sleep(_PAUSE)
            say("released")
            await anyio.sleep(1)
        except errors.LeadershipLostError:
            say("lost")
        except errors.ClosedError:
            pass

    async def _write(self, maps: Any) -> None:
        try:
            await maps.create(self.body())
        except errors.FencedError:
            say("fenced")
            raise
        except errors.KubeError:
            pass


def main(file: str, url: str, namespace: str, identity: str, kind: str, times: str) -> None:
    """Be a candidate until SIGTERM."""
    config = kubeconfig.load_config(file)
    config.host = url or config.host
    config.timeouts = _TIMEOUTS
    names = ("lease_duration", "renew_deadline", "retry_period")
    values: dict[str, Any] = dict(zip(names, map(float, times.split(",")), strict=True))
    with contextlib.suppress(KeyboardInterrupt):
        if kind == "sync":
            _Threads(config, namespace, identity, values).run()
        else:
            anyio.run(_Tasks(config, namespace, identity, values).run, backend=kind)


if __name__ == "__main__":
    main(*sys.argv[1:])
