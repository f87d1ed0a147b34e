"""An error about a response keeps no part of it: programs collect errors, and a body may be large or hold a Secret."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from kubecore import errors, rest
from kubecore.codec.streamed_list import StreamedList
from tests.kubecore.loopback import loopback, response_bytes
from tests.torture.callers import MODES, callers

ITEM = b'{"metadata":{"name":"p"},"spec":{"containers":[]}}'
LARGE = b",".join([ITEM] * 25_000)
BODIES = {
    "malformed at once": b'{"kind":"PodList","apiVersion":"v1","items":[{' + LARGE,
    "malformed at the end": b'{"kind":"PodList","apiVersion":"v1","items":[' + LARGE,
    "wrong type": b'{"kind":"PodList","apiVersion":"v1","items":[' + LARGE + b',{"metadata":5}]}',
    "other kind": b'{"kind":"JobList","apiVersion":"v1","items":[' + LARGE + b"]}",
    "not UTF-8": b'{"kind":"PodList","apiVersion":"v1","items":[' + LARGE + b',{"metadata":{"name":"\xff"}}]}',
}
USES: dict[str, Any] = {
    "list": lambda c: c.core_v1.pods("d").list(),
    "get": lambda c: c.core_v1.pods("d").get("p"),
    "metadata": lambda c: c.core_v1.pods("d").list_metadata(),
}


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its causes and its contexts, the suppressed ones included."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if found is not None and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [found.__cause__, found.__context__]


def frames(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames of kubecore to which an error leads."""
    for each in chain(error):
        trace = each.__traceback__
        while trace is not None:
            if "kubecore" in trace.tb_frame.f_globals["__name__"].split("."):
                yield trace.tb_frame
            trace = trace.tb_next


def kept(error: BaseException) -> list[str]:
    """Return the variables that hold a body."""
    return [
        f"{frame.f_code.co_filename}:{frame.f_code.co_name}: {name}"
        for frame in frames(error)
        for name, value in frame.f_locals.items()
        if isinstance(value, StreamedList)
        or (isinstance(value, (bytes, bytearray, memoryview)) and len(value) > 100_000)
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("use", ["list", "get", "metadata"])
@pytest.mark.parametrize("body", BODIES)
def test_an_error_about_a_large_body_keeps_no_part_of_it(body: str, use: str, mode: Any) -> None:
    with loopback(response_bytes(BODIES[body])) as server, callers(mode) as make:
        with make(rest.Config(host=f"http://127.0.0.1:{server.port}", max_retries=0)) as caller:
            with pytest.raises(errors.DecodeError) as caught:
                caller.run(USES[use])
    assert kept(caught.value) == []
