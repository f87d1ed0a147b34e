"""Hooks around every request, for traces and metrics; the same for synchronous and asynchronous clients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Attempt", "Observer", "Outcome"]


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A request that is about to be sent, maybe again.

    Attributes:
        verb: Kubernetes' verb, such as `list`.
        group: the API group, "" for the core group.
        resource: the resource's plural name, "" for paths that are none.
        subresource: the subresource, "" for none.
        namespace: the namespace, "" for none.
        name: the object's name, "" for none.
        method: the HTTP method.
        url: the URL without its query.
        number: 1 for the first attempt.
        headers: headers to send along, such as `traceparent`; an observer adds to them.
    """

    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    method: str
    url: str
    number: int
    headers: dict[str, str] = field(default_factory=dict[str, str])


class Outcome(NamedTuple):
    """How an attempt ended.

    Attributes:
        code: the HTTP status code, None where there was no answer.
        error: what is raised, None where the answer is a success.
        seconds: how long it took; of a watch, until its first byte.
    """

    code: int | None
    error: BaseException | None
    seconds: float


Observer = Callable[[Attempt], Callable[[Outcome], None] | None]
"""Called before each attempt; what it returns, if anything, is called after it. It must not block."""
