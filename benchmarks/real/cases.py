"""The clients, and the cases and targets of the table of the real server."""

from __future__ import annotations

from dataclasses import dataclass

OURS, ASYNC = "ours", "ours async"
PROTOBUF, JSON = "client-go protobuf", "client-go JSON"
LIGHTKUBE, OFFICIAL, ASYNCIO = "lightkube", "kubernetes", "kubernetes_asyncio"
RUST = "kube-rs"
BARE = "bytes alone"

MODULES = {
    OURS: "ours",
    ASYNC: "ours_async",
    LIGHTKUBE: "lightkube",
    OFFICIAL: "official",
    ASYNCIO: "kubernetes_asyncio",
    BARE: "bare",
}
"""Clients that are programs of a folder `clients`, such as `benchmarks.real.clients`."""

CLIENTS = (OURS, ASYNC, PROTOBUF, JSON, RUST, LIGHTKUBE, OFFICIAL, ASYNCIO, BARE)
SLOW = {OFFICIAL: 2, ASYNCIO: 2}
"""Clients that take part in so many rounds only, because a list lasts many seconds."""

SECONDS, CPU, PEAK, PAUSE = "seconds", "cpu_seconds", "peak_mib", "pause_seconds"
RESIDENT, CACHE, REQUESTS = "resident_mib", "cache_mib", "requests"
"""Memory at the end of a case, the part of it that was not in use before, and the number of requests."""


@dataclass(frozen=True)
class Case:
    """One case of the table.

    Attributes:
        name: Its name on the command line.
        title: Its title in the table.
        clients: Clients that can do it.
        unit: Unit of its times.
        quantities: Figures that its clients report.
        rounds: Most rounds, for a case that lasts long.
    """

    name: str
    title: str
    clients: tuple[str, ...]
    unit: str = "ms"
    quantities: tuple[str, ...] = (SECONDS,)
    rounds: int = 100


_GO = (PROTOBUF, JSON)
_ALL = (OURS, ASYNC, *_GO, RUST, LIGHTKUBE, OFFICIAL, ASYNCIO)
_EVERY = (SECONDS, CPU, PEAK)

CASES = {
    case.name: case
    for case in (
        Case("list", "list of all pods", (*_ALL, BARE), quantities=_EVERY),
        Case("into", "list of all pods, six fields of each (`into=`)", (OURS,), quantities=_EVERY),
        Case("pages", "all pods, in pages of 500", (OURS,), quantities=_EVERY),
        Case("metadata", "list of the metadata of all pods", (OURS,), quantities=_EVERY),
        Case("label", "list of a tenth of the pods, by label", _ALL, rounds=3),
        Case("page", "first page of 500 pods", _ALL, rounds=3),
        Case("get", "get of one pod", _ALL, "us", rounds=3),
        Case("fan_out", "1,000 gets over 100 connections", (ASYNC, *_GO, RUST, LIGHTKUBE, ASYNCIO, BARE)),
        Case("create", "create of 2,000 config maps by 32 tasks", _ALL, quantities=(SECONDS, CPU), rounds=3),
        Case("update", "update of one pod", _ALL, "us", rounds=3),
        Case("patch", "merge patch of one pod", _ALL, "us", rounds=3),
        Case(
            "watch",
            "10,000 changes by another process, watched",
            (OURS, *_GO, RUST, LIGHTKUBE, OFFICIAL),
            quantities=(SECONDS, CPU),
            rounds=3,
        ),
        Case("sync", "initial state, by list and watch", (OURS, *_GO, RUST), quantities=_EVERY, rounds=3),
        Case("stream", "initial state, by WatchList", (OURS, *_GO, RUST), quantities=_EVERY, rounds=3),
        Case(
            "pause", "longest pause of the event loop in a list", (ASYNC, LIGHTKUBE, ASYNCIO, BARE), quantities=(PAUSE,)
        ),
    )
}

FAR = {
    "list": (OURS, PROTOBUF, RUST, LIGHTKUBE, ASYNCIO),
    "into": (OURS,),
    "pages": (OURS,),
    "metadata": (OURS,),
    "page": (OURS, PROTOBUF, LIGHTKUBE),
    "get": (OURS, PROTOBUF, LIGHTKUBE),
    "fan_out": (ASYNC, PROTOBUF, ASYNCIO),
}
"""Cases and clients of the server that is far away."""

ALWAYS_COMPRESSED = (LIGHTKUBE, ASYNCIO)
"""Clients that always accept compressed responses."""


@dataclass(frozen=True)
class Target:
    """A figure that has to be reached.

    Attributes:
        title: Its title.
        case: Its case.
        client: Whose figure it is.
        peer: The client that it is compared with; "" for an absolute target.
        peer_case: The case of the peer, if it is another one.
        quantity: The compared figure.
        at_least: The least ratio of the peer's figure to ours.
        at_most: The largest absolute value, in the unit of the case, or of `unit`.
        per: Divisor of an absolute figure, such as the number of objects of a repetition.
    """

    title: str
    case: str
    client: str
    peer: str = ""
    peer_case: str = ""
    quantity: str = SECONDS
    at_least: float = 0.0
    at_most: float = 0.0
    unit: str = "ms"
    per: int = 1


TARGETS = (
    Target("list of all pods", "list", OURS, PROTOBUF, at_least=1.3),
    Target("list of all pods", "list", OURS, LIGHTKUBE, at_least=3.0),
    Target("peak memory of that list", "list", OURS, PROTOBUF, quantity=PEAK, at_least=1.0, unit="MiB"),
    Target("peak memory of that list", "list", OURS, quantity=PEAK, at_most=0.8 * 426, unit="MiB"),
    Target("list of six fields of each", "into", OURS, BARE, "list", at_least=1 / 1.15),
    Target("longest pause of the event loop in a list", "pause", ASYNC, quantity=PAUSE, at_most=20),
    Target("1,000 gets over 100 connections", "fan_out", ASYNC, BARE, at_least=0.6),
    Target("create of 2,000 config maps", "create", ASYNC, ASYNCIO, at_least=1.0),
    Target("create of 2,000 config maps", "create", ASYNC, PROTOBUF, at_least=1.0),
    Target("create of 2,000 config maps", "create", ASYNC, JSON, at_least=1.0),
    Target("CPU time of a create", "create", ASYNC, quantity=CPU, at_most=250, unit="us", per=2000),
)
