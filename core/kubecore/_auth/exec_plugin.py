"""Programs that print credentials: exec plugins, run without a shell.

Source: `k8s.io/client-go/plugin/pkg/client/auth/exec`; `client.authentication.k8s.io` ExecCredential.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import IO, Any, Final

import msgspec

from kubecore._auth.credential import Credential, bearer
from kubecore._config import rules
from kubecore._config.config import Config
from kubecore._config.credentials import ExecConfig
from kubecore._config.ratelimit import TokenBucket
from kubecore._config.secret import SecretBuffer, SecretBytes, SecretText
from kubecore._http import tls
from kubecore._http.daemon_thread import Aside
from kubecore._http.readiness import wait_for
from kubecore._support.terminal import escape_for_terminal
from kubecore.codec import yaml
from kubecore.codec.decoders import decoder
from kubecore.errors import ConfigError, DecodeError
from kubecore.model import times as kubetime

__all__ = ["ExecSource"]

_MOST_OUTPUT: Final = 4 * 1024 * 1024
_HINTS_AN_HOUR: Final = 10

_hints: Final = TokenBucket(qps=_HINTS_AN_HOUR / 3600, burst=_HINTS_AN_HOUR)
"""Limits install hints: a program that tries again all the time must not fill a log with them."""

_WHITE_SPACE: Final = "\n\t"
"""Kept in hints, which are written for people: kubectl keeps it, too."""
_KILLED_SECONDS: Final = 0.5
"""How long to wait for a program that was killed; one that runs as another user, as under sudo, can't be killed."""
_TICK: Final = 0.05
"""How often to check whether a program without output has ended, in seconds."""


class _Status(msgspec.Struct, rename="camel"):
    token: str | None = ""
    client_certificate_data: str | None = ""
    client_key_data: str | None = ""
    expiration_timestamp: str | None = None

    def __repr__(self) -> str:
        """Hide the credentials."""
        return "_Status(<hidden>)"


class _ExecCredential(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _Status | None = None


class ExecSource:
    """Credentials from a program; kept until they expire or the server refuses them.

    Args:
        plugin: The program.
        config: The configuration that it belongs to, for the cluster data that the program receives.
    """

    def __init__(self, plugin: ExecConfig, config: Config) -> None:
        # The program may change its folder before the plugin runs again.
        command = os.path.abspath(plugin.command) if os.sep in plugin.command else plugin.command  # noqa: PTH100
        self._plugin = dataclasses.replace(plugin, command=command)
        self._config = config
        self._credential: Credential | None = None
        self.certificate: tuple[bytes, bytes] | None = None
        self._expires: datetime | None = None
        self._preparing = Aside(self._prepare)  # It reads files.

    def current(self) -> Credential | None:
        """Return the credential, None before the first run and once it has expired."""
        if self._expires is not None and datetime.now(UTC) >= self._expires:
            return None
        return self._credential

    def refuse(self, credential: Credential) -> bool:
        """Forget a credential that the server does not accept; another run may give a better one."""
        if self._credential is credential:
            self._credential = None
        return True  # Another caller may have renewed it meanwhile.

    def renew(self, deadline: float | None = None) -> Credential:
        """Run the program.

        Args:
            deadline: When the call must be done, on the monotonic clock; the program is killed then. None for no limit.

        Raises:
            ConfigError: It is not allowed, fails, is too slow, or prints invalid output.
            TimeoutError: The time limit of the call is over.
        """
        command, environment, interactive = self._preparing.run(
            None if deadline is None else deadline - time.monotonic()
        )
        with _started(self._plugin, command, environment, interactive) as process:
            output = SecretBytes(_read(process, self._plugin, deadline))
        return self._accept(output, process.returncode)

    async def renew_async(self, deadline: float | None = None) -> Credential:
        """Run the program: see `renew`."""
        import anyio

        command, environment, interactive = await self._preparing.run_async()
        with _started(self._plugin, command, environment, interactive) as process:
            output = SecretBytes()
            with anyio.move_on_after(self._plugin.timeout) as scope:
                output = SecretBytes(await _read_async(process, self._plugin))
            if scope.cancelled_caught:
                raise _too_slow(self._plugin)
        return self._accept(output, process.returncode)

    def _prepare(self) -> tuple[_Arguments, _Environment, bool]:
        """Return the command line, the environment, and whether the program may prompt at the terminal."""
        plugin = self._plugin
        path = _allowed(plugin)
        interactive = _interactive(plugin)
        spec: dict[str, Any] = {"interactive": interactive}
        if plugin.provide_cluster_info:
            spec["cluster"] = _cluster(self._config, plugin)
        info = json.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})
        environment = _Environment(os.environ, **plugin.env, KUBERNETES_EXEC_INFO=info)
        return _Arguments([path, *plugin.args]), environment, interactive

    def _accept(self, output: SecretBytes, code: int | None) -> Credential:
        """Parse the output of the program; it never appears in an error or in the variables of a traceback."""
        name = _shown(self._plugin.command)
        if code != 0:
            raise ConfigError(f"exec: {name} failed with exit code {code}; its own message is above, on stderr")
        decoded = _decode(output, name)
        if decoded.kind != "ExecCredential" or decoded.api_version != self._plugin.api_version:
            found = f"{_shown(decoded.api_version or 'no apiVersion')}, {_shown(decoded.kind or 'no kind')}"
            raise ConfigError(f"exec: {name} printed {found}, not {self._plugin.api_version}, ExecCredential")
        status = decoded.status
        if status is None or not (status.token or status.client_certificate_data or status.client_key_data):
            raise ConfigError(f"exec: {name} printed an ExecCredential without credentials in its status")
        self._expires = _expiry(status, name)
        header = bearer(SecretText((status.token or "").strip()), f"the token of {name}") if status.token else None
        self.certificate = _pair(status, name)
        self._credential = Credential(header)
        return self._credential


