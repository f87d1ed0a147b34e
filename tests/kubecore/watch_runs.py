"""Runs, events and failures for tests of a watch without sockets and clocks."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kubeclient.models import core_v1, meta_v1
from kubeclient.typed.core.v1.configmap import CONFIG_MAPS
from kubecore import errors
from kubecore.watch.decoder import Decoder
from kubecore.watch.options import WatchOptions
from kubecore.watch.state import Step, WatchState

JSON = {"content-type": "application/json"}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def map_(name: str, version: int, uid: str = "", **data: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "d", "uid": uid or f"u-{name}", "resourceVersion": str(version)}
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": data}


def line(kind: str, found: Any) -> bytes:
    return json.dumps({"type": kind, "object": found}).encode() + b"\n"


def change(kind: str, name: str, version: int, uid: str = "", **data: str) -> bytes:
    return line(kind, map_(name, version, uid, **data))


def bookmark(version: int, *, ends: str | None = None) -> bytes:
    meta: dict[str, Any] = {"resourceVersion": str(version)}
    if ends is not None:
        meta["annotations"] = {"k8s.io/initial-events-end": ends}
    return line("BOOKMARK", {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": None})


def failure(code: int, reason: str = "", seconds: int | None = None, cause: str = "") -> errors.StatusError:
    causes = [meta_v1.StatusCause(reason=cause)] if cause else []
    details = meta_v1.StatusDetails(retry_after_seconds=seconds, causes=causes)
    return errors.status_error(meta_v1.Status(status="Failure", code=code, reason=reason, details=details))


class Run:
    """Drives a `WatchState` as the watch loops do, one response at a time."""

    def __init__(self, **asked: Any) -> None:
        self.clock = Clock()
        self.progress: WatchState[core_v1.ConfigMap] = WatchState(
            WatchOptions(
                list=lambda query: CONFIG_MAPS.list("d", query),
                watch=lambda query: CONFIG_MAPS.watch("d", query),
                **asked,
            ),
            clock=self.clock,
            chance=lambda low, high: low,
        )
        self.waited: list[float] = []
        self.asked: list[dict[str, str]] = []

    def step(self) -> Step | None:
        self.waited.append(self.progress.pause())
        self.clock.now += self.waited[-1]
        step = self.progress.step()
        if step is not None:
            query = parse_qs(urlsplit(step.call.target).query)
            self.asked.append({"of": "watch" if step.follows else "list", **{k: v[0] for k, v in query.items()}})
        return step

    def state(self, version: int, *items: dict[str, Any], token: str | None = None) -> list[str]:
        """Respond to the next request, which must be a list. Return the events."""
        step = self.step()
        assert step is not None
        assert not step.follows
        body = {
            "kind": "ConfigMapList",
            "metadata": {"resourceVersion": str(version), "continue": token},
            "items": items,
        }
        try:
            found = self.progress.listed(step.call.parse(200, JSON, json.dumps(body).encode()))
        except errors.KubeError as error:
            self.progress.failed(error)
            return []
        return told(found)

    def stream(self, *pieces: bytes | float, error: errors.KubeError | None = None, lived: float = 0.0) -> list[str]:
        """Respond to the next request, which must be a watch, and end it, maybe with an error. Return the events."""
        step = self.step()
        assert step is not None
        assert step.follows
        self.progress.opened(JSON)
        found: list[str] = []
        try:
            for piece in pieces:
                if isinstance(piece, float):
                    self.clock.now += piece
                else:
                    for event in self.progress.feed(piece):
                        found.append(shown(event))  # noqa: PERF401 - what came before an error counts
            self.clock.now += lived
            if error is not None:
                raise error
            found.extend(told(self.progress.end()))
        except errors.KubeError as caught:
            self.progress.failed(caught)
        return found

    def refuse(self, error: errors.KubeError) -> None:
        """Respond to the next request with an error."""
        assert self.step() is not None
        self.progress.failed(error)


def shown(event: Any) -> str:
    meta = event.object.metadata
    return f"{event.type} {meta.name} {meta.resource_version}"


def told(events: Iterator[Any]) -> list[str]:
    return [shown(event) for event in events]


CUT = errors.ReadError("cut")


IDLE = errors.ReadTimeoutError("the server sent nothing for 90 s")


REFUSED = errors.ConnectError("refused")


EXPIRED = failure(410, "Expired")


def events(*pieces: bytes) -> Iterator[str]:
    decoder = Decoder(core_v1.ConfigMap)
    found = itertools.chain(*map(decoder.feed, pieces), decoder.end())
    for event, meta in found:
        assert event is not None
        name = f" {event.object.metadata.name}" if event.type != "BOOKMARK" else ""
        yield f"{event.type}{name} {meta.resource_version}"
