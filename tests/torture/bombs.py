"""Responses that are too large, too deep, or unpack to too much: memory stays below the configured limit.

A separate process reads each response and reports how much its memory grew.
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from kubeclient.models import apiextensions_v1, core_v1
from kubecore import errors, rest
from kubecore.codec import decode, yaml
from kubecore.watch import decoder, lines
from tests.torture.callers import Caller, Mode, callers
from tests.torture.server import POD, PodServer, Reply, Request, http_response
from tests.torture.tally import Tally

_ROOT: Final = Path(__file__).parents[2]
_MIB: Final = 1 << 20
_PIECE: Final = 64 * 1024
_CAP: Final = 8 * _MIB
_SLACK: Final = 32 * _MIB
_LIAR: Final = 256 * _MIB

_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n\r\n"

# Each kind with the size limit of its client, and the number of bytes that the client may hold in memory.
_KINDS: Final[dict[str, tuple[int, int]]] = {
    "length": (_CAP, _CAP),
    "length-that-lies": (_LIAR, _LIAR),
    "chunks": (_CAP, _CAP),
    "one-chunk": (_CAP, _CAP),
    "small-chunks": (_CAP, _CAP),
    "until-close": (_CAP, _CAP),
    "error-body": (_CAP, _CAP),
    "headers": (_CAP, _CAP),
    "header-line": (_CAP, _CAP),
    "watch-line": (_CAP, lines.MAX_LINE),
    "watch-error": (_CAP, _CAP),
    "gzip": (_CAP, _CAP),
    "gzip-chunks": (_CAP, _CAP),
    "gzip-error": (_CAP, _CAP),
    "gzip-watch-line": (_CAP, lines.MAX_LINE),
}

_STACKS: Final = (64, 128, 256, 512)
"""Stack sizes of threads in KiB."""

_DEEP: Final = ("objects", "watches", "yaml")


class _Bombs:
    """Response to each kind, with bodies of a given size in bytes."""

    def __init__(self, size: int) -> None:
        self._size = size
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
            for _ in range(max(size // 4 // _MIB, 80)):
                file.write(bytes(_MIB))
        self._packed = packed.getvalue()

    def __call__(self, request: Request) -> Reply:
        kind = request.target.partition("?")[0].rsplit("/", 1)[-1]
        if kind == "pods":
            kind = request.target.split("/")[-2]  # The path of a watch has no name: the namespace is the kind.
        if kind == "p":
            return Reply((http_response(POD),))
        if kind == "length-that-lies":
            return Reply((_HEAD + b"Content-Length: %d\r\n\r\n0123456789" % _LIAR,), "close")
        return Reply(self._pieces(kind), "close")

    def _pieces(self, kind: str) -> Iterator[bytes]:
        body, count = b" " * _PIECE, self._size // _PIECE
        if kind == "length":
            yield _HEAD + b"Content-Length: %d\r\n\r\n" % self._size
            yield from itertools.repeat(body, count)
        elif kind == "until-close":
            yield _HEAD + b"\r\n"
            yield from itertools.repeat(body, count)
        elif kind == "headers":
            yield _HEAD
            yield from itertools.repeat(b"X-A: b\r\n" * 8192, count)
        elif kind == "header-line":
            yield _HEAD + b"X-A: "
            yield from itertools.repeat(body, count)
        elif kind == "watch-line":
            yield _HEAD + b'\r\n{"type":"ADDED","object":{"kind":"'
            yield from itertools.repeat(b"x" * _PIECE, count)
        elif kind.startswith("gzip"):
            head = _HEAD if kind != "gzip-error" else b"HTTP/1.1 500 No\r\n"
            yield head + b"Content-Encoding: gzip\r\n"
            if kind == "gzip-chunks":
                yield _CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(self._packed), self._packed)
            else:
                yield b"Content-Length: %d\r\n\r\n%b" % (len(self._packed), self._packed)
        else:
            yield (_HEAD if kind not in ("error-body", "watch-error") else b"HTTP/1.1 500 No\r\n") + _CHUNKED
            if kind == "one-chunk":
                yield b"%x\r\n" % self._size
            elif kind == "small-chunks":
                body = b"10\r\n" + b" " * 16 + b"\r\n"
                body *= _PIECE // len(body)
            else:
                body = b"%x\r\n%b\r\n" % (_PIECE, body)
            yield from itertools.repeat(body, count)


def run(n: int | None, seed: int) -> Tally:
    """Try each kind; `n` is the size of a body in MiB, 1,024 by default."""
    tally = Tally("bombs")
    worst = (0, "")
    with PodServer(_Bombs((1024 if n is None else n) * _MIB)) as server:
        for kind, (cap, held) in _KINDS.items():
            for mode in ("sync", "asyncio"):
                found = _child("bomb", mode, kind, server.url, str(cap))
                grown, outcome = found.get("grown", 0), found.get("outcome")
                if kind != "length-that-lies":
                    worst = max(worst, (grown - held, kind))
                else:
                    tally.figure(f"lie_{mode}", f"{grown // _MIB}MiB")
                is_good = outcome == "typed" and grown <= held + _SLACK
                tally.check(is_good, f"{mode} {kind}: {found}, grown by {grown // _MIB} MiB of {held // _MIB}")
    for size, what in itertools.product(_STACKS, _DEEP):
        found = _child("deep", str(size), what)
        tally.check(found.get("outcome") == "typed", f"deep {what} in a thread with {size} KiB of stack: {found}")
    for size, mode, depth in itertools.product(_STACKS, ("sync", "asyncio", "values"), (28, 900)):
        if mode == "asyncio" and size < 128:
            continue  # The event loop itself needs a larger stack.
        done = _run("tests.torture.deep", str(size), mode, str(depth))
        place = f"deep {mode} of {depth} levels in a thread with {size} KiB of stack"
        tally.check(done.returncode == 0 and done.stdout.strip() == "[]", f"{place}: {done.returncode}, {done.stdout}")
    tally.figure("worst_over_cap", f"{worst[0] // _MIB}MiB({worst[1]})")
    return tally


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)


def _child(*arguments: str) -> dict[str, Any]:
    done = _run(__spec__.name, *arguments)
    if done.returncode or not done.stdout:
        return {"outcome": f"exit code {done.returncode}: {done.stderr[-200:]}"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _peak() -> int:
    """Return the peak memory of this process in bytes. getrusage would include the memory of the parent process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM")


