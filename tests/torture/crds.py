"""Random changes to families of CRDs lose no name, redefine no name and lose no field.

Each try makes one change to the CRDs of a group, which share shapes and have copies of types of Kubernetes: it adds or
removes a CRD, a version, a property or a value, puts them in another order, or replaces a version by a new one. Then it
compares the names that the old and the new documents resolve to (`crd_names`), and checks that every place that both
have has the same name. The names of removed things may disappear. Every object that is drawn for the new documents must
pass through the generated models without a difference.

`turned` counts the changes by which an object became a type of Kubernetes or stopped being one, `places` the compared
places, and `objects` the round trips.
"""

from __future__ import annotations

import functools
import importlib
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from kgen.ir import Api
from kgen.package_names import PackageNames
from kubecore.codec import decode
from tests.kgen.documents import generated
from tests.kgen.drawn_values import members
from tests.torture.additions import from_disk, has_names, resolved
from tests.torture.crd_changes import Change, changed
from tests.torture.crd_families import Json, family
from tests.torture.crd_names import Names, lost
from tests.torture.tally import Tally

__all__ = ["Faults", "compared", "places", "play", "run"]

_Places = Mapping[tuple[str, ...], str]
"""The name of each place by its path: schema of the kind, then properties."""

_STEPS: Final = 10
"""Changes to a family, each to the result of the last one."""

_PACKAGE: Final = "crdfamily"


class Faults(Counter[str]):
    """Counts of `names_lost`, `names_redefined` and `fields_lost`, with a description of each fault."""

    def __init__(self) -> None:
        super().__init__(names_lost=0, names_redefined=0, fields_lost=0)
        self.texts: list[str] = []

    def add(self, sort: str, text: str) -> None:
        """Count a fault."""
        self[sort] += 1
        self.texts.append(text)


def run(n: int | None, seed: int) -> Tally:
    """Make `n` changes, 200 by default."""
    tally = Tally("crds")
    play(tally, 200 if n is None else n, seed)
    return tally


def play(tally: Tally, n: int, seed: int) -> None:
    """Change families; print changes tried, names lost, names redefined and fields lost."""
    choice = random.Random(seed)
    total, turned, compared_places, objects = Faults(), 0, 0, 0
    with _folder() as folder:
        while tally.tries < n:
            manifests = family(choice)
            api = resolved(manifests)
            for step in range(min(_STEPS, n - tally.tries)):
                more, change = changed(manifests, choice)
                after = resolved(more, PackageNames.of(api) if step % 5 else from_disk(api))
                faults = Faults()
                turned += compared((manifests, api), (more, after), change, faults)
                compared_places += len(places(more, after))
                objects += _trips(more, after, folder, choice, faults)
                label = f"{seed}/{tally.tries}, {change.sort} of {change.text}"
                tally.check(not faults.texts, f"{label}: {'; '.join(faults.texts[:3])}")
                total.update(faults)
                manifests, api = more, after
    for name, count in total.items():
        tally.figure(name, count)
    tally.figure("turned", turned)
    tally.figure("places", compared_places)
    tally.figure("objects", objects)


# Names.


def compared(
    before: tuple[Sequence[Json], Api], after: tuple[Sequence[Json], Api], change: Change, faults: Faults
) -> bool:
    """Compare the names of two states of a family; return whether an object turned into a type of Kubernetes or back.

    Args:
        before: The CRDs and their names.
        after: The same after the change.
        change: The change.
        faults: Receives the lost and redefined names.
    """
    old, new = Names.of(before[1]), Names.of(after[1])
    old_places, new_places = places(*before), places(*after)
    removed = {name for place, name in old_places.items() if place not in new_places}
    kept = {name for place, name in old_places.items() if place in new_places}
    # Names in a type of Kubernetes that was a class of the package may be of fields that the CRD does not describe.
    roots = tuple(removed - kept)
    for name in sorted({*old.every()} - {*new.every()}):
        if name in kept or not name.startswith(roots):
            faults.add("names_lost", f"{name} is gone")
    for place in old_places.keys() & new_places.keys():
        if old_places[place] != new_places[place]:
            faults.add("names_redefined", f"{'.'.join(place)} was {old_places[place]} and is {new_places[place]}")
    has_turned = False
    redefined: list[str] = []
    if change.sort in ("addition", "order"):
        found, has_turned = lost(old, new)
        redefined += found
    if change.sort in ("removal", "order"):
        # The remaining names keep their meanings. An object that was a type of Kubernetes has new names in it.
        found, is_turned = lost(new, old)
        has_turned |= is_turned
        redefined += [text for text in found if not text.endswith((" is gone", " are gone"))]
    if change.sort == "bump":
        # Names of the version that went are gone; those of all others keep their meanings.
        found, is_turned = lost(old, new)
        has_turned |= is_turned
        redefined += [text for text in found if not text.endswith((" is gone", " are gone", " went or changed"))]
    for text in redefined:
        faults.add("names_redefined", text)
    return has_turned


