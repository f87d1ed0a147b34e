"""Patches and applies of the fake API server take a time that is linear in the length of lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from kubecore.testing._apply.managed import apply, track_update
from kubecore.testing._patching.json_patch import apply_json_patch
from kubecore.testing._patching.merge_patch import apply_merge_patch
from kubecore.testing._patching.strategic import apply_strategic_merge
from kubecore.testing._schemas.packages import load
from tests.test_linear_parsers import Case, is_linear

pytestmark = pytest.mark.thorough

POD: Final = load("kubeclient").schema("", "v1", "Pod")
NOW: Final = "2026-01-01T00:00:00Z"
Documents = tuple[dict[str, Any], dict[str, Any]]


def pod(containers: list[Any], finalizers: list[Any] | None = None) -> dict[str, Any]:
    made = {"metadata": {"name": "a", "finalizers": finalizers or []}, "spec": {"containers": containers}}
    return {"apiVersion": "v1", "kind": "Pod", **made}


def containers(size: int, image: str, *, is_reversed: bool = False) -> list[Any]:
    found = [{"name": f"c{number}", "image": image, "ports": [{"containerPort": number}]} for number in range(size)]
    return found[::-1] if is_reversed else found


def names(size: int, start: int = 0) -> list[str]:
    return [f"example.com/{number}" for number in range(start, start + size)]


def keyed(size: int) -> Documents:
    return pod(containers(size, "a")), pod(containers(size * 2, "b", is_reversed=True))


def ordered(size: int) -> Documents:
    order = [{"name": each["name"]} for each in containers(size, "a", is_reversed=True)]
    patch = {"spec": {"$setElementOrder/containers": order[::2], "containers": containers(size, "b")[::-2]}}
    return pod(containers(size, "a")), patch


def unordered(size: int) -> Documents:
    order = [{"name": f"new{number}"} for number in range(size)]
    return pod(containers(size, "a")), {"spec": {"$setElementOrder/containers": order, "containers": order}}


def removed(size: int) -> Documents:
    directives = [{"name": each["name"], "$patch": "delete"} for each in containers(size, "a")]
    return pod(containers(size, "a")), pod(directives)


def united(size: int) -> Documents:
    return pod([], names(size)), pod([], names(size, size // 2))


def deleted(size: int) -> Documents:
    return pod([], names(size)), {"metadata": {"$deleteFromPrimitiveList/finalizers": names(size, 1)}}


def retained(size: int) -> Documents:
    labels = dict.fromkeys(names(size), "x")
    return {"metadata": {"labels": labels}}, {"metadata": {"labels": {**labels, "$retainKeys": list(labels)}}}


def strategic(given: Documents) -> None:
    apply_strategic_merge(*given, POD)


def applied(given: Documents) -> None:
    live = tracked(given)
    apply(live, given[1], POD, manager="b", api_version="v1", force=True, now=NOW)


def tracked(given: Documents) -> dict[str, Any]:
    live = track_update(None, given[0], POD, manager="a", api_version="v1", now=NOW)
    return track_update(live, {**given[1], "metadata": live["metadata"]}, POD, manager="c", api_version="v1", now=NOW)


def operations(size: int) -> tuple[Any, list[Any]]:
    paths = [f"/spec/containers/{number}/image" for number in range(size)]
    return pod(containers(size, "a")), [{"op": "replace", "path": path, "value": "b"} for path in paths]


CASES: Final[list[tuple[str, Callable[[Any], Any], Callable[[int], Any]]]] = [
    ("items with keys", strategic, keyed),
    ("an order of items", strategic, ordered),
    ("an order of other items", strategic, unordered),
    ("directives for items", strategic, removed),
    ("values of sets", strategic, united),
    ("deleted values", strategic, deleted),
    ("retained keys", strategic, retained),
    ("merge patch", lambda given: apply_merge_patch(*given), keyed),
    ("operations", lambda given: apply_json_patch(*given), operations),
    ("applied items with keys", applied, keyed),
    ("applied sets", applied, united),
]


@pytest.mark.parametrize(("name", "work", "make"), CASES, ids=[name for name, _, _ in CASES])
def test_the_time_of_a_patch_is_linear(name: str, work: Callable[[Any], Any], make: Callable[[int], Any]) -> None:
    assert is_linear(Case(name, work, make, 200)), f"{name} takes more than linear time"