def _bomb(mode: Mode, kind: str, host: str, cap: int) -> dict[str, Any]:
    config = rest.Config(
        host=host,
        max_response_bytes=cap,
        max_retries=0,
        compression=kind.startswith("gzip"),
        timeouts=rest.Timeouts(read=10, total=60),
    )
    with callers(mode) as make, make(config) as caller:
        caller.get()
        before = _peak()
        try:
            found = _watch(caller, kind) if "watch" in kind else caller.run(lambda c: c.core_v1.pods("d").get(kind))
            outcome = f"read as {found!r:.100}"
        except errors.KubeError as error:
            outcome = "typed"
            text = f"{type(error).__name__}: {error!s:.200}"
        except Exception as error:
            outcome = f"foreign {type(error).__name__}: {error!s:.100}"
        return {"outcome": outcome, "grown": _peak() - before, "text": text if outcome == "typed" else ""}


def _watch(caller: Caller, kind: str) -> object:
    def blocking(clientset: Any) -> object:
        with clientset.core_v1.pods(kind).watch(resource_version="1") as events:
            return list(events)

    async def waiting(clientset: Any) -> object:
        async with clientset.core_v1.pods(kind).watch(resource_version="1") as events:
            return [event async for event in events]

    return caller.run(blocking if type(caller.clientset).__name__ == "Clientset" else waiting)


def _deep(kib: int, what: str) -> dict[str, Any]:
    """Read deep bodies in a thread with a small stack, in which a recursive parser crashes the process."""
    outcomes: list[str] = []

    def work() -> None:
        for depth in (150, 250, 900, 100_000):
            for opening, closing in ((b"[", b"]"), (b'{"not":', b"}")):
                deep = opening * depth + b"1" + closing * depth
                for body, kind in _nests(deep):
                    if what == "objects":
                        outcomes.append(_tried(decode.decode, body, kind))
                    elif what == "watches":
                        outcomes.append(_tried(_read, b'{"type":"ADDED","object":' + body + b"}\n", kind))
                        outcomes.append(_tried(_read, b'{"type":"ERROR","object":' + body + b"}\n", kind))
                    else:
                        outcomes.append(_tried(yaml.load, body[:5_000]))

    threading.stack_size(kib * 1024)
    thread = threading.Thread(target=work)
    thread.start()
    threading.stack_size(0)
    thread.join()
    bad = [text for text in outcomes if text]
    return {"outcome": bad[0] if bad else "typed" if outcomes else "nothing was tried"}


def _nests(deep: bytes) -> Iterator[tuple[bytes, Any]]:
    """Yield JSON objects that contain a deep value, with their types."""
    yield deep, core_v1.Pod
    yield b'{"kind":"Pod","new":' + deep + b"}", core_v1.Pod
    yield b'{"metadata":{"labels":' + deep + b"}}", core_v1.Pod
    yield b'{"metadata":{"managedFields":[{"fieldsV1":' + deep + b"}]}}", core_v1.Pod
    yield b'{"details":' + deep + b"}", core_v1.Pod
    yield b'{"a":' + deep + b"}", dict[str, Any]
    schema = (
        b'{"spec":{"group":"a","names":{"kind":"a","plural":"a"},"scope":"x","versions":[{"name":"a","served":true,'
    )
    end = b'"storage":true,"schema":{"openAPIV3Schema":' + deep + b"}}]}}"
    yield schema + end, apiextensions_v1.CustomResourceDefinition
    yield schema + end.replace(b":1}", b":{}}"), apiextensions_v1.CustomResourceDefinition


def _read(line: bytes, kind: Any) -> None:
    list(decoder.Decoder(kind).feed(line))


def _tried(work: Any, *arguments: Any) -> str:
    try:
        work(*arguments)
    except errors.KubeError:
        pass
    except Exception as error:
        return f"foreign {type(error).__name__}: {error!s:.100}"
    return ""


def main(arguments: list[str]) -> None:
    """Run as a child process: print the result as JSON."""
    if arguments[0] == "deep":
        found = _deep(int(arguments[1]), arguments[2])
    else:
        mode: Any = arguments[1]
        found = _bomb(mode, arguments[2], arguments[3], int(arguments[4]))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