def places(manifests: Sequence[Json], api: Api) -> _Places:
    """Return the name of each place that has one: kinds, lists, objects and constants, also those that are aliases."""
    names = PackageNames.of(api)
    found: dict[tuple[str, ...], str] = {}
    kinds = {model.schema: (str(module.name), str(model.name)) for module in api.modules for model in module.models}
    for raw in manifests:
        spec = raw["spec"]
        for version in spec["versions"]:
            kind = ".".join([*reversed(spec["group"].split(".")), version["name"], spec["names"]["kind"]])
            found[kind,] = ".".join(kinds[kind])
            found[f"{kind}List",] = ".".join(kinds[f"{kind}List"])
            module, owner = kinds[kind]
            for place, name in _inside(version["schema"]["openAPIV3Schema"], owner, (kind,), module, names):
                found[place] = f"{module}.{name}"
    return found


def _inside(
    schema: Json, owner: str, path: tuple[str, ...], module: str, names: PackageNames
) -> Iterator[tuple[tuple[str, ...], str]]:
    for wire_name, value in (schema.get("properties") or {}).items():
        name = names.name_of(module, owner, wire_name)
        if name is not None:
            place = (*path, wire_name)
            yield place, name
            yield from _inside(_object_in(value), name, place, module, names)


def _object_in(schema: Json) -> Json:
    """Return the object that a property holds, or that its items or values are."""
    while not schema.get("properties"):
        inner = schema.get("items") or schema.get("additionalProperties")
        if not isinstance(inner, dict):
            break
        schema = inner
    return schema


# Round trips.


def _trips(manifests: Sequence[Json], api: Api, folder: Path, choice: random.Random, faults: Faults) -> int:
    """Read and write an object of each kind with the generated models; return the number of round trips."""
    made = 0
    for name, cls, schema in _kinds(manifests, api, folder):
        raw = {
            "apiVersion": name.rpartition(" ")[0],
            "kind": name.rpartition(" ")[2],
            "metadata": {"name": "a"},
            **members({**schema, "required": []}, choice, 4),
        }
        text = json.dumps(raw, sort_keys=True)
        _trip(name, functools.partial(cls.from_dict, raw), text, faults)
        _trip(name, functools.partial(decode.decode, text, cls), text, faults)
        made += 1
    return made


def _trip(name: str, read: Callable[[], Any], text: str, faults: Faults) -> None:
    try:
        sent = json.dumps(read().to_dict(), sort_keys=True)
    except Exception as error:
        faults.add("fields_lost", f"{name} can't be read: {error}: {text}")
        return
    if sent != text:
        faults.add("fields_lost", f"{name}: {text} is sent as {sent}")


def _kinds(manifests: Sequence[Json], api: Api, folder: Path) -> Iterator[tuple[str, Any, Json]]:
    """Yield the group version with the kind, the class and the schema of each kind."""
    modules = _imported(api, folder)
    for raw in manifests:
        spec = raw["spec"]
        for version in spec["versions"]:
            api_version, kind = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
            schema = version["schema"]["openAPIV3Schema"]
            name = ".".join([*reversed(spec["group"].split(".")), version["name"], kind])
            yield f"{api_version} {kind}", modules[name], schema


def _imported(api: Api, folder: Path) -> dict[str, Any]:
    """Return the class of each schema, of a package that is written and imported."""
    for name in [name for name in sys.modules if name.split(".")[0] == _PACKAGE]:
        del sys.modules[name]
    shutil.rmtree(folder / _PACKAGE, ignore_errors=True)
    for path, source in generated(api, _PACKAGE, quickly=True, is_wanted=has_names).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source, encoding="utf-8")
    importlib.invalidate_caches()
    found: dict[str, Any] = {}
    for module in api.modules:
        made: ModuleType = importlib.import_module(f"{_PACKAGE}.models.{module.name}")
        found |= {model.schema: getattr(made, model.name) for model in module.models if model.is_kind}
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    """Provide a folder from which modules are imported."""
    folder = Path(tempfile.mkdtemp(prefix="kgen-crds-"))
    sys.path.insert(0, str(folder))
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield folder
    finally:
        sys.dont_write_bytecode = kept
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == _PACKAGE]:
            del sys.modules[name]
        shutil.rmtree(folder)