def _decode(output: SecretBytes, name: str) -> _ExecCredential:
    """Read JSON, or YAML as client-go does."""
    try:
        return decoder(_ExecCredential).decode(output)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        pass  # Raised in this frame, in which no variable holds the output.
    try:
        return msgspec.convert(yaml.load(bytes(output), hide_values=True), _ExecCredential)
    except (DecodeError, msgspec.ValidationError):
        pass
    raise ConfigError(f"exec: {name} printed {len(output)} bytes that are not an ExecCredential in JSON or YAML")


class _Environment(dict[str, str]):
    """The variables of a program, which may hold secrets."""

    def __repr__(self) -> str:
        """Show the number of variables."""
        return f"<{len(self)} variables>"


class _Arguments(list[str]):
    """A program's command line, which may hold secrets."""

    def __repr__(self) -> str:
        """Show the number of arguments."""
        return f"<{len(self)} arguments>"


def _expiry(status: _Status, name: str) -> datetime | None:
    """Return when the credential expires; None for never, which Go programs write as their zero time."""
    if status.expiration_timestamp is None:
        return None
    try:
        expires = kubetime.parse_time(status.expiration_timestamp)
    except ValueError:
        raise ConfigError(f"exec: {name} printed an expirationTimestamp that is not a time (RFC 3339)") from None
    return None if expires == kubetime.ZERO else expires


def _pair(status: _Status, name: str) -> tuple[bytes, bytes] | None:
    cert, key = SecretText(status.client_certificate_data or ""), SecretText(status.client_key_data or "")
    if not cert and not key:
        return None
    if not cert or not key:
        raise ConfigError(f"exec: {name} printed a certificate without its key, or a key without its certificate")
    pair = SecretBytes(cert.encode()), SecretBytes(key.encode())
    try:
        tls.check_pair(*pair)
    except (ssl.SSLError, ValueError, OSError):
        raise ConfigError(f"exec: {name} printed a certificate and a key that can't be used together") from None
    return pair


def _allowed(plugin: ExecConfig) -> str:
    """Return the program's path, if there is one and it may run."""
    policy = plugin.policy
    for mistake in rules.exec_policy(policy):
        raise ConfigError(mistake)
    name = _shown(plugin.command)
    if policy.kind == "DenyAll":
        raise ConfigError(f"exec: {name} may not run: exec.policy is DenyAll")
    found = _find(plugin.command)
    if policy.kind == "Allowlist":
        allowed = {os.path.normpath(entry) if os.sep in entry else entry for entry in policy.allowed or ()}
        names = {plugin.command, os.path.normpath(plugin.command), found}
        if not names & allowed:
            raise ConfigError(f"exec: {name} may not run: exec.policy does not list it")
    if found is None:
        shows_hint = bool(plugin.install_hint) and _hints.try_take()
        hint = f"; {_shown(plugin.install_hint, keep=_WHITE_SPACE)}" if shows_hint else ""
        raise ConfigError(f"exec: {name} does not exist, or cannot be run{hint}")
    return found


def _find(command: str) -> str | None:
    """Find the program; never in the current folder, in which anyone may have placed one."""
    if os.sep in command or (os.altsep and os.altsep in command):
        return command if os.access(command, os.X_OK) and not os.path.isdir(command) else None  # noqa: PTH112
    folders = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(part)]  # noqa: PTH117
    return shutil.which(command, path=os.pathsep.join(folders)) if folders else None


