"""Watches under faults, on the real server: `python -m tests.torture watch --events N --faults M --seed S`.

A writer makes N changes. Watchers of every kind watch them through a proxy while M faults occur: connections are cut at
random bytes, reset or made idle, the API server is paused, or killed and restarted, and etcd is compacted while watches
are interrupted. All events are recorded in a history, which `history` verifies.

With `--client go`, the informer of client-go watches through the same proxy instead, as a reference.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import anyio

from kubeclient import AsyncClientset, Clientset
from kubeclient.models import core_v1
from kubeclient.typed.core.v1.configmap import AsyncConfigMaps, ConfigMaps
from kubecore import errors, kubeconfig, rest
from kubecore.calls.call import Call
from tests.cluster import Cluster
from tests.torture.history import VERDICTS, History, judge, read
from tests.torture.proxy import FaultProxy, Plan
from tests.torture.tally import Tally

_IDLE: Final = 2.0
TIMEOUTS: Final = rest.Timeouts(connect=2.0, read=4.0, write=4.0, pool=4.0, total=30.0, idle=_IDLE)
NAMES: Final = 20
LAST: Final = "the-last"
PATIENCE: Final = 150.0  # More than twice the longest pause, which is 60 s including jitter.
_GO: Final = Path(__file__).with_name("goclient")

# The faults, in this order. Most are cuts, because the others take seconds.
FAULTS: Final = (
    *("cut", "rst", "cut", "stop", "rst", "cut", "mute", "cut", "rst", "expire"),
    *("cut", "rst", "cut", "rst", "cut", "rst", "cut", "kill", "rst", "cut"),
)
_DOWN: Final = Plan(cut_after=0)

Verb = Literal["watch", "list_and_watch"]


class _Notes:
    """A client that records the requests of a watch in the history; see `history`."""

    def __init__(self, client: Any, history: History, watcher: str) -> None:
        self._client = client
        self._history = history
        self._watcher = watcher

    def _ask(self, call: Call[Any]) -> None:
        version = dict(call.query).get("resourceVersion")
        if version is not None:
            self._history.note("resume", watcher=self._watcher, version=version)

    def _listed(self, call: Call[Any], listed: Any) -> Any:
        if "limit" not in dict(call.query):
            self._history.note("list", watcher=self._watcher, version=listed.metadata.resource_version)
        return listed


class _SyncNotes(_Notes):
    def send(self, call: Call[Any], **options: Any) -> Any:
        return self._listed(call, self._client.send(call, **options))

    @contextmanager
    def stream(self, call: Call[Any], **options: Any) -> Iterator[Any]:
        self._ask(call)
        with self._client.stream(call, **options) as stream:
            yield stream


class _AsyncNotes(_Notes):
    async def send(self, call: Call[Any], **options: Any) -> Any:
        return self._listed(call, await self._client.send(call, **options))

    @asynccontextmanager
    async def stream(self, call: Call[Any], **options: Any) -> AsyncIterator[Any]:
        self._ask(call)
        async with self._client.stream(call, **options) as stream:
            yield stream


class Follower:
    """One watcher in a separate thread, which ends after the last object of the writer.

    Args:
        name: The name of the watcher in the history.
        mode: `sync`, or the asynchronous backend.
        verb: The verb that it uses.
        config: The configuration of the client.
        namespace: The watched namespace.
        history: The history in which it records events.
    """

    def __init__(self, name: str, mode: str, verb: Verb, config: rest.Config, namespace: str, history: History) -> None:
        self.name = name
        self.error: BaseException | None = None
        self._mode = mode
        self._verb = verb
        self._config = config
        self._namespace = namespace
        self._history = history
        self._is_over = False
        self._expired: str | None = None
        self.version = 0
        self.thread = threading.Thread(target=self._run, name=f"torture-{name}", daemon=True)

    def _run(self) -> None:
        try:
            if self._mode == "sync":
                self._follow()
            else:
                anyio.run(self._follow_async, backend=self._mode)
        except BaseException as error:
            self.error = error

    def _follow(self) -> None:
        with Clientset(self._config) as clientset:
            client: Any = _SyncNotes(clientset.rest_client, self._history, self.name)
            maps, plain = ConfigMaps(client, self._namespace), clientset.core_v1.config_maps(self._namespace)
            while not self._is_over:
                try:
                    start = None if self._expired is None else self._reset(plain.list())
                    if self._is_over:
                        return
                    with (
                        maps.list_and_watch() if self._verb != "watch" else maps.watch(resource_version=start) as events
                    ):
                        if self._begin(events):
                            break
                        for event in events:
                            if self._take(event):
                                break
                except errors.ExpiredError:
                    self._expire(events.resource_version)
                except errors.TransportError:
                    time.sleep(0.1)

    async def _follow_async(self) -> None:
        async with AsyncClientset(self._config) as clientset:
            client: Any = _AsyncNotes(clientset.rest_client, self._history, self.name)
            maps, plain = AsyncConfigMaps(client, self._namespace), clientset.core_v1.config_maps(self._namespace)
            while not self._is_over:
                try:
                    start = None if self._expired is None else self._reset(await plain.list())
                    if self._is_over:
                        return
                    made = maps.list_and_watch() if self._verb != "watch" else maps.watch(resource_version=start)
                    async with made as events:
                        if self._begin(events):
                            break
                        async for event in events:
                            if self._take(event):
                                break
                except errors.ExpiredError:
                    self._expire(events.resource_version)
                except errors.TransportError:
                    await anyio.sleep(0.1)

    def _begin(self, events: Any) -> bool:
        self._expired = None
        for item in getattr(events, "items", ()):
            self._note("ADDED", item)
        return self._is_over  # A late list already contains the last object.

    def _take(self, event: Any) -> bool:
        self._note(event.type, event.object)
        return self._is_over

    def _note(self, kind: str, found: core_v1.ConfigMap) -> None:
        meta = found.metadata
        self.version = max(self.version, int(meta.resource_version))
        self._is_over = self._is_over or meta.name == LAST
        self._history.note(
            "event", watcher=self.name, type=kind, name=meta.name, uid=meta.uid, version=meta.resource_version
        )

    def _expire(self, version: str) -> None:
        self._expired = version
        self._history.note("expired", watcher=self.name, version=version)

    def _reset(self, listed: core_v1.ConfigMapList) -> str:
        """Replace all known objects by a list, as a program does after ExpiredError."""
        version = listed.metadata.resource_version or ""
        self._history.note("list", watcher=self.name, version=version, items=items_of(listed))
        self.version = int(version)
        self._is_over = any(item.metadata.name == LAST for item in listed.items)
        return version


def items_of(listed: core_v1.ConfigMapList) -> dict[str, list[str]]:
    return {item.metadata.name: [item.metadata.uid, item.metadata.resource_version] for item in listed.items}


class GoFollower:
    """Informer of client-go, in a separate process."""

    def __init__(self, binary: Path, kubeconfig: Path, namespace: str, path: Path) -> None:
        self.name = "go"
        self.error: BaseException | None = None
        self.path = path
        env = {
            **os.environ,
            "KUBE_FEATURE_WatchListClient": "false",
            "HTTP2_READ_IDLE_TIMEOUT_SECONDS": str(int(_IDLE)),
            "HTTP2_PING_TIMEOUT_SECONDS": "1",
        }
        self._process = subprocess.Popen(
            [binary, kubeconfig, namespace, path, LAST], env=env, stderr=subprocess.DEVNULL
        )
        self.thread = threading.Thread(target=self._wait, name="torture-go", daemon=True)

    def _wait(self) -> None:
        if self._process.wait():
            self.error = RuntimeError(f"the Go client ended with {self._process.returncode}")

    def has_reported(self, uid: str) -> bool:
        """Return whether an object was reported."""
        return self.path.exists() and uid in self.path.read_text("utf-8")

    def stop(self) -> None:
        self._process.kill()


class Writer:
    """Writer that changes objects and causes faults.

    Attributes:
        followers: Watchers that must have all changes before the server forgets old versions.
        may_delete: Returns whether the object of a UID may be deleted now.
    """

    def __init__(
        self, cluster: Cluster, proxy: FaultProxy, maps: ConfigMaps, history: History, chance: random.Random
    ) -> None:
        self._cluster = cluster
        self._proxy = proxy
        self._maps = maps
        self._history = history
        self._chance = chance
        self._there: dict[str, core_v1.ConfigMap] = {}
        self._version = 0
        self.followers: list[Follower] = []
        self.may_delete: Callable[[str], bool] = lambda _: True

    def write(self) -> None:
        """Make one change."""
        name = f"m{self._chance.randrange(NAMES)}"
        before = self._there.get(name)
        if before is None:
            found = self._maps.create({"metadata": {"name": name}, "data": {"k": "ü☃" * self._chance.randrange(400)}})
            self._keep("ADDED", found)
        elif self._chance.random() < 0.2 and self.may_delete(before.metadata.uid):
            self._maps.delete(name)
            del self._there[name]
            self._note("DELETED", name, before.metadata.uid, str(self._cluster.revision()))
        else:
            # Makes each update unique: one without a change gets no new version.
            before.data = {"k": "ü☃" * self._chance.randrange(400), "after": before.metadata.resource_version}
            self._keep("MODIFIED", self._maps.update(before))

    def end(self) -> None:
        """Write the last object, after which every watcher ends."""
        self._keep("ADDED", self._maps.create({"metadata": {"name": LAST}}))

    def strike(self, fault: str) -> None:
        """Cause a fault."""
        self._history.note("fault", kind=fault)
        cluster, proxy = self._cluster, self._proxy
        if fault == "cut":
            proxy.cut()
        elif fault == "rst":
            proxy.cut("rst")
        elif fault == "mute":
            proxy.freeze()
            for _ in range(5):
                self.write()
            time.sleep(_IDLE + self._chance.random())
            proxy.thaw()
        elif fault == "stop":
            cluster.signal_apiserver(signal.SIGSTOP)
            time.sleep(_IDLE + self._chance.random())
            cluster.signal_apiserver(signal.SIGCONT)
        elif fault == "kill":
            self._settle()
            cluster.kill_apiserver()
            cluster.start_apiserver()
            self._settle()
        else:
            self._settle()
            plan, proxy.plan = proxy.plan, _DOWN
            proxy.cut()
            for _ in range(10):
                self.write()
            cluster.compact()
            cluster.kill_apiserver()
            cluster.start_apiserver()
            for _ in range(10):
                self.write()
            proxy.plan = plan
            self._settle()

    def _settle(self) -> None:
        """Wait until watchers have all events: a new server lacks older versions, so that a list would skip events."""
        end = time.monotonic() + PATIENCE / 2
        while time.monotonic() < end and any(follower.version < self._version for follower in self.followers):
            time.sleep(0.01)

    def _keep(self, kind: str, found: core_v1.ConfigMap) -> None:
        meta = found.metadata
        self._there[meta.name] = found
        self._version = int(meta.resource_version)
        self._note(kind, meta.name, meta.uid, meta.resource_version)

    def _note(self, kind: str, name: str, uid: str, version: str) -> None:
        self._history.note("write", type=kind, name=name, uid=uid, version=version)


def plans(seed: int) -> Any:
    """Return the faults of each connection: half of them break at a random byte, some become idle."""

    def plan(number: int) -> Plan:
        chance = random.Random(f"{seed} {number}")
        at = chance.randrange(3_000, 80_000)
        pieces = chance.choice((None, None, chance.randrange(50, 2_000)))
        kind = chance.random()
        if kind < 0.5:
            return Plan(cut_after=at, how=chance.choice(("fin", "rst")), slice=pieces)
        return Plan(mute_after=at, slice=pieces) if kind < 0.6 else Plan(slice=pieces)

    return plan


def run(n: int | None, seed: int, *, faults: int | None = None, client: str = "python") -> Tally:
    """Make `n` changes, 1,000 by default, and cause `faults` faults, by default one per hundred changes."""
    tally = Tally("watch")
    events = 1_000 if n is None else n
    strikes = events // 100 if faults is None else faults
    folder = Path(tempfile.mkdtemp(prefix="kgen-watch-"))
    binary = build_goclient() if client == "go" else None
    with Cluster(controllers=False) as cluster:
        play(tally, cluster, folder, events, [FAULTS[number % len(FAULTS)] for number in range(strikes)], seed, binary)
    _judge(tally, folder)
    return tally


def _judge(tally: Tally, folder: Path) -> None:
    """Verify the histories, and delete the files if there are no violations."""
    records = [record for file in sorted(folder.glob("*.jsonl")) for record in read(file)]
    judgement = judge(records)
    for text in judgement.bad:
        tally.wrong(text)
    tally.tries += judgement.events
    tally.figure("writes", judgement.writes)
    tally.figure("lists", judgement.lists)
    for verdict in VERDICTS:
        tally.figure(verdict, len(judgement.faults[verdict]))
    if tally.bad:
        tally.figure("history", folder)
    else:
        shutil.rmtree(folder)


def play(
    tally: Tally,
    cluster: Cluster,
    folder: Path,
    events: int,
    faults: Sequence[str],
    seed: int,
    binary: Path | None = None,
) -> None:
    """Write and watch objects while faults occur.

    Args:
        tally: Counts the watchers that did not reach the end.
        cluster: The server.
        folder: The folder of the histories, `*.jsonl`.
        events: Number of changes.
        faults: The faults, which occur at equal intervals.
        seed: Seed of all random choices.
        binary: The Go client, which then replaces the watchers of kubecore.
    """
    with FaultProxy(cluster.port, plans(seed)) as proxy:
        _play(tally, cluster, proxy, folder, events, faults, seed, binary)
        tally.figure("faults", len(faults))
        tally.figure("connections", proxy.accepted)


def _play(
    tally: Tally,
    cluster: Cluster,
    proxy: FaultProxy,
    folder: Path,
    events: int,
    faults: Sequence[str],
    seed: int,
    binary: Path | None,
) -> None:
    history = History(folder / "history.jsonl")
    config = kubeconfig.load_config(cluster.kubeconfig)
    namespace = f"watch-{uuid.uuid4().hex[:8]}"
    with contextlib.closing(history), Clientset(config) as direct:
        direct.core_v1.namespaces().create({"metadata": {"name": namespace}})
        maps = direct.core_v1.config_maps(namespace)
        writer = Writer(cluster, proxy, maps, history, random.Random(seed))
        for _ in range(NAMES):
            writer.write()
        followers = _followers(cluster, proxy, folder, namespace, history, binary)
        writer.followers = [follower for follower in followers if isinstance(follower, Follower)]
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
            if isinstance(follower, GoFollower):
                follower.stop()
        listed = maps.list()
        history.note("final", version=listed.metadata.resource_version, items=items_of(listed))


def _followers(
    cluster: Cluster, proxy: FaultProxy, folder: Path, namespace: str, history: History, binary: Path | None
) -> list[Follower | GoFollower]:
    through = kubeconfig_through(cluster, proxy, folder)
    if binary is not None:
        return [GoFollower(binary, through, namespace, folder / "go.jsonl")]
    config = kubeconfig.load_config(through)
    config.timeouts = TIMEOUTS
    kinds: tuple[tuple[str, Verb], ...] = (
        ("sync", "list_and_watch"),
        ("sync", "watch"),
        ("asyncio", "list_and_watch"),
        ("trio", "watch"),
    )
    return [Follower(f"{mode} {verb}", mode, verb, config, namespace, history) for mode, verb in kinds]


def kubeconfig_through(cluster: Cluster, proxy: FaultProxy, folder: Path) -> Path:
    """Write a kubeconfig that leads through the proxy."""
    text = cluster.kubeconfig.read_text("utf-8").replace(cluster.url, proxy.url.replace("http:", "https:"))
    through = folder / "through.yaml"
    through.touch(mode=0o600)
    through.write_text(text, "utf-8")
    return through


def build_goclient() -> Path:
    """Build the Go client. The Go command caches the result."""
    binary = Path(tempfile.gettempdir()) / f"kgen-torture-goclient-{os.getuid()}"
    env = {**os.environ, "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-o", binary, "."], cwd=_GO, env=env, check=True)
    return binary
