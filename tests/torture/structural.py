"""Random custom resources on the real server: `python -m tests.torture structural --n N --seed S`.

The command draws N kinds, installs their CRDs, and generates and imports a package. Typed clients create the objects
that the server accepts, and read and update them through every served version, in turn synchronously, on asyncio and on
trio. A decoded and encoded response must equal the original, and an update with the read object must change nothing. A
second package, generated from the OpenAPI v2 document of the server, must pass the same checks.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import anyio

from kgen.errors import Problems
from kgen.ir import Api
from kgen.load import openapi_v2
from kgen.resolve import Builtins, resolve
from kgen.spec import ApiSpec
from kubecore import kubeconfig
from tests.cluster import Cluster
from tests.kgen.documents import generated
from tests.kgen.manifests import kubernetes, of
from tests.server.structural import Drawn, Version, drawn
from tests.torture.tally import Tally

__all__ = ["play", "run"]

_Json = dict[str, Any]

_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_BATCH: Final = 8
_MODES: Final = ("sync", "asyncio", "trio")


def run(n: int | None, seed: int) -> Tally:
    """Draw `n` kinds, 100 by default."""
    tally = Tally("structural")
    with Cluster(controllers=False) as cluster:
        play(tally, cluster, 100 if n is None else n, seed)
    return tally


def play(tally: Tally, cluster: Cluster, n: int, seed: int) -> Counter[str]:
    """Try kinds; return the counts.

    Args:
        tally: Counts the tried objects, the losses and the failures.
        cluster: The API server, which decides whether an object is valid.
        n: Number of kinds.
        seed: Seed of the random kinds.
    """
    counts = Counter[str](
        {"schemas": 0, "refused schemas": 0, "refused objects": 0, "passed over": 0, "lost": 0, "failed": 0}
    )
    kinds = drawn(n, seed)
    with _folder() as folder:
        for number, at in enumerate(range(0, len(kinds), _BATCH)):
            batch = _Batch(tally, counts, cluster, folder, f"n{seed}x{number}")
            batch.run(kinds[at : at + _BATCH], at, _MODES[number % len(_MODES)])
    for name, count in counts.items():
        tally.figure(name.replace(" ", "_"), count)
    return counts


@contextmanager
def _folder() -> Iterator[Path]:
    """Provide a folder from which modules are imported."""
    folder = Path(tempfile.mkdtemp(prefix="kgen-structural-"))
    sys.path.insert(0, str(folder))
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield folder
    finally:
        sys.dont_write_bytecode = kept
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0].startswith("structural_")]:
            del sys.modules[name]
        shutil.rmtree(folder)


class _Batch:
    """Some kinds of one group, in one package."""

    def __init__(self, tally: Tally, counts: Counter[str], cluster: Cluster, folder: Path, name: str) -> None:
        self._tally = tally
        self._counts = counts
        self._cluster = cluster
        self._folder = folder
        self._name = name
        self._group = f"{name}.structural.example"

    def run(self, kinds: Sequence[Drawn], first: int, mode: str) -> None:
        """Install the kinds, generate their package, try their objects, and remove everything."""
        installed = list(self._install(kinds, first))
        self._counts["schemas"] += len(kinds)
        self._counts["refused schemas"] += len(kinds) - len(installed)
        try:
            for form in ("v3", "v2") if installed else ():
                made = self._import([manifest for _, manifest in installed], form)
                if made is not None:
                    anyio.run(self._try_all, made, installed, mode, form, backend="asyncio" if mode == "sync" else mode)
        finally:
            for _, manifest in installed:
                self._cluster.raw("DELETE", f"{_CRDS}/{manifest['metadata']['name']}")

    def _install(self, kinds: Sequence[Drawn], first: int) -> Iterator[tuple[Drawn, _Json]]:
        every = [(kind, kind.manifest(self._group, number)) for number, kind in enumerate(kinds, first)]
        taken = [pair for pair in every if self._cluster.raw("POST", _CRDS, pair[1])[0] == 201]
        for _, manifest in taken:
            self._wait_for(manifest["spec"])
        return iter(taken)

    def _wait_for(self, spec: _Json) -> None:
        """Wait until all versions are served, which is some time after the CRD is established."""
        served = [version["name"] for version in spec["versions"] if version["served"]]
        waiting = [f"/apis/{spec['group']}/{version}/{spec['names']['plural']}" for version in served]
        deadline = time.monotonic() + 60
        while waiting and time.monotonic() < deadline:
            waiting = [path for path in waiting if self._cluster.raw("GET", path)[0] != 200]
            time.sleep(0.05 if waiting else 0)
        assert not waiting, f"{waiting} are not served"

    def _api(self, manifests: list[_Json], form: str) -> Api:
        if form == "v3":
            return of(*manifests)
        spec = openapi_v2.convert(self._published(manifests), "swagger.json")
        own = ApiSpec(tuple(document for document in spec.documents if document.group == self._group))
        return resolve(own, {}, Problems(), Builtins("kubeclient", kubernetes()))

    def _published(self, manifests: list[_Json]) -> _Json:
        """Wait for the OpenAPI v2 document with all kinds, which the server publishes later than it serves them."""
        wanted = [
            f"/apis/{self._group}/{version['name']}/{manifest['spec']['names']['plural']}"
            for manifest in manifests
            for version in manifest["spec"]["versions"]
            if version["served"]
        ]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            code, found = self._cluster.raw("GET", "/openapi/v2")
            paths = [path.replace("/namespaces/{namespace}/", "/") for path in found["paths"]] if code == 200 else []
            if set(wanted) <= set(paths):
                published: _Json = found
                return published
            time.sleep(0.2)
        msg = f"{wanted} are not in /openapi/v2"
        raise AssertionError(msg)

    def _import(self, manifests: list[_Json], form: str) -> ModuleType | None:
        package = f"structural_{self._name}_{form}"
        try:
            files = generated(self._api(manifests, form), package, quickly=True)
            for path, source in files.items():
                (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self._folder / path).write_text(source, encoding="utf-8")
            importlib.invalidate_caches()
            return importlib.import_module(package)
        except Exception as error:
            self._wrong("failed", f"{type(error).__name__}: {error}", [m["spec"]["versions"] for m in manifests])
            return None

    async def _try_all(self, made: ModuleType, installed: list[tuple[Drawn, _Json]], mode: str, form: str) -> None:
        config = kubeconfig.load_config(self._cluster.kubeconfig)
        if mode == "sync":
            with made.Clientset(config) as clientset:
                await self._try_each(clientset, installed, form)
        else:
            async with made.AsyncClientset(config) as clientset:
                await self._try_each(clientset, installed, form)

    async def _try_each(self, clientset: Any, installed: list[tuple[Drawn, _Json]], form: str) -> None:
        for kind, manifest in installed:
            trip = _Trip(self._cluster, clientset, self._name, kind, manifest)
            place = manifest["spec"]["versions"]
            for number, written in enumerate(kind.objects):
                name = f"n{number}"
                await self._try(trip.run(name, written) if form == "v3" else trip.again(name), form, written, place)
            await self._try(trip.listed(), form, place)
            self._counts["passed over"] += trip.passed_over

    async def _try(self, trip: Awaitable[None], *place: object) -> None:
        try:
            await trip
            self._tally.good()
        except _RefusedError:
            self._counts["refused objects"] += 1
        except _LostError as lost:
            self._wrong("lost", str(lost), *place)
        except Exception as error:
            self._wrong("failed", f"{type(error).__name__}: {error}", *place)

    def _wrong(self, how: str, what: str, *more: object) -> None:
        self._counts[how] += 1
        self._tally.wrong(f"{how}: {what} {' '.join(map(_text, more))}")


class _RefusedError(Exception):
    """The server rejected an object."""


class _LostError(Exception):
    """A read object differs from the stored one."""


class _Trip:
    """Round trips of the objects of one kind.

    Attributes:
        passed_over: Number of comparisons that were skipped because the server rejected the object in that version.
    """

    def __init__(self, cluster: Cluster, clientset: Any, name: str, kind: Drawn, manifest: _Json) -> None:
        self._cluster = cluster
        self._clientset = clientset
        self._name = name
        self._kind = kind
        self._group = manifest["spec"]["group"]
        self._names = manifest["spec"]["names"]
        self.passed_over = 0

    async def run(self, name: str, written: _Json) -> None:
        """Create an object with and without the typed client, and check both through every version.

        Raises:
            _RefusedError: The server rejected the object.
            _LostError: The object changed.
        """
        first = self._kind.served[0]
        spoken = {"apiVersion": f"{self._group}/{first.name}", "kind": self._names["kind"]}
        by_hand = {**spoken, "metadata": {"name": f"{name}-raw"}, **written}
        self._taken("POST", self._path(first), by_hand)
        typed = {**spoken, "metadata": {"name": f"{name}-typed"}, **written}
        client = self._client(first)
        model = client._resource.kind.from_dict(typed)
        _same("sent", typed, model.to_dict())
        await _answer(client.create(model, field_validation="Strict"))
        for each in (f"{name}-raw", f"{name}-typed"):
            if self._kind.has_status and "status" in written:
                await self._status(each, first, written)
            for version in self._kind.served:
                await self._see(each, version)

    async def again(self, name: str) -> None:
        """Check the objects that another package has written, if the server accepted them.

        Raises:
            _LostError: An object changed.
        """
        for each in (f"{name}-raw", f"{name}-typed"):
            for version in self._kind.served:
                if self._cluster.raw("GET", f"{self._path(version)}/{each}")[0] == 200:
                    await self._see(each, version)

    async def listed(self) -> None:
        """Read all objects at once, through every version.

        Raises:
            _LostError: An object in a list differs from the response of a get.
        """
        for version in self._kind.served:
            client = self._client(version)
            for item in (await _answer(client.list())).items:
                found = await _answer(client.get(item.metadata.name))
                _same(f"{version.name} list", found.to_dict(), item.to_dict())

    async def _status(self, name: str, version: Version, written: _Json) -> None:
        """Write a status without the typed client; an update of the status by the typed client then changes nothing."""
        path = f"{self._path(version)}/{name}"
        found = self._raw(path)
        found["status"] = written["status"]
        try:
            self._taken("PUT", f"{path}/status", found)
        except _RefusedError:
            self.passed_over += 1
            return
        await self._unchanged(name, version, "update_status")

    async def _see(self, name: str, version: Version) -> None:
        """Read an object through a version, and write it back."""
        path = f"{self._path(version)}/{name}"
        # First store the object in this version, if it is valid there.
        try:
            self._taken("PUT", path, self._raw(path))
        except _RefusedError:
            self.passed_over += 1
            return
        await self._unchanged(name, version, "update", is_steady=self._is_steady(path))

    def _is_steady(self, path: str) -> bool:
        """Return whether an update with the stored object is a no-op. It is not if versions have different defaults."""
        if len(self._kind.served) == 1:
            return True
        before = self._raw(path)
        self._taken("PUT", path, before)
        return before == self._raw(path)

    async def _unchanged(self, name: str, version: Version, verb: str, *, is_steady: bool = True) -> None:
        path, client = f"{self._path(version)}/{name}", self._client(version)
        raw = self._raw(path)
        found = await _answer(client.get(name))
        _same(f"{version.name} {verb}: read", raw, found.to_dict())
        await _answer(getattr(client, verb)(found, field_validation="Strict"))
        after = self._raw(path)
        if is_steady:
            _same(f"{version.name} {verb}: written", raw, after)
        else:
            _same(f"{version.name} {verb}: written", _bare(raw), _bare(after))

    def _client(self, version: Version) -> Any:
        group = getattr(self._clientset, f"{self._name}_{version.name}")
        found = (getattr(group, name) for name in vars(type(group)) if not name.startswith("_"))
        clients = (make(*["default"][: len(inspect.signature(make).parameters)]) for make in found)
        return next(client for client in clients if client._resource.plural == self._names["plural"])

    def _path(self, version: Version) -> str:
        scope = "/namespaces/default" if self._kind.scope == "Namespaced" else ""
        return f"/apis/{self._group}/{version.name}{scope}/{self._names['plural']}"

    def _raw(self, path: str) -> _Json:
        code, found = self._cluster.raw("GET", path)
        assert code == 200, found
        response: _Json = found
        return response

    def _taken(self, method: str, path: str, body: _Json) -> None:
        code, response = self._cluster.raw(method, f"{path}?fieldValidation=Strict", body)
        if code in (400, 422):
            raise _RefusedError(response)
        assert code in (200, 201), response


async def _answer(value: Any) -> Any:
    """Return the response of a client of either kind."""
    return await value if inspect.isawaitable(value) else value


def _bare(value: _Json) -> _Json:
    return {key: item for key, item in value.items() if key != "metadata"}


def _same(what: str, wanted: object, found: object) -> None:
    """Compare strictly: 1 differs from 1.0 and from True."""
    one, other = _text(wanted), _text(found)
    if one != other:
        at = next(index for index, pair in enumerate(itertools.zip_longest(one, other)) if pair[0] != pair[1])
        raise _LostError(f"{what}: ...{one[max(0, at - 30) : at + 50]}... is ...{other[max(0, at - 30) : at + 50]}...")


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