def _interactive(plugin: ExecConfig) -> bool:
    if plugin.interactive_mode == "Never":
        return False
    is_terminal = sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    if plugin.interactive_mode == "IfAvailable":
        return is_terminal and not plugin.stdin_unavailable
    name = _shown(plugin.command)
    if plugin.stdin_unavailable:
        why = (
            f": {_shown(plugin.stdin_unavailable_message, keep=_WHITE_SPACE)}"
            if plugin.stdin_unavailable_message
            else ""
        )
        raise ConfigError(f"exec: {name} must prompt at the terminal, whose input is in use{why}")
    if not is_terminal:
        raise ConfigError(f"exec: {name} must prompt at the terminal, and stdin is not a terminal")
    return True


def _cluster(config: Config, plugin: ExecConfig) -> Mapping[str, Any]:
    """Return the cluster data for a program."""
    cluster: dict[str, Any] = {"server": config.host}
    ca = tls.ca_bytes(config.tls)
    values = {
        "tls-server-name": config.tls.server_name,
        "insecure-skip-tls-verify": config.tls.insecure or None,
        "certificate-authority-data": base64.b64encode(ca).decode() if ca else None,
        "proxy-url": config.proxy_url,
        "disable-compression": None if config.compression else True,
        "config": plugin.cluster_config,
    }
    cluster.update((key, value) for key, value in values.items() if value is not None)
    return cluster


@contextlib.contextmanager
def _started(
    plugin: ExecConfig, command: list[str], environment: Mapping[str, str], interactive: bool
) -> Generator[subprocess.Popen[bytes]]:
    """Start the program in a separate process group, and kill the group if it is still running at the end."""
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # A process that prompts at a terminal must be in its foreground group.
            start_new_session=not interactive,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its arguments or variables hold a NUL"
        raise ConfigError(f"exec: {_shown(plugin.command)} can't be run: {reason}") from None
    try:
        yield process
    finally:
        if process.poll() is None:
            with contextlib.suppress(OSError):
                if interactive or not hasattr(os, "killpg"):
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
        if process.stdout is not None:
            process.stdout.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_KILLED_SECONDS)


def _read(process: subprocess.Popen[bytes], plugin: ExecConfig, deadline: float | None) -> bytes:
    """Read the output of the program until it ends, or its time limit or that of the call is over."""
    end = None if plugin.timeout is None else time.monotonic() + plugin.timeout
    is_of_call = deadline is not None and (end is None or deadline < end)
    end = deadline if is_of_call else end
    stdout = _stdout(process).fileno()
    output = SecretBuffer()
    while True:
        if wait_for(stdout, read=True, seconds=_TICK):
            piece = os.read(stdout, 65536)
            if not piece:
                break
            output += piece
            _check_size(output, plugin)
        elif process.poll() is not None:  # A child process of the program may hold the pipe.
            output += _rest(stdout)
            break
        if end is not None and time.monotonic() > end:
            raise TimeoutError if is_of_call else _too_slow(plugin)
    try:
        process.wait(None if end is None else max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise (TimeoutError() if is_of_call else _too_slow(plugin)) from None
    return bytes(output)


async def _read_async(process: subprocess.Popen[bytes], plugin: ExecConfig) -> bytes:
    """Read the output of the program until it ends; the caller sets the time limit."""
    import anyio

    stdout = _stdout(process).fileno()
    output = SecretBuffer()
    while True:
        with anyio.move_on_after(_TICK) as tick:
            await anyio.wait_readable(stdout)
            piece = os.read(stdout, 65536)
            if not piece:
                break
            output += piece
            _check_size(output, plugin)
        if tick.cancelled_caught and process.poll() is not None:
            output += _rest(stdout)
            break
    while process.poll() is None:  # noqa: ASYNC110 - nobody sets an event
        await anyio.sleep(_TICK / 10)
    return bytes(output)


def _rest(stdout: int) -> SecretBuffer:
    """Return the output that a program left in the pipe before it ended: it may have written after the last read."""
    rest = SecretBuffer()
    while len(rest) <= _MOST_OUTPUT and wait_for(stdout, read=True, seconds=0):
        piece = os.read(stdout, 65536)
        if not piece:
            break
        rest += piece
    return rest


def _stdout(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    return process.stdout


def _check_size(output: bytes | bytearray, plugin: ExecConfig) -> None:
    if len(output) > _MOST_OUTPUT:
        raise ConfigError(f"exec: {_shown(plugin.command)} printed more than {_MOST_OUTPUT} bytes")


def _too_slow(plugin: ExecConfig) -> ConfigError:
    return ConfigError(
        f"exec: {_shown(plugin.command)} was not done within {plugin.timeout:g} s, and was killed (exec.timeout)"
    )


def _shown(text: str, *, keep: str = "") -> str:
    """Return untrusted text that is safe to print, 500 characters of it."""
    return escape_for_terminal(text, max_length=500, keep=keep)
