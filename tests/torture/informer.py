"""Our informers and client-go's, side by side: `python -m tests.torture informer --n N --faults M --seed S`.

With `--rows all|quick|NAME,NAME`, informers of every kind meet the faults of `informer_rows` instead, N times.

A writer makes N changes while M faults occur: see `watch`. The informers follow through the same proxy. Each records the
changes that it reports, and its store at the end. The records must agree: see `differences`.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import anyio

from kubeclient import AsyncClientset, Clientset
from kubecore import kubeconfig, rest
from kubecore.cache import Added, Deleted, Informer
from kubecore.cache.async_informer import AsyncInformer
from tests.cluster import Cluster
from tests.torture import informer_rows
from tests.torture.history import History, Record, read
from tests.torture.informer_rows import names_of
from tests.torture.proxy import FaultProxy, Plan
from tests.torture.tally import Tally
from tests.torture.watch import (
    FAULTS,
    LAST,
    NAMES,
    PATIENCE,
    TIMEOUTS,
    GoFollower,
    Writer,
    build_goclient,
    items_of,
    kubeconfig_through,
    plans,
)

KINDS: Final = ("sync", "asyncio", "trio")


class InformerFollower:
    """One of our informers in a separate thread. It ends when it has reported its whole store and the last object.

    Args:
        kind: `sync`, or the asynchronous backend.
        config: The configuration of the client.
        namespace: The namespace of the config maps.
        path: The file of its records.

    Attributes:
        error: The exception that ended the thread.
        reported: The UIDs of the objects that it has reported.
    """

    def __init__(self, kind: str, config: rest.Config, namespace: str, path: Path) -> None:
        self.name = kind
        self.error: BaseException | None = None
        self.reported: set[str] = set()
        self._config = config
        self._namespace = namespace
        self._history = History(path)
        self._state: dict[str, tuple[str, int]] = {}
        self.thread = threading.Thread(target=self._run, name=f"torture-{kind}", daemon=True)

    def has_reported(self, uid: str) -> bool:
        """Return whether an object was reported."""
        return uid in self.reported

    def stop(self) -> None:
        """Close the records."""
        self._history.close()

    def _run(self) -> None:
        try:
            if self.name == "sync":
                self._follow()
            else:
                anyio.run(self._follow_async, backend=self.name)
        except BaseException as error:
            self.error = error

    def _follow(self) -> None:
        with Clientset(self._config) as clientset:
            with clientset.core_v1.config_maps(self._namespace).informer() as maps:
                for change in maps.changes():
                    if self._take(change, maps):
                        break

    async def _follow_async(self) -> None:
        async with AsyncClientset(self._config) as clientset:
            async with clientset.core_v1.config_maps(self._namespace).informer() as maps:
                async for change in maps.changes():
                    if self._take(change, maps):
                        break

    def _take(self, change: Any, maps: Informer[Any] | AsyncInformer[Any]) -> bool:
        name, entry = change.key.name, change.entry
        kind = "DELETED" if isinstance(change, Deleted) else "ADDED" if isinstance(change, Added) else "MODIFIED"
        self._history.note("event", watcher=self.name, type=kind, name=name, uid=entry.uid, version=str(entry.version))
        self.reported.add(entry.uid)
        if kind == "DELETED":
            self._state.pop(name, None)
        else:
            self._state[name] = (entry.uid, entry.version)
        if LAST not in self._state:
            return False
        # In a list, the last object of the writer is not the last change.
        kept = {found.metadata.name: [found.metadata.uid, found.metadata.resource_version] for found in maps.list()}
        if {name: [uid, str(version)] for name, (uid, version) in self._state.items()} != kept:
            return False
        self._history.note("store", watcher=self.name, version=maps.resource_version, items=kept)
        return True


def differences(records: Iterable[Record]) -> list[str]:
    """Return the differences of informers: from each other, from the collection, or from the order of changes of an object.

    All stores must equal the collection at the end. All informers must report the same objects; between the first and
    the last report of an object, its versions rise. An object that was reported is reported as deleted, or is in the
    store with the version that was reported last.

    Args:
        records: The records of a history; those of each informer are in the order of time.
    """
    final: dict[str, Any] = {}
    views: dict[str, _View] = {}
    for record in records:
        if record["op"] == "final":
            final = record["items"]
        elif "watcher" in record:
            views.setdefault(record["watcher"], _View()).take(record)
    wrong = [f"{name}: {text}" for name, view in views.items() for text in view.end(final)]
    for name, view in views.items():
        first, reported = next(iter(views)), next(iter(views.values())).reported
        wrong += [f"{name} has not reported {uid}, which {first} has" for uid in sorted(reported - view.reported)]
        wrong += [f"{first} has not reported {uid}, which {name} has" for uid in sorted(view.reported - reported)]
    return wrong


class _View:
    """The objects as one informer reported them."""

    def __init__(self) -> None:
        self.reported: set[str] = set()
        self._state: dict[str, list[str]] = {}
        self._versions: dict[str, int] = {}
        self._kept: dict[str, Any] | None = None
        self._wrong: list[str] = []

    def take(self, record: Record) -> None:
        if record["op"] == "store":
            self._kept = record.get("items", {})
        if record["op"] != "event":
            return
        kind, name, uid, version = record["type"], record["name"], record["uid"], int(record["version"])
        known, before = self._state.get(name), self._versions.get(uid, 0)
        if (kind == "ADDED") != (known is None) or (known is not None and known[0] != uid):
            self._wrong.append(f"{kind} {name} {uid} after {known}")
        if version < before or (version == before and kind != "DELETED"):
            self._wrong.append(f"{kind} {name} at version {version} after {before}")
        self.reported.add(uid)
        self._versions[uid] = version
        if kind == "DELETED":
            self._state.pop(name, None)
        else:
            self._state[name] = [uid, record["version"]]

    def end(self, final: dict[str, Any]) -> list[str]:
        for what, found in (("store", self._kept), ("state that was reported", self._state)):
            if found != final:
                names = sorted(name for name in {*(found or {}), *final} if (found or {}).get(name) != final.get(name))
                self._wrong.append(f"the {what} differs from the collection in {names}")
        return self._wrong


def play(
    tally: Tally, cluster: Cluster, folder: Path, events: int, faults: Sequence[str], seed: int, binary: Path
) -> None:
    """Let all informers follow one writer through one proxy while faults occur.

    Args:
        tally: Counts the informers that did not reach the end.
        cluster: The server.
        folder: The folder of the records, `*.jsonl`.
        events: Number of changes.
        faults: The faults, which occur at equal intervals.
        seed: Seed of all random choices.
        binary: The program with client-go's informer.
    """
    history = History(folder / "history.jsonl")
    namespace = f"informer-{uuid.uuid4().hex[:8]}"
    config = kubeconfig.load_config(cluster.kubeconfig)
    with FaultProxy(cluster.port, plans(seed)) as proxy, contextlib.closing(history), Clientset(config) as direct:
        direct.core_v1.namespaces().create({"metadata": {"name": namespace}})
        maps = direct.core_v1.config_maps(namespace)
        writer = Writer(cluster, proxy, maps, history, random.Random(seed))
        for _ in range(NAMES):
            writer.write()
        through = kubeconfig_through(cluster, proxy, folder)
        ours = kubeconfig.load_config(through)
        ours.timeouts = TIMEOUTS
        followers: list[GoFollower | InformerFollower] = [
            GoFollower(binary, through, namespace, folder / "go.jsonl"),
            *(InformerFollower(kind, ours, namespace, folder / f"{kind}.jsonl") for kind in KINDS),
        ]
        # An object that lives between two reads of an informer only is reported by some of them.
        writer.may_delete = lambda uid: all(follower.has_reported(uid) for follower in followers)
        for follower in followers:
            follower.thread.start()
        every = max(1, events // max(1, len(faults)))
        for number in range(events):
            writer.write()
            if number % every == every // 2 and number // every < len(faults):
                writer.strike(faults[number // every])
        proxy.plan = Plan()  # Without faults, the end does not wait for the longest pause.
        writer.end()
        end = time.monotonic() + PATIENCE
        for follower in followers:
            follower.thread.join(max(0.1, end - time.monotonic()))
            if follower.thread.is_alive() or follower.error is not None:
                tally.wrong(f"{follower.name} did not come to the end: {follower.error!r}")
            follower.stop()
        found = maps.list()
        history.note("final", version=found.metadata.resource_version, items=items_of(found))
        tally.figure("faults", len(faults))
        tally.figure("connections", proxy.accepted)


def judge(tally: Tally, folder: Path) -> None:
    """Count the reports, and the differences between the informers."""
    records = [record for file in sorted(folder.glob("*.jsonl")) for record in read(file)]
    for text in differences(records):
        tally.wrong(text)
    for record in records:
        tally.tries += record["op"] == "event"


def run(n: int | None, seed: int, *, faults: int | None = None, rows: str | None = None) -> Tally:
    """Compare informers with client-go's, or let them meet the faults of a table.

    Args:
        n: The number of changes, 1,000 by default; with `rows`, how often each fault occurs, once by default.
        seed: The seed of random choices.
        faults: The number of faults, by default one per hundred changes.
        rows: The faults of the table: `all`, `quick`, or names with commas between them.
    """
    if rows is not None:
        return informer_rows.run(names_of(rows), 1 if n is None else n, seed)
    tally = Tally("informer")
    events = 1_000 if n is None else n
    strikes = events // 100 if faults is None else faults
    folder = Path(tempfile.mkdtemp(prefix="kgen-informer-"))
    with Cluster(controllers=False) as cluster:
        wanted = [FAULTS[number % len(FAULTS)] for number in range(strikes)]
        play(tally, cluster, folder, events, wanted, seed, build_goclient())
    judge(tally, folder)
    if tally.bad:
        tally.figure("history", folder)
    else:
        shutil.rmtree(folder)
    return tally
