"""Objects of servers that are one and two minor versions older are decoded and encoded without loss.

`tests.server.recording` recorded the objects of `recorded/` from a running API server. The other objects have every
field set. They are the test data for old releases in `k8s.io/api`, the Go module from which the test servers are built.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubecore.codec import decode
from kubecore.model.model import Model
from tests.golang import need_go
from tests.models import ALL

pytestmark = pytest.mark.thorough  # The result depends on the objects, not on the version of Python.

GOMOD = Path(__file__).parents[1] / "cluster" / "gomod" / "1.37"
RECORDED = Path(__file__).parent / "recorded"


# Alpha fields that 1.37 no longer has; a 1.37 server drops them too.
REMOVED = (".workloadRef", ".nodeAllocatableResourceMappings", ".nodeAllocatableResourceClaimStatuses[0].resources")


def kinds() -> dict[tuple[str, str], type[Model]]:
    zeros: list[tuple[type[Model], Any]] = [(cls, cls.zero()) for cls in ALL if "kind" in cls.__struct_fields__]
    return {(zero.api_version, zero.kind): cls for cls, zero in zeros if zero.kind}


KINDS = kinds()


@pytest.fixture(scope="module")
def testdata() -> Path:
    need_go(GOMOD, "mod", "download", "k8s.io/api")
    command = ["go", "mod", "download", "-json", "k8s.io/api"]
    done = subprocess.run(command, cwd=GOMOD, capture_output=True, text=True, check=True)
    return Path(json.loads(done.stdout)["Dir"]) / "testdata"


def objects(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.json")):
        yield json.loads(file.read_bytes())


@pytest.mark.server
@pytest.mark.real_only("needs_go")
@pytest.mark.parametrize("minor", ["v1.35.0", "v1.36.0"])
def test_objects_of_an_older_server_round_trip_unchanged(minor: str, testdata: Path) -> None:
    assert kept(objects(testdata / minor)) > 80


@pytest.mark.parametrize("file", sorted(RECORDED.glob("*.jsonl")), ids=lambda file: file.stem)
def test_objects_recorded_from_an_older_server_round_trip_unchanged(file: Path) -> None:
    assert kept(json.loads(line) for line in file.read_text("utf-8").splitlines()) > 70


def kept(recorded: Iterable[dict[str, Any]]) -> int:
    """Decode and encode the objects of known kinds without loss, and return their number."""
    seen = 0
    dropped: set[str] = set()
    for data in recorded:
        cls = KINDS.get((data.get("apiVersion", ""), data.get("kind", "")))
        if cls is None:
            continue  # A version of an API that 1.37 no longer serves.
        model = decode.decode(json.dumps(data), cls)
        assert isinstance(model, Model)
        lost = {place for place in missing(data, model.to_dict(), "") if not place.endswith(REMOVED)}
        dropped |= {f"{data['kind']}{place}" for place in lost}
        seen += 1
    assert not dropped
    return seen


def missing(data: Any, back: Any, path: str) -> list[str]:
    """Return the paths that were lost. Empty values count as absent, as they do on the server."""
    if back is None and is_zero(data):
        return []
    if isinstance(data, dict):
        if not isinstance(back, dict):
            return [path] if data else []
        return [lost for key, item in data.items() for lost in missing(item, back.get(key), f"{path}.{key}")]
    if isinstance(data, list):
        if not isinstance(back, list) or len(back) != len(data):
            return [path] if data else []
        return [lost for index, item in enumerate(data) for lost in missing(item, back[index], f"{path}[{index}]")]
    return [] if data == back or data in (None, "") else [f"{path}: {data!r} became {back!r}"]


def is_zero(data: Any) -> bool:
    """Return whether a value equals an absent one, such as a status in which all counters are zero."""
    if isinstance(data, dict):
        return all(is_zero(item) for item in data.values())
    return not data
