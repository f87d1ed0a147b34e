"""Exec credential plugins: their input, their output, and plugins that misbehave.

The plugins are scripts that the tests write.
"""

from __future__ import annotations

import json
import os
import ssl
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

from kubeclient import AsyncClientset, Clientset
from kubecore import errors, rest
from kubecore._auth import authorization, exec_plugin
from tests.kubecore.loopback import Loopback, response_bytes
from tests.ready import growing, wait_until

pytestmark = pytest.mark.slow  # plugins are processes

V1, V1BETA1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"
POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[]}}'


def script(folder: Path, body: str, name: str = "plugin") -> str:
    """Write a program in Python; `say(**status)` prints an ExecCredential."""
    file = folder / name
    file.write_text(
        f"#!{sys.executable} -IS\n"
        "import json, os, sys, time\n"
        "def say(api='" + V1 + "', kind='ExecCredential', **status):\n"
        "    print(json.dumps({'apiVersion': api, 'kind': kind, 'status': status}))\n"
        f"count = lambda: open({str(folder / 'runs')!r}, 'a').write('x')\n" + body
    )
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def runs(folder: Path) -> int:
    file = folder / "runs"
    return len(file.read_text()) if file.exists() else 0


def get_sync(config: rest.Config) -> Any:
    return authorization.Authorization(authorization.source(config)).get()


def get_async(config: rest.Config) -> Any:
    return anyio.run(authorization.AsyncAuthorization(authorization.source(config)).get)


def get_trio(config: rest.Config) -> Any:
    return anyio.run(authorization.AsyncAuthorization(authorization.source(config)).get, backend="trio")


each = pytest.mark.parametrize("get", [get_sync, get_async, get_trio], ids=["sync", "asyncio", "trio"])


def config(command: str, **more: Any) -> rest.Config:
    return rest.Config(host="https://h:1", exec=rest.ExecConfig(command=command, **more))


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    made = trustme.CA().issue_cert("client")
    return made.cert_chain_pems[0].bytes().decode(), made.private_key_pem.bytes().decode()


@each
def test_a_token_a_pair_or_both(get: Any, tmp_path: Path, pair: tuple[str, str]) -> None:
    cert, key = pair
    assert get(config(script(tmp_path, "say(token='t\\n')"))).header == b"Bearer t"
    beta = script(tmp_path, f"say(api={V1BETA1!r}, token='b')")
    assert get(config(beta, api_version=V1BETA1)).header == b"Bearer b"
    both = script(tmp_path, f"say(token='t', clientCertificateData={cert!r}, clientKeyData={key!r})")
    assert get(config(both)).header == b"Bearer t"
    certified = script(tmp_path, f"say(clientCertificateData={cert!r}, clientKeyData={key!r})")
    assert get(config(certified)).header is None
    assert "t" not in repr(get(config(both))).replace("Credential", "")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_certificate_is_for_new_connections_once_the_plugin_ran(
    kind: str, tmp_path: Path, pair: tuple[str, str]
) -> None:
    cert, key = pair
    plugin = script(tmp_path, f"say(token='t', clientCertificateData={cert!r}, clientKeyData={key!r})")
    source = authorization.source(config(plugin))
    made: Any = authorization.Authorization(source) if kind == "sync" else authorization.AsyncAuthorization(source)
    assert made.certificate() is None
    made.get() if kind == "sync" else anyio.run(made.get)
    assert made.certificate() == (cert.encode(), key.encode())


