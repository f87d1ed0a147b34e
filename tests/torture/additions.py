"""Random additions to CRDs do not remove a name of the package or change its meaning.

Each try adds one thing to random CRDs, or to those of tests/: a CRD, a version, a group, a property, a value of an
enum, an equal object, or a list next to a property with a similar name. Then it compares the names that the old and the
new documents resolve to: groups, resources, classes with their fields, and constants with their values.

An addition may turn a type of Kubernetes into a class of the package, or back; `turned` counts these cases. The name at
this place must refer to the first one before and to the second one after, and shared fields must have the same names.
"""

from __future__ import annotations

import functools
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from kgen.errors import Problems
from kgen.existing_names import read_package_names
from kgen.ir import Api
from kgen.load.crd import parse
from kgen.load.crd_openapi import convert
from kgen.package_names import NO_NAMES, PackageNames
from kgen.resolve import Builtins, resolve
from kubecore.codec import yaml
from tests.conftest import ROOT
from tests.kgen.documents import generated
from tests.kgen.manifests import kubernetes
from tests.torture.crd_changes import added
from tests.torture.crd_families import drawn
from tests.torture.crd_names import Names, lost
from tests.torture.tally import Tally

__all__ = ["at_hand", "from_disk", "has_names", "manifests_of", "play", "resolved", "run"]

_Json = dict[str, Any]

_LARGEST: Final = 400_000
"""Maximum size of a source file in bytes: larger ones take seconds per try."""


def resolved(manifests: Sequence[_Json], before: PackageNames = NO_NAMES) -> Api:
    """Return the resolved API of CRDs."""
    problems = Problems()
    crds = [crd for raw in manifests for crd in parse(json.dumps(raw).encode(), "crd.json")]
    api = resolve(convert(crds), {}, problems, Builtins("kubeclient", kubernetes()), before)
    assert not problems.errors, problems.errors[:3]
    return api


def at_hand() -> list[Path]:
    """Return the files of CRDs of tests/, and those of ../shared if that folder exists."""
    folders = [
        ROOT / "tests" / "crds",
        ROOT / "tests" / "operators",
        *sorted((ROOT.parent / "shared" / "crds").glob("*/")),
    ]
    return [file for folder in folders for file in sorted(folder.glob("*.yaml")) if file.stat().st_size < _LARGEST]


@functools.cache
def manifests_of(file: Path) -> list[_Json]:
    """Return the CRDs of a file with their served versions only."""
    made: list[_Json] = []
    for raw in yaml.load_all(file.read_bytes()):
        if isinstance(raw, dict) and raw.get("kind") == "CustomResourceDefinition":
            raw["spec"]["versions"] = [version for version in raw["spec"]["versions"] if version["served"]]
            made.append(raw)
    return made


def run(n: int | None, seed: int) -> Tally:
    """Make `n` additions, 300 by default, each to the result of the last one; start over with other CRDs after ten."""
    tally = Tally("additions")
    play(tally, 300 if n is None else n, seed, at_hand())
    return tally


def play(tally: Tally, n: int, seed: int, real: Sequence[Path] = ()) -> None:
    """Add things to drawn CRDs, and to real ones in every fourth round."""
    choice = random.Random(seed)
    turned = rounds = 0
    while tally.tries < n:
        rounds += 1
        file = choice.choice(real) if real and not rounds % 4 else None
        manifests = manifests_of(file) if file is not None else drawn(choice)
        if not manifests:
            continue
        label = file.name if file is not None else f"drawn {rounds}"
        api = resolved(manifests)
        for step in range(min(10, n - tally.tries)):
            more, what = added(manifests, choice)
            after = resolved(more, PackageNames.of(api) if step % 5 else from_disk(api))
            found, has_turned = lost(Names.of(api), Names.of(after))
            turned += has_turned
            tally.check(not found, f"{label}, {what}: {'; '.join(found[:3])}")
            manifests, api = more, after
    tally.figure("turned", turned)


def from_disk(api: Api) -> PackageNames:
    """Return the names of a package, read from its files."""
    with tempfile.TemporaryDirectory() as folder:
        for path, source in generated(api, quickly=True, is_wanted=has_names).items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_text(source, encoding="utf-8")
        before = read_package_names(Path(folder), "made")
        for module in api.modules:  # Names are read on first use; do it before the folder is deleted.
            before.name_of(module.name, "", "")
            before.kind_name(module.name, "", "")
        return before


def has_names(path: str) -> bool:
    """Return whether a file of a package has names of models."""
    return "/models/" in path or path.endswith("_names.py")
