"""Certificates that change in their files, pools after an event loop or a fork, and the exit of the interpreter."""

from __future__ import annotations

import logging
import os
import ssl
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore._http import tls
from tests.kubecore.loopback import Loopback, loopback, response_bytes
from tests.sockets import SocketServer

pytestmark = pytest.mark.slow  # interpreters and certificates

POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[]}}'


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "_LOOK_SECONDS", 0.0)


class Names(Loopback):
    """A server that responds with a pod that is named after the client's certificate."""

    def _serve(self, connection: Any) -> None:
        while connection.recv(65536):
            shown = connection.getpeercert()["subjectAltName"][0][1]
            connection.sendall(response_bytes(POD.replace(b'"p"', f'"{shown}"'.encode())))


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


def write_pair(authority: trustme.CA, folder: Path, name: str) -> None:
    made = authority.issue_cert(f"{name}.example")
    made.cert_chain_pems[0].write_to_path(str(folder / "cert"))
    made.private_key_pem.write_to_path(str(folder / "key"))


def test_a_client_certificate_that_changes_in_its_files_is_shown_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = trustme.CA()
    write_pair(authority, tmp_path, "one")
    server = Names([], close=False, context=server_context(authority))
    files = rest.TLSConfig(
        ca_data=authority.cert_pem.bytes(), cert_file=str(tmp_path / "cert"), key_file=str(tmp_path / "key")
    )
    config = rest.Config(host=f"https://127.0.0.1:{server.port}", tls=files)
    seen: list[str] = []

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            seen.append((await clientset.core_v1.pods("d").get("p")).metadata.name)
            write_pair(authority, tmp_path, "three")
            seen.append((await clientset.core_v1.pods("d").get("p")).metadata.name)

    try:
        with Clientset(config) as clientset:
            pods = clientset.core_v1.pods("d")
            seen.append(pods.get("p").metadata.name)
            (tmp_path / "key").write_text("half")
            seen.append(pods.get("p").metadata.name)  # The old pair is used until the new one is complete.
            write_pair(authority, tmp_path, "two")
            seen.append(pods.get("p").metadata.name)
        anyio.run(main)
    finally:
        server.stop()
    assert seen == [f"{name}.example" for name in ("one", "one", "two", "two", "three")]
    assert ["can't be used" in record.getMessage() for record in caplog.records] == [True]


def test_a_client_certificate_of_an_exec_plugin_is_used_for_new_connections(tmp_path: Path) -> None:
    """The plugin prints an expired credential, so each call runs the plugin."""
    authority = trustme.CA()
    write_pair(authority, tmp_path, "one")
    plugin = tmp_path / "plugin"
    status = "{'expirationTimestamp': '2000-01-01T00:00:00Z', 'clientCertificateData': cert, 'clientKeyData': key}"
    plugin.write_text(
        f"#!{sys.executable} -SE\nimport json\n"
        f"cert, key = (open({str(tmp_path)!r} + name).read() for name in ('/cert', '/key'))\n"
        "api = 'client.authentication.k8s.io/v1'\n"
        f"print(json.dumps({{'apiVersion': api, 'kind': 'ExecCredential', 'status': {status}}}))\n"
    )
    plugin.chmod(0o700)
    server = Names([], close=False, context=server_context(authority))
    config = rest.Config(
        host=f"https://127.0.0.1:{server.port}",
        tls=rest.TLSConfig(ca_data=authority.cert_pem.bytes()),
        exec=rest.ExecConfig(command=str(plugin)),
    )
    seen: list[str] = []

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            seen.append((await clientset.core_v1.pods("d").get("p")).metadata.name)
            write_pair(authority, tmp_path, "three")
            seen.append((await clientset.core_v1.pods("d").get("p")).metadata.name)

    try:
        with Clientset(config) as clientset:
            pods = clientset.core_v1.pods("d")
            seen.append(pods.get("p").metadata.name)
            write_pair(authority, tmp_path, "two")
            seen.append(pods.get("p").metadata.name)
        anyio.run(main)
    finally:
        server.stop()
    assert seen == [f"{name}.example" for name in ("one", "two", "two", "three")]