@each
@pytest.mark.parametrize(
    "body",
    [
        "say(clientCertificateData='x')",
        "say(clientCertificateData='x', clientKeyData='s3cret')",
        "say()",
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential'}))",
        "say(api='', token='s3cret')",
        "say(api='client.authentication.k8s.io/v1beta1', token='s3cret')",
        "say(kind='Other', token='s3cret')",
        "say(token='s3cret\\nX: y')",
        "say(token='s3cret', expirationTimestamp='tomorrow')",
        "print('s3cret')",
        "print('[' * 100000)",
        "sys.stdout.buffer.write(b'\\xff\\xfe')",
        "say(token='s3cret'); sys.exit(3)",
        "while True: sys.stdout.write('s3cret' * 10000)",
        "os.kill(os.getpid(), 9)",
    ],
)
def test_invalid_output_of_a_plugin_is_reported_without_its_secrets(get: Any, body: str, tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match=r"exec: .*plugin|the token of") as caught:
        get(config(script(tmp_path, body)))
    assert "s3cret" not in str(caught.value)


@each
def test_arguments_and_variables_are_passed_unchanged_without_a_shell(get: Any, tmp_path: Path) -> None:
    nasty = ["; touch x", "$(id)", "${IFS}", "a b", "new\nline", "'\"", ""]
    body = "say(token=(json.dumps([sys.argv[1:], os.environ['A']])).encode().hex())"
    header = get(config(script(tmp_path, body), args=nasty, env={"A": "$(b) c"})).header
    assert json.loads(bytes.fromhex(header.decode().removeprefix("Bearer "))) == [nasty, "$(b) c"]


def test_a_bare_name_is_never_found_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, "say(token='t')", "kgen-test-plugin")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".:{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(errors.ConfigError, match="does not exist, or cannot be run"):
        get_sync(config("kgen-test-plugin"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert get_sync(config("kgen-test-plugin")).header == b"Bearer t"


def test_a_plugin_gets_exec_info_in_its_environment(tmp_path: Path) -> None:
    body = "say(token=os.environ['KUBERNETES_EXEC_INFO'].encode().hex())"
    made = config(script(tmp_path, body), cluster_config={"audience": "foo"})
    made.tls = rest.TLSConfig(ca_data=b"CA", server_name="n")
    told = json.loads(bytes.fromhex(get_sync(made).header.decode().removeprefix("Bearer ")))
    assert told == {"apiVersion": V1, "kind": "ExecCredential", "spec": {"interactive": False}}
    assert made.exec is not None
    made.exec.provide_cluster_info = True
    told = json.loads(bytes.fromhex(get_sync(made).header.decode().removeprefix("Bearer ")))
    assert told["spec"]["cluster"] == {
        "server": "https://h:1",
        "tls-server-name": "n",
        "certificate-authority-data": "Q0E=",
        "disable-compression": True,
        "config": {"audience": "foo"},
    }


def test_interactive_modes(tmp_path: Path) -> None:
    plugin = script(tmp_path, "say(token='t')")
    assert get_sync(config(plugin, interactive_mode="IfAvailable")).header == b"Bearer t"
    with pytest.raises(errors.ConfigError, match="must prompt at the terminal"):
        get_sync(config(plugin, interactive_mode="Always"))
    with pytest.raises(errors.ConfigError, match="in use: because"):
        get_sync(config(plugin, interactive_mode="Always", stdin_unavailable=True, stdin_unavailable_message="because"))
    with pytest.raises(errors.ConfigError, match="interactive_mode is empty"):
        rest.Client(config(plugin, interactive_mode=""))


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (rest.ExecPolicy(kind="AllowAll", allowed=["x"]), "no effect"),
        (rest.ExecPolicy(kind="DenyAll"), "DenyAll"),
        (rest.ExecPolicy(kind="Allowlist"), "lists nothing"),
        (rest.ExecPolicy(kind="Allowlist", allowed=[]), "lists nothing"),
        (rest.ExecPolicy(kind="Allowlist", allowed=["other"]), "does not list it"),
        (rest.ExecPolicy(kind="Some"), "can be AllowAll"),  # type: ignore[arg-type]
    ],
)
def test_a_policy_decides_which_plugins_may_run(policy: rest.ExecPolicy, words: str, tmp_path: Path) -> None:
    plugin = script(tmp_path, "count(); say(token='t')")
    with pytest.raises(errors.ConfigError, match=words):
        get_sync(config(plugin, policy=policy))
    assert runs(tmp_path) == 0
    listed = rest.ExecPolicy(kind="Allowlist", allowed=[plugin])
    assert get_sync(config(plugin, policy=listed)).header == b"Bearer t"


