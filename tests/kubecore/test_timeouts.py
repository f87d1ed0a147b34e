"""Every public call accepts `timeout=` and never lasts longer, whatever the server does."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import anyio
import pytest

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from tests.everyverb import Verb, arguments, finish, finish_async, verbs

pytestmark = pytest.mark.slow  # real timeouts of every call

SYNC: Final = list(verbs(is_async=False))
ASYNC: Final = list(verbs(is_async=True))
GIVEN: Final = 0.05
SLACK: Final = 20.0
"""Extra seconds for a busy machine. Every limit except the tested one is longer."""

_PATIENT: Final = rest.Timeouts(connect=90, read=90, write=90, pool=90, total=90, idle=90)


@pytest.fixture(scope="module")
def mute() -> Iterator[str]:
    """A server that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def named(verb: Verb) -> str:
    return verb.name


def test_the_calls_are_found() -> None:
    names = {verb.name for verb in SYNC}
    assert {
        "Get.get",
        "Exec.run",
        "Logs.stream_logs",
        "Scale.get_scale",
        "Discovery.find",
        "BaseClientset.raw",
    } <= names
    assert {
        "DynamicClient.resource",
        "Objects.get_subresource",
        "apply.apply_file",
        "PortForward.port_forward",
    } <= names
    assert len(SYNC) == len(ASYNC) > 60


@pytest.mark.parametrize("verb", [*SYNC, *ASYNC], ids=named)
def test_every_call_has_a_timeout(verb: Verb) -> None:
    parameter = verb.signature.parameters["timeout"]
    assert parameter.annotation == "float | None"
    assert parameter.kind is parameter.KEYWORD_ONLY


def failure(error: BaseException, verb: Verb) -> str:
    assert isinstance(error, TimeoutError), f"{verb.name}: {error!r}"
    return str(error)


@pytest.mark.parametrize("verb", SYNC, ids=named)
def test_the_timeout_applies_to_every_verb(verb: Verb, mute: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with Clientset(rest.Config(host=mute, timeouts=_PATIENT)) as clientset, pytest.raises(errors.KubeError) as raised:
        finish(verb.make(clientset)(**arguments(verb, tmp_path), timeout=GIVEN))
    assert GIVEN <= time.monotonic() - began + 0.01 < SLACK
    check(raised.value, verb)


@pytest.mark.parametrize("verb", ASYNC, ids=named)
def test_the_timeout_applies_to_every_async_verb(verb: Verb, mute: str, tmp_path: Path, backend: str) -> None:
    async def scenario() -> None:
        async with AsyncClientset(rest.Config(host=mute, timeouts=_PATIENT)) as clientset:
            with pytest.raises(errors.KubeError) as raised:
                await finish_async(verb.make(clientset)(**arguments(verb, tmp_path), timeout=GIVEN))
            check(raised.value, verb)

    began = time.monotonic()
    anyio.run(scenario, backend=backend)
    assert GIVEN <= time.monotonic() - began + 0.01 < SLACK


def check(error: errors.KubeError, verb: Verb) -> None:
    """Check that the error reports a timeout and its length."""
    if isinstance(error, errors.ApplyFileError):
        assert [type(one.error) for one in error.failures] == [errors.DeadlineError]
    else:
        assert isinstance(error, TimeoutError), f"{verb.name}: {error!r}"
    assert f"{GIVEN:g} s" in str(error), verb.name


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
