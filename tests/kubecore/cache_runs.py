"""Copies of a collection that tests drive without sockets: one response at a time."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kubeclient.models import core_v1
from kubeclient.typed.core.v1.configmap import CONFIG_MAPS
from kubecore import errors
from kubecore.cache.declaration import declare
from kubecore.cache.feed import Feed
from kubecore.cache.ledger import Ledger
from kubecore.cache.reflecting import Reflection
from kubecore.clocks import FakeClock
from kubecore.watch.state import Step
from tests.kubecore.watch_runs import JSON

ALWAYS = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": "300"}
STATE = {"of": "watch", **ALWAYS, "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
"""The request for the state as events."""

LIST = {"of": "list", "limit": "500"}


def follow(version: int | str) -> dict[str, str]:
    """Return the request for the changes after a version."""
    return {"of": "watch", **ALWAYS, "resourceVersion": str(version)}


class Copy:
    """Drives a `Reflection` as the loop of an informer does."""

    def __init__(
        self,
        *,
        lists: bool = False,
        chance: Callable[[float, float], float] = lambda low, high: low,
        **options: Any,
    ) -> None:
        self.clock = FakeClock(1000.0)
        made: Any = declare(CONFIG_MAPS, "d", **options)
        self.store = made.store
        self.feed: Feed[core_v1.ConfigMap] = self.store.open_feed()
        self.reflection = Reflection(
            made.options,
            Ledger(self.store, contextlib.nullcontext()),
            lists=lists,
            clock=self.clock.monotonic,
            chance=chance,
        )
        self.waited: list[float] = []
        self.asked: list[dict[str, str]] = []

    @property
    def names(self) -> dict[str, int]:
        """The versions of the objects, by name."""
        return {entry.key.name: entry.version for entry in self.store}

    def told(self) -> list[str]:
        """Take the changes that a consumer would get."""
        return [f"{type(change).__name__} {change.key.name} {change.entry.version}" for change in self.feed.take()]

    def step(self) -> Step:
        self.waited.append(self.reflection.pause())
        self.clock.advance(self.waited[-1])
        step = self.reflection.step()
        query = parse_qs(urlsplit(step.call.target).query)
        self.asked.append({"of": "watch" if step.follows else "list", **{k: v[0] for k, v in query.items()}})
        return step

    def page(self, version: int | str, *items: dict[str, Any], token: str | None = None) -> None:
        """Respond to the next request, which must be a list."""
        step = self.step()
        assert not step.follows
        body = {"kind": "ConfigMapList", "metadata": {"resourceVersion": str(version), "continue": token}}
        try:
            page = step.call.parse(200, JSON, json.dumps({**body, "items": items}).encode())
            for _ in self.reflection.listed(page):
                pass
        except errors.KubeError as error:
            self.reflection.failed(error)

    def stream(
        self, *chunks: bytes | float, error: errors.KubeError | None = None, lived: float = 0.0, ends: bool = True
    ) -> None:
        """Respond to the next request, which must be a watch; a number lets time pass. End it, maybe with an error."""
        step = self.step()
        assert step.follows
        self.reflection.opened(JSON)
        self.more(*chunks, error=error, lived=lived, ends=ends)

    def more(
        self, *chunks: bytes | float, error: errors.KubeError | None = None, lived: float = 0.0, ends: bool = True
    ) -> None:
        """Respond with more of a stream that is open."""
        try:
            for chunk in chunks:
                if not isinstance(chunk, bytes):
                    self.clock.advance(chunk)
                else:
                    for _ in self.reflection.feed(chunk):
                        pass
            self.clock.advance(lived)
            if error is not None:
                raise error
            if ends:
                self.reflection.end()
        except errors.KubeError as caught:
            self.reflection.failed(caught)

    def refuse(self, error: errors.KubeError) -> None:
        """Respond to the next request with an error."""
        self.step()
        self.reflection.failed(error)