def test_the_install_hint_is_escaped_and_shown_a_limited_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_plugin, "_hints", rest.TokenBucket(qps=1 / 360, burst=10))
    missing = config("kgen-no-such-plugin", install_hint="run \x1b[31minstall\r")
    said = []
    for _ in range(15):
        with pytest.raises(errors.ConfigError) as caught:
            get_sync(missing)
        said.append("run \\x1b[31minstall\\r" in str(caught.value))
    assert said == [True] * 10 + [False] * 5


@each
def test_a_program_that_hangs_is_killed_with_its_children(get: Any, tmp_path: Path) -> None:
    body = f"""
child = os.fork()
if child:
    open({str(tmp_path / "new")!r}, "w").write(str(child))
    os.rename({str(tmp_path / "new")!r}, {str(tmp_path / "child")!r})
time.sleep(600)
"""
    for seconds in growing(0.5):
        with pytest.raises(errors.ConfigError, match=rf"not done within {seconds:g} s, and was killed"):
            get(config(script(tmp_path, body), timeout=seconds))
        if (tmp_path / "child").exists():  # Otherwise the program had not started yet.
            break
    wait_until(lambda: is_gone(int((tmp_path / "child").read_text())))


@each
def test_a_child_that_keeps_the_output_open_does_not_block_the_call(get: Any, tmp_path: Path) -> None:
    body = f"""
say(token='t')
sys.stdout.flush()
child = os.fork()
if child:
    open({str(tmp_path / "child")!r}, "w").write(str(child))
else:
    time.sleep(600)
"""
    assert get(config(script(tmp_path, body))).header == b"Bearer t"
    os.kill(int((tmp_path / "child").read_text()), 9)


@each
def test_output_just_before_the_end_of_the_plugin_is_read(
    get: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exec_plugin, "_TICK", 0.02)
    poll = subprocess.Popen.poll
    looked = tmp_path / "looked"

    def late(self: Any) -> Any:
        looked.touch()  # The program writes and ends after kubecore found no output.
        if self.returncode is None:
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        return poll(self)

    monkeypatch.setattr(subprocess.Popen, "poll", late)
    body = f"while not os.path.exists({str(looked)!r}): time.sleep(0.005)\nsay(token='t')"
    assert get(config(script(tmp_path, body))).header == b"Bearer t"


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_concurrent_callers_run_the_plugin_once(tmp_path: Path) -> None:
    made = config(script(tmp_path, "count(); time.sleep(0.2); say(token='t')"))
    held = authorization.Authorization(authorization.source(made))
    with ThreadPoolExecutor(100) as threads:
        assert {one.header for one in threads.map(lambda _: held.get(), range(100))} == {b"Bearer t"}
    assert runs(tmp_path) == 1

    async def main() -> None:
        shared = authorization.AsyncAuthorization(authorization.source(made))
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(shared.get)

    for backend in ("asyncio", "trio"):
        anyio.run(main, backend=backend)
    assert runs(tmp_path) == 3


def test_other_callers_get_the_credential_after_one_is_cancelled(tmp_path: Path) -> None:
    made = config(script(tmp_path, "time.sleep(0.3); say(token='t')"))

    async def main() -> None:
        shared = authorization.AsyncAuthorization(authorization.source(made))
        got: list[Any] = []

        async def other() -> None:
            got.append(await shared.get())

        async with anyio.create_task_group() as group:
            with anyio.move_on_after(0.1):
                group.start_soon(other)
                await shared.get()
        assert got[0].header == b"Bearer t"

    anyio.run(main)


