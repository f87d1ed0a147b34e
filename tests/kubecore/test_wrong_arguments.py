"""Arguments that are mistakes: the error names the mistake and the next step before anything else happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kubecore
from kubeclient import AsyncClientset, Clientset
from kubecore import errors
from kubecore.apply import apply_objects_async
from kubecore.recorder import AsyncRecorder, Recorder
from kubecore.testing import FakeCluster


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster() as cluster:
        yield cluster


@pytest.fixture
def clientset(cluster: FakeCluster) -> Iterator[Any]:
    with Clientset(cluster.config) as clientset:
        yield clientset


async def awaited() -> bool:
    return True


def open_watch(version: Any) -> Callable[[Any], object]:
    def mistake(clientset: Any) -> None:
        with clientset.core_v1.pods("default").watch(resource_version=version):
            raise AssertionError("the watch is open")

    return mistake


MISTAKES: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (
        lambda it: it.dynamic.resource("Pod", "default").get_scale("a"),
        AttributeError,
        "write get_subresource.name, 'scale'",
    ),
    (
        lambda it: it.dynamic.resource("Pod", "default").patch_scale,
        AttributeError,
        "write patch_subresource.name, 'scale'",
    ),
    (
        lambda it: it.dynamic.resource("Pod", "default").read_scale,
        AttributeError,
        "write get_subresource.name, 'scale'",
    ),
    (
        lambda it: it.dynamic.resource("apps/v1/Deployment"),
        errors.NoMatchError,
        "resource.'Deployment', api_version='apps/v1'",
    ),
    (open_watch(3), errors.InvalidRequestError, "resource_version must be text, .* not int"),
    (
        lambda it: kubecore.poll(it),
        errors.InvalidRequestError,
        "poll needs a function, such as a lambda, not a Clientset",
    ),
    (lambda it: kubecore.poll(awaited), errors.InvalidRequestError, "must be awaited: use poll_async"),
    (lambda it: kubecore.poll(lambda: awaited()), errors.InvalidRequestError, "must be awaited: use poll_async"),
    (
        lambda it: it.core_v1.namespaces().wait("default", for_=lambda namespace: awaited()),
        errors.InvalidRequestError,
        "the function of a wait is async",
    ),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_a_wrong_argument_is_named(
    clientset: Any, mistake: Callable[[Any], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        mistake(clientset)


@pytest.mark.anyio
async def test_clientsets_of_the_other_kind_are_refused(cluster: FakeCluster, clientset: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    async with AsyncClientset(cluster.config) as made:
        asynchronous: Any = made
        with pytest.raises(TypeError, match=r"^Recorder works with Clientset, not with AsyncClientset"):
            Recorder(asynchronous, "copier")
        with pytest.raises(TypeError, match=r"^AsyncRecorder works with AsyncClientset, not with Clientset"):
            AsyncRecorder(clientset, "copier")
        with pytest.raises(TypeError, match=r"^apply_file works with Clientset, not with AsyncClientset"):
            kubecore.apply_file(asynchronous, tmp_path / "empty.yaml", field_manager="me")
        with pytest.raises(TypeError, match=r"^apply_file_async works with AsyncClientset, not with Clientset"):
            await apply_objects_async(clientset, [], field_manager="me")
        with pytest.raises(errors.InvalidRequestError, match="poll_async needs a function"):
            await kubecore.poll_async(asynchronous)
