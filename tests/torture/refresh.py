"""Many concurrent callers with an expired or rejected credential cause one renewal."""

from __future__ import annotations

import ssl
import stat
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import anyio
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from tests.torture.callers import MODES
from tests.torture.server import POD, PodServer, Reply, Request, http_response
from tests.torture.tally import Tally

_CALLERS: Final = 100


def run(n: int | None, seed: int) -> Tally:
    """Run 100 concurrent callers during each rotation; `n` is the number of rotations per mode."""
    del seed
    tally = Tally("refresh")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    judge = _Judge()
    with tempfile.TemporaryDirectory() as name, PodServer(judge.reply, context=context) as server:
        folder = Path(name)
        config = rest.Config(
            host=f"https://127.0.0.1:{server.port}",
            tls=rest.TLSConfig(ca_data=authority.cert_pem.bytes()),
            exec=rest.ExecConfig(command=_plugin(folder)),
        )
        for mode in MODES:
            _rotate(tally, mode, config, folder, judge, n or 5)
    return tally


class _Judge:
    """Accepts the current token, and responds with 401 to every other."""

    def __init__(self) -> None:
        self.right = ""

    def reply(self, request: Request) -> Reply:
        good = f"Authorization: Bearer {self.right}".encode() in request.head.split(b"\r\n")
        return Reply((http_response(POD) if good else http_response(b"", status="401 No"),))


def _plugin(folder: Path) -> str:
    file = folder / "plugin"
    file.write_text(
        f"#!{sys.executable} -IS\n"
        "import json, time\n"
        f"open({str(folder / 'runs')!r}, 'a').write('x')\n"
        "time.sleep(0.1)\n"
        f"token = open({str(folder / 'token')!r}).read()\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
        " 'status': {'token': token}}))\n"
    )
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def _rotate(tally: Tally, mode: Any, config: rest.Config, folder: Path, judge: _Judge, rotations: int) -> None:
    """Run the callers once for each rotation, with one client."""
    runs = folder / "runs"

    def turn(number: int) -> None:
        judge.right = f"{mode}-{number}"
        (folder / "token").write_text(judge.right)
        runs.write_text("")

    def check(number: int, failed: int) -> None:
        count = len(runs.read_text())
        tally.check(not failed, f"{mode}, rotation {number}: {failed} callers failed")
        tally.check(count == 1, f"{mode}, rotation {number}: {count} renewals")

    if mode == "sync":
        with Clientset(config) as clientset, ThreadPoolExecutor(_CALLERS) as threads:
            start = threading.Barrier(_CALLERS)

            def get(_: int) -> int:
                start.wait()
                try:
                    clientset.core_v1.pods("d").get("p")
                except errors.KubeError:
                    return 1
                return 0

            for number in range(rotations):
                turn(number)
                check(number, sum(threads.map(get, range(_CALLERS))))
        return

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            for number in range(rotations):
                turn(number)
                failed: list[int] = []

                async def get(failed: list[int] = failed) -> None:
                    try:
                        await clientset.core_v1.pods("d").get("p")
                    except errors.KubeError:
                        failed.append(1)

                async with anyio.create_task_group() as group:
                    for _ in range(_CALLERS):
                        group.start_soon(get)
                check(number, len(failed))

    anyio.run(main, backend=mode)