def test_a_ca_that_changes_in_its_file_is_trusted_next_and_the_old_one_is_not(tmp_path: Path) -> None:
    authorities = [trustme.CA(), trustme.CA()]
    ca = tmp_path / "ca.crt"
    servers = []
    for authority in authorities:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        servers.append(Loopback([response_bytes(POD)] * 3, close=True, context=context))
    try:
        ca.write_bytes(authorities[0].cert_pem.bytes())
        made = [
            Clientset(rest.Config(host=f"https://127.0.0.1:{one.port}", tls=rest.TLSConfig(ca_file=str(ca))))
            for one in servers
        ]
        assert made[0].core_v1.pods("d").get("p").metadata.name == "p"
        with pytest.raises(errors.ConnectError, match="certificate verify failed"):
            made[1].core_v1.pods("d").get("p")
        ca.write_text("")  # As during a write; the last complete CA is used.
        assert made[0].core_v1.pods("d").get("p").metadata.name == "p"
        ca.write_bytes(authorities[1].cert_pem.bytes())
        assert made[1].core_v1.pods("d").get("p").metadata.name == "p"
        with pytest.raises(errors.ConnectError, match="certificate verify failed"):
            made[0].core_v1.pods("d").get("p")
        for one in made:
            one.close()
    finally:
        for server in servers:
            server.stop()


