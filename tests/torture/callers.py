"""Blocking interface to both clients: the asynchronous one runs in a separate event loop."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, Self

from anyio.from_thread import BlockingPortal, start_blocking_portal

from kubeclient import AsyncClientset, Clientset
from kubecore import rest
from tests.torture.tally import Tally

__all__ = ["MODES", "Caller", "Mode", "callers", "described"]

Mode = Literal["sync", "asyncio", "trio"]
MODES: Final[tuple[Mode, ...]] = ("sync", "asyncio", "trio")

Use = Callable[[Any], Any]


class Caller:
    """A clientset of either kind.

    Args:
        config: The configuration of the clientset.
        portal: The event loop of the asynchronous kind; None for the synchronous kind.
    """

    def __init__(self, config: rest.Config, portal: BlockingPortal | None) -> None:
        self._portal = portal
        self.clientset: Any = Clientset(config) if portal is None else AsyncClientset(config)

    def run(self, use: Use) -> Any:
        """Call `use` with the clientset; with the asynchronous kind, await the result."""
        return use(self.clientset) if self._portal is None else self._portal.call(use, self.clientset)

    def get(self) -> Any:
        """Read the pod `p`."""
        return self.run(lambda c: c.core_v1.pods("d").get("p"))

    def close(self) -> None:
        """Close the clientset."""
        if self._portal is None:
            self.clientset.close()
        else:
            self._portal.call(self.clientset.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def described(tally: Tally, where: str) -> Iterator[None]:
    """Count one bad case if the block causes a warning, such as one about a leaked socket or generator."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        gc.collect()
    texts = sorted({str(one.message).partition(" was garbage")[0] for one in caught})
    tally.check(not texts, f"{where} warns of {'; '.join(texts)}")


@contextmanager
def callers(mode: Mode) -> Iterator[Callable[[rest.Config], Caller]]:
    """Provide a function that makes clientsets of a kind."""
    if mode == "sync":
        yield lambda config: Caller(config, None)
        return
    with start_blocking_portal(mode) as portal:
        yield lambda config: Caller(config, portal)
