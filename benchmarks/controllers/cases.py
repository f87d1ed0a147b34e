"""The cases and targets of the table of controllers."""

from __future__ import annotations

from typing import Final

from benchmarks.real.cases import (
    ASYNC,
    CACHE,
    CPU,
    JSON,
    OFFICIAL,
    OURS,
    PEAK,
    PROTOBUF,
    REQUESTS,
    RESIDENT,
    RUST,
    SECONDS,
    Case,
    Target,
)

CLIENTS: Final = (OURS, ASYNC, PROTOBUF, JSON, RUST, OFFICIAL)
LARGE: Final = 100_000
"""Pods of the second table, which has the cases of `SYNCS` only."""

TOO_LARGE: Final = {OFFICIAL: "needs more memory for 100,000 pods than the machine has"}

_GO = (PROTOBUF, JSON)
_OURS = (OURS, ASYNC)
_SYNC = (SECONDS, CPU, RESIDENT, CACHE, PEAK)

SYNCS = {
    case.name: case
    for case in (
        Case("sync", "first sync of all pods, by list and watch", CLIENTS, quantities=_SYNC, rounds=3),
        Case("stream", "first sync of all pods, by WatchList", (*_OURS, *_GO, RUST), quantities=_SYNC, rounds=3),
        Case("objects", "the same, kept as objects", (OURS,), quantities=_SYNC, rounds=3),
        Case("packed", "the same, kept packed", (OURS,), quantities=_SYNC, rounds=3),
        Case("into", "the same, six fields of each kept (`into=`)", (OURS,), quantities=_SYNC, rounds=3),
    )
}

_FORMS = {"": "", "_objects": ", kept as objects", "_packed": ", kept packed", "_into": ", six fields of each kept"}
_READERS = {"": (OURS, *_GO, RUST, OFFICIAL)}
_INDEXED = {"": (OURS, *_GO)}

CASES = SYNCS | {
    case.name: case
    for case in (
        Case("relist", "list after 410, nothing changed", CLIENTS, quantities=(SECONDS, CPU, PEAK), rounds=3),
        Case("apply", "10,000 changes from memory into the store", (OURS,), rounds=3),
        Case("changes", "10,000 changes, until the store has the last", CLIENTS, quantities=(SECONDS, CPU), rounds=3),
        Case("consumed", "10,000 changes, until a consumer has the last", CLIENTS, quantities=(SECONDS, CPU), rounds=3),
        *(
            Case(f"get{form}", f"get of one pod from the cache{words}", _READERS.get(form, (OURS,)), "us", rounds=3)
            for form, words in _FORMS.items()
        ),
        *(
            Case(
                f"list{form}",
                f"list of 1,000 pods by label from the cache{words}",
                _READERS.get(form, (OURS,)),
                rounds=3,
            )
            for form, words in _FORMS.items()
        ),
        *(
            Case(f"index{form}", f"pod of an address, by an index{words}", _INDEXED.get(form, (OURS,)), "us", rounds=3)
            for form, words in _FORMS.items()
        ),
        Case("own", "from the response of a patch to the patched pod in the cache", CLIENTS, "us", rounds=3),
        Case("killed", "leader killed, until the first write of the other", (*_OURS, *_GO, OFFICIAL), "s", rounds=3),
        Case("released", "leader stopped, until the first write of the other", (*_OURS, *_GO), "s", rounds=3),
        Case(
            "idle",
            "20 informers without changes, each minute",
            (*_OURS, *_GO, RUST),
            quantities=(CPU, REQUESTS),
            rounds=1,
        ),
        Case("queue", "add, get and done of an item, one thread", (OURS, PROTOBUF), "us", rounds=3),
        Case("workers", "add, get and done of an item, 8 workers", (ASYNC, PROTOBUF), "us", rounds=3),
        Case("threads", "add, get and done of an item, 4 threads", (OURS,), "us", rounds=3),
    )
}

REPLAYED: Final = {"relist": "expire", "apply": "", "changes": "changes", "consumed": "changes"}
"""Cases of the server of recorded responses, each with the events that it sends when the cache is in sync, or ""."""

SYNC_TARGETS = (
    Target("memory of all pods", "stream", OURS, PROTOBUF, quantity=RESIDENT, at_least=2.0, unit="MiB"),
    Target("memory of all pods", "stream", OURS, JSON, quantity=RESIDENT, at_least=2.0, unit="MiB"),
    Target("memory of all pods", "sync", OURS, RUST, quantity=RESIDENT, at_least=1 / 0.8, unit="MiB"),
    Target("memory of all pods", "sync", OURS, OFFICIAL, quantity=RESIDENT, at_least=10.0, unit="MiB"),
    Target("memory of all pods, packed", "packed", OURS, PROTOBUF, "stream", RESIDENT, at_least=1 / 0.12, unit="MiB"),
    Target("memory of six fields of each", "into", OURS, PROTOBUF, "stream", RESIDENT, at_least=1 / 0.12, unit="MiB"),
    Target("memory of the cache alone", "stream", OURS, PROTOBUF, quantity=CACHE, at_least=2.0, unit="MiB"),
    Target(
        "memory of the cache alone, packed", "packed", OURS, PROTOBUF, "stream", CACHE, at_least=1 / 0.12, unit="MiB"
    ),
    Target("memory of six fields alone", "into", OURS, PROTOBUF, "stream", CACHE, at_least=1 / 0.12, unit="MiB"),
    Target("first sync by list", "sync", OURS, PROTOBUF, at_least=1.0),
    Target("first sync by list", "sync", OURS, JSON, at_least=2.0),
    Target("first sync by list", "sync", OURS, RUST, at_least=1.0),
    Target("first sync by list", "sync", OURS, OFFICIAL, at_least=10.0),
    Target("first sync by WatchList", "stream", OURS, PROTOBUF, at_least=1.0),
    Target("first sync by WatchList", "stream", OURS, JSON, at_least=2.0),
    Target("first sync by WatchList", "stream", OURS, RUST, at_least=1.0),
)

TARGETS = (
    *SYNC_TARGETS,
    Target("list after 410", "relist", OURS, PROTOBUF, at_least=1.0),
    Target(
        "a change into the store; 25 us are 40,000 changes a second", "apply", OURS, at_most=25, unit="us", per=10_000
    ),
    Target("10,000 changes into the store", "changes", OURS, PROTOBUF, at_least=1.0),
    Target("10,000 changes into the store", "changes", OURS, JSON, at_least=5.0),
    Target("10,000 changes to a consumer", "consumed", OURS, PROTOBUF, at_least=1.0),
    Target("lookup in an index, no decoding", "index_objects", OURS, at_most=2, unit="us"),
    Target("own write to the cache", "own", OURS, at_most=200, unit="us"),
    Target("failover, leader killed", "killed", OURS, at_most=17, unit="s"),
    Target("failover, leader killed", "killed", ASYNC, at_most=17, unit="s"),
    Target("failover, leader stopped", "released", OURS, at_most=2.5, unit="s"),
    Target("failover, leader stopped", "released", ASYNC, at_most=2.5, unit="s"),
    Target("CPU time of 20 idle informers, each minute", "idle", OURS, quantity=CPU, at_most=120, unit="ms"),
    Target("CPU time of 20 idle informers, each minute", "idle", ASYNC, quantity=CPU, at_most=120, unit="ms"),
)