def test_a_client_outlives_an_event_loop() -> None:
    with loopback(*[response_bytes(POD)] * 4, close=False) as server:
        clientset = AsyncClientset(rest.Config(host=f"http://127.0.0.1:{server.port}"))

        async def main() -> None:
            async with clientset:
                assert (await clientset.core_v1.pods("d").get("p")).metadata.name == "p"

        async def again() -> None:
            with pytest.raises(
                errors.TransportError,
                match=r"/pods/p: the client is closed; keep it open as long as something uses it",
            ):
                await clientset.core_v1.pods("d").get("p")

        anyio.run(main)
        anyio.run(again)


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class Many(SocketServer):
    """A server that serves each connection in a separate thread until the client closes it."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        super().__init__(self._answer, seconds=30)

    def _answer(self, connection: Any, number: int) -> None:
        while head := connection.recv(65536):
            self.requests.append(head)
            if b"watch=true" in head:
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
            else:
                connection.sendall(response_bytes(POD))


@pytest.fixture
def many() -> Iterator[Many]:
    with Many() as server:
        yield server


def test_a_forked_child_has_separate_connections(many: Many) -> None:
    code = """
    import os, sys
    from kubeclient import Clientset
    from kubecore import rest
    with Clientset(rest.Config(host=sys.argv[1])) as clientset:
        pods = clientset.core_v1.pods("d")
        get = lambda: pods.get("p").metadata.name
        assert get() == "p"
        child = os.fork()
        for _ in range(50):
            assert get() == "p"
        if child == 0:
            clientset.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert get() == "p"
    """
    done = run(code, f"http://127.0.0.1:{many.port}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_interpreter_ends_at_once_with_a_watch_open(kind: str, many: Many) -> None:
    code = """
    import os, sys, threading, time
    from kubeclient import AsyncClientset, Clientset
    from kubecore import rest
    config = rest.Config(host=sys.argv[1])
    if sys.argv[2] == "sync":
        def read():
            with Clientset(config) as clientset, clientset.core_v1.pods("d").watch(resource_version="1") as events:
                opened.set()
                for event in events:
                    pass
        opened = threading.Event()
        threading.Thread(target=read, daemon=True).start()
        opened.wait()
    else:
        import asyncio
        AsyncClientset(config).core_v1.pods("d")  # What takes long to load must not hold up the loop.
        async def main():
            asyncio.get_running_loop().slow_callback_duration = 60  # A busy machine is not a finding.
            clientset = AsyncClientset(config)
            async def read():
                async with clientset, clientset.core_v1.pods("d").watch(resource_version="1") as events:
                    opened.set()
                    async for event in events:
                        pass
            opened = asyncio.Event()
            task = asyncio.create_task(read())
            await opened.wait()
        asyncio.run(main())
    sys.exit(7)
    """
    started = time.monotonic()
    done = run(code, f"http://127.0.0.1:{many.port}", kind)
    assert (done.returncode, done.stderr) == (7, "")
    assert time.monotonic() - started < 30


def test_watches_never_keep_a_request_waiting(many: Many) -> None:
    config = rest.Config(host=f"http://127.0.0.1:{many.port}", max_connections=2)
    with Clientset(config) as clientset:
        pods = clientset.core_v1.pods("d")
        watches = [pods.watch(resource_version="1") for _ in range(20)]
        for watch in watches:
            watch.__enter__()
        assert pods.get("p").metadata.name == "p"
        for watch in watches:
            watch.close()

    async def main() -> None:
        async with AsyncClientset(config) as clientset:
            pods = clientset.core_v1.pods("d")
            async with anyio.create_task_group() as group:

                async def read() -> None:
                    async with pods.watch(resource_version="1") as events:
                        opened.append(1)
                        async for _ in events:
                            pass

                opened: list[int] = []
                for _ in range(20):
                    group.start_soon(read)
                while len(opened) < 20:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
                assert (await pods.get("p")).metadata.name == "p"
                group.cancel_scope.cancel()

    for backend in ("asyncio", "trio"):
        anyio.run(main, backend=backend)


def test_many_threads_share_one_clientset(many: Many) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        config = rest.Config(host=f"http://127.0.0.1:{many.port}", max_connections=8)
        with Clientset(config) as clientset, ThreadPoolExecutor(64) as threads:
            got = list(threads.map(lambda _: clientset.core_v1.pods("d").get("p").metadata.name, range(1000)))
    finally:
        sys.setswitchinterval(interval)
    assert got == ["p"] * 1000


def test_a_full_pool_raises_pool_timeout_error(many: Many) -> None:
    config = rest.Config(host=f"http://127.0.0.1:{many.port}", max_connections=1, timeouts=rest.Timeouts(pool=0.05))
    with Clientset(config) as clientset:
        request = clientset.rest_client._requests
        assert request is not None
        pool = clientset.rest_client._transport
        taken = pool._slots.get()  # type: ignore[attr-defined]
        with pytest.raises(errors.PoolTimeoutError, match="max_connections"):
            clientset.core_v1.pods("d").get("p")
        del taken
        assert clientset.core_v1.pods("d").get("p").metadata.name == "p"


def test_the_pool_recovers_after_a_lack_of_file_descriptors(many: Many) -> None:
    code = """
    import os, resource, sys
    from kubeclient import Clientset
    from kubecore import errors, rest
    with Clientset(rest.Config(host=sys.argv[1])) as clientset:
        pods = clientset.core_v1.pods("d")
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        held = []
        try:
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        try:
            pods.get("p")
        except errors.ConnectError as error:
            assert "Too many open files" in str(error), error
        else:
            raise SystemExit("no error")
        for one in held:
            os.close(one)
        assert pods.get("p").metadata.name == "p"
    """
    done = run(code, f"http://127.0.0.1:{many.port}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_client_with_keys_from_memory_needs_no_files_and_no_home_folder(many: Many, tmp_path: Path) -> None:
    """Keys from memory are never left on disk."""
    authority = trustme.CA()
    made = authority.issue_cert("me.example")
    server = Names([], close=False, context=server_context(authority))
    for name, data in (("ca", authority.cert_pem), ("cert", made.cert_chain_pems[0]), ("key", made.private_key_pem)):
        (tmp_path / name).write_bytes(data.bytes())
    code = """
    import sys
    from pathlib import Path
    opened = []
    def audit(event, args):
        if event == "open" and isinstance(args[2], int) and args[2] & 3:
            opened.append(args[0])
    data = {name: (Path(sys.argv[2]) / name).read_bytes() for name in ("ca", "cert", "key")}
    from kubeclient import Clientset
    from kubecore import rest
    sys.addaudithook(audit)
    tls = rest.TLSConfig(ca_data=data["ca"], cert_data=data["cert"], key_data=data["key"])
    with Clientset(rest.Config(host=sys.argv[1], tls=tls)) as clientset:
        assert clientset.core_v1.pods("d").get("p").metadata.name == "me.example"
    assert not [one for one in opened if not str(one).startswith("/proc/self/fd/")], opened
    """
    try:
        environment = {"PATH": os.environ["PATH"], "TMPDIR": "/nowhere"}
        command = [sys.executable, "-B", "-c", textwrap.dedent(code), f"https://127.0.0.1:{server.port}", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    finally:
        server.stop()
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_logged_by_default(many: Many, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Clientset(rest.Config(host=f"http://127.0.0.1:{many.port}")) as clientset:
        clientset.core_v1.pods("d").get("p")
    assert caplog.records == []
