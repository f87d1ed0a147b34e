"""Every call ends within its deadline while a name is looked up."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest

from kubeclient import Clientset
from kubecore import errors, rest
from tests.kubecore.deadline_calls import KINDS, do, get

pytestmark = pytest.mark.slow  # real deadlines


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Make every name resolution wait until the event is set."""
    done = threading.Event()

    def getaddrinfo(*given: Any, **more: Any) -> Any:
        done.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield done
    done.set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_error_for_a_slow_lookup_contains_the_name(kind: str, deaf: threading.Event) -> None:
    config = rest.Config(host="https://api.example:6443", timeouts=rest.Timeouts(connect=0.3))
    with pytest.raises(errors.ConnectTimeoutError, match=r"within 0\.3 s: the name api\.example is not looked up yet"):
        do(kind, config, get)
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "kubecore")


@pytest.mark.parametrize("kind", KINDS)
def test_the_timeout_of_a_call_applies_to_the_name_lookup(kind: str, deaf: threading.Event) -> None:
    config = rest.Config(host="https://api.example:6443", proxy_url="http://proxy.example:3128")
    with pytest.raises(errors.DeadlineError, match=r"within 0\.3 s \(timeout=\): the name proxy\.example is not"):
        do(kind, config, lambda clientset: clientset.core_v1.pods("d").get("p", timeout=0.3))


def test_many_connections_share_one_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    done = threading.Event()

    def getaddrinfo(*given: Any, **more: Any) -> Any:
        asked.append(given)
        done.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with Clientset(rest.Config(host="https://api.example:6443", timeouts=rest.Timeouts(connect=0.2))) as clientset:
        for _ in range(3):
            with pytest.raises(errors.ConnectTimeoutError):
                get(clientset)
        assert len(asked) == 1
        done.set()


_PROGRAM: Final = """
import socket, sys, time, anyio
from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
def getaddrinfo(*given, **more): time.sleep(300)
socket.getaddrinfo = getaddrinfo
config = rest.Config(host="https://api.example:6443", timeouts=rest.Timeouts(connect=0.2))
async def main():
    async with AsyncClientset(config) as clientset:
        await clientset.core_v1.pods("d").get("p")
try:
    Clientset(config).core_v1.pods("d").get("p") if sys.argv[1] == "sync" else anyio.run(main, backend=sys.argv[1])
except errors.ConnectTimeoutError:
    print("late")
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_pending_name_lookup_does_not_delay_the_end_of_the_program(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, kind], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "late\n"
