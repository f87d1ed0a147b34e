"""Run the core of a recorder against a model of the server, on a clock that tests set."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Final

from kubecore import errors
from kubecore.calls.call import Call
from kubecore.calls.steps import Pause
from kubecore.clocks import FakeClock
from kubecore.model.meta import Status, StatusCause, StatusDetails
from kubecore.recorder.delivery import Delivery, Sending
from kubecore.recorder.reference import Reference
from kubecore.recorder.requests import Source
from kubecore.recorder.series import Key, Limits, Occurrence, SeriesBook

POD: Final = Reference("v1", "Pod", "shop", "web-0", "uid-1")


def failure(code: int, reason: str, *, cause: str = "") -> errors.StatusError:
    """Return the error of a response."""
    details = StatusDetails(causes=[StatusCause(reason=cause)]) if cause else None
    return errors.status_error(Status(status="Failure", code=code, reason=reason, details=details))


UNAVAILABLE: Final = failure(503, "ServiceUnavailable")
LOST: Final = errors.ReadError("the response was lost")


class Run:
    """A recorder's core, its server and its clock.

    Attributes:
        events: The events of the server, by namespace and name.
        sent: The requests that arrived: verb, name, body.
        faults: Errors of the next requests; None lets one pass. `LOST` is executed, and its response is lost.
        pauses: The pauses that were waited for, in seconds.
    """

    def __init__(self, limits: Limits | None = None, *, chance: Callable[[], float] | None = None) -> None:
        self.clock = FakeClock()
        self.drops: list[int] = []
        self.book = SeriesBook(self.clock, limits or Limits(), self.drops.append)
        self.delivery = Delivery(
            self.book, Source("shop.example.com/op", "op-1"), self.clock, chance or random.Random(7).random
        )
        self.events: dict[str, dict[str, Any]] = {}
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.faults: list[Exception | None] = []
        self.pauses: list[float] = []

    def report(
        self,
        reason: str = "Scaled",
        *,
        type: str = "Normal",  # noqa: A002
        action: str = "Scale",
        about: Reference = POD,
        related: Reference | None = None,
        note: str = "to 3",
    ) -> bool:
        return self.delivery.report(Occurrence(Key(type, reason, action, about, related), note))

    def work(self, seconds: float = 0.0) -> None:
        """Let the writer work until it has waited for so many seconds, or has ended."""
        end = self.clock.monotonic() + seconds
        while (step := self.delivery.next()) is not None:
            if isinstance(step, Pause):
                if self.clock.monotonic() + step.seconds > end:
                    break
                self.pauses.append(step.seconds)
                self.clock.advance(step.seconds)
            else:
                self.respond(step)
        self.clock.advance(max(0.0, end - self.clock.monotonic()))

    def respond(self, step: Sending) -> None:
        fault = self.faults.pop(0) if self.faults else None
        error = self.serve(step.call, fault)
        if error is None:
            self.delivery.sent()
        else:
            self.delivery.failed(error)

    def serve(self, call: Call[Any], fault: Exception | None) -> Exception | None:
        body = json.loads(call.body or b"")
        name = call.name or body["metadata"]["name"]
        self.sent.append((call.verb, name, body))
        if fault is not None and fault is not LOST:
            return fault
        if call.verb == "create":
            if name in self.events:
                return failure(409, "AlreadyExists")
            self.events[name] = dict(body)
        elif name not in self.events:
            return failure(404, "NotFound")
        else:
            self.events[name].update(body)
        return fault

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.sent]

    @property
    def counts(self) -> list[int]:
        """The counts of all events on the server."""
        return [event.get("series", {}).get("count", 1) for event in self.events.values()]

    @property
    def written(self) -> list[int]:
        """The counts of all requests."""
        return [body.get("series", {}).get("count", 1) for _, _, body in self.sent]