@pytest.fixture(scope="module")
def pki() -> tuple[trustme.CA, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return authority, context


class Judge(Loopback):
    """Accepts one token."""

    wanted = b"token1"

    def _serve(self, connection: Any) -> None:
        while head := connection.recv(65536):
            self.requests.append(head)
            good = b"Bearer " + self.wanted + b"\r\n" in head
            connection.sendall(response_bytes(POD) if good else response_bytes(b"", status="401 Unauthorized"))


def test_a_token_is_kept_until_it_expires_or_is_refused(
    tmp_path: Path, pki: tuple[trustme.CA, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, context = pki
    token = tmp_path / "token"
    token.write_text('{"token": "token1"}')
    plugin = script(tmp_path, f"count(); say(**json.load(open({str(token)!r})))")
    server = Judge([], close=False, context=context)
    made = rest.Config(
        host=f"https://127.0.0.1:{server.port}",
        tls=rest.TLSConfig(ca_data=authority.cert_pem.bytes()),
        exec=rest.ExecConfig(command=plugin),
    )
    try:
        with Clientset(made) as clientset:
            pods = clientset.core_v1.pods("d")
            pods.get("p")
            token.write_text('{"token": "token2"}')
            pods.get("p")
            assert runs(tmp_path) == 1
            server.wanted = b"token2"
            pods.get("p")  # 401, another run of the plugin, and a second attempt.
            assert (runs(tmp_path), len(server.requests)) == (2, 4)
            server.wanted = b"other"
            with pytest.raises(errors.UnauthorizedError):
                pods.get("p")
            assert (runs(tmp_path), len(server.requests)) == (3, 6)  # Only one renewal and one more attempt.
            server.wanted = b"token3"
            token.write_text('{"token": "token3", "expirationTimestamp": "2026-01-01T00:00:00Z"}')
            pods.get("p")
            count = runs(tmp_path)
            pods.get("p")  # The token has already expired, so each request runs the plugin first.
            assert runs(tmp_path) == count + 1
    finally:
        server.stop()


def test_new_connections_use_the_new_certificate(tmp_path: Path, pki: tuple[trustme.CA, ssl.SSLContext]) -> None:
    authority = pki[0]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    said = tmp_path / "said"

    def prepare(name: str) -> None:
        made = (
            authority.issue_cert(common_name=name, identities=[]) if False else authority.issue_cert(f"{name}.example")
        )
        status = {
            "clientCertificateData": made.cert_chain_pems[0].bytes().decode(),
            "clientKeyData": made.private_key_pem.bytes().decode(),
        }
        said.write_text(json.dumps(status))

    seen: list[str] = []

    class Names(Loopback):
        refuses = False

        def _serve(self, connection: Any) -> None:
            while connection.recv(65536):
                seen.append(connection.getpeercert()["subjectAltName"][0][1])
                refuse, self.refuses = self.refuses, False
                connection.sendall(response_bytes(b"", status="401 Unauthorized") if refuse else response_bytes(POD))

    server = Names([], close=False, context=context)
    plugin = script(tmp_path, f"say(**json.load(open({str(said)!r})))")
    made = rest.Config(
        host=f"https://127.0.0.1:{server.port}",
        tls=rest.TLSConfig(ca_data=authority.cert_pem.bytes()),
        exec=rest.ExecConfig(command=plugin),
    )

    async def main() -> None:
        async with AsyncClientset(made) as clientset:
            prepare("three")
            await clientset.core_v1.pods("d").get("p")

    try:
        with Clientset(made) as clientset:
            prepare("one")
            clientset.core_v1.pods("d").get("p")
            clientset.core_v1.pods("d").get("p")
            prepare("two")
            server.refuses = True
            clientset.core_v1.pods("d").get("p")
        anyio.run(main)
    finally:
        server.stop()
    assert seen == ["one.example", "one.example", "one.example", "two.example", "three.example"]


@pytest.mark.parametrize("args", ["get-token", b"get-token"])
def test_arguments_as_one_text_are_refused(args: Any) -> None:
    with pytest.raises(errors.ConfigError, match=r"exec\.args is a text: pass a list"):
        config("tool", args=args).check()
