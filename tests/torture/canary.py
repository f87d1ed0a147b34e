"""Secrets of every kind do not leak into logs, warnings, errors, output or files.

Each kind of secret is put into a configuration or an object. Then requests succeed and fail in many ways, and the
command searches all log records, warnings, exceptions, output and files for the secret.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import ssl
import stat
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import trustme

from kubeclient.models import core_v1, meta_v1
from kubecore import errors, kubeconfig, rest
from kubecore._auth import authorization
from tests.torture.callers import MODES, callers
from tests.torture.server import POD, PodServer, Reply, Request, http_response
from tests.torture.tally import Tally

_SECRET: Final = "c4n4ry-0f-a-s3cret"
_BASE64: Final = "YzRuNHJ5LTBmLWEtczNjcmV0"

# The responses to the requests, in turn: every failure that can follow the headers of a request.
_REPLIES: Final = (
    http_response(POD),
    http_response(b"", status="401 No"),
    http_response(b"<html>what?", "Content-Type: text/html", status="500 No"),
    http_response(b'{"kind":"Node","apiVersion":"v1"}'),
    http_response(b"{"),
    http_response(b"", "Location: /elsewhere", status="302 Found"),
    http_response(b"", 'Warning: 299 - "old"', status="404 No"),
    b"HTTP/1.1 2",
    b"what?\r\n\r\n",
    http_response(POD)[:-9],
)


def run(n: int | None, seed: int) -> Tally:
    """Try every kind against every response, in each mode."""
    del n, seed  # The cases are fixed.
    tally = Tally("canary")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with tempfile.TemporaryDirectory() as name, PodServer(_next_reply(), context=context) as server:
        base = {"host": f"https://127.0.0.1:{server.port}", "max_retries": 0}
        tls = rest.TLSConfig(ca_data=authority.cert_pem.bytes())
        for kind, options in kinds(Path(name), authority):
            for mode in MODES:
                config = rest.Config(**{**base, "tls": tls, **options})
                _try(tally, f"{kind}, {mode}", config, mode, Path(name))
    return tally


def _next_reply() -> Callable[[Request], Reply]:
    """Respond with each reply in turn."""

    def reply(request: Request) -> Reply:
        return Reply((_REPLIES[request.number % len(_REPLIES)],), end="close")

    return reply


def kinds(folder: Path, authority: trustme.CA) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each kind of secret, and the configuration that holds it."""
    (folder / "token").write_text(_SECRET)
    plugin = folder / "plugin"
    status = f'{{"token": "{_SECRET}"}}'
    output = f'{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {status}}}'
    plugin.write_text(f"#!{sys.executable} -IS\nprint('''{output}''')\n")
    fails = folder / "fails"
    fails.write_text(f"#!{sys.executable} -IS\nprint('{_SECRET}')\nraise SystemExit(1)\n")
    for file in (plugin, fails):
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    pair = authority.issue_cert("me.example")
    key = pair.private_key_pem.bytes() + _SECRET.encode()
    ca = authority.cert_pem.bytes()
    cert = pair.cert_chain_pems[0].bytes()
    yield "token", {"bearer_token": _SECRET}
    yield "token with a newline", {"bearer_token": f"{_SECRET}\nX: y"}
    yield "token file", {"bearer_token_file": str(folder / "token")}
    yield "password", {"username": "u", "password": _SECRET}
    yield "key", {"tls": rest.TLSConfig(ca_data=ca, cert_data=cert, key_data=key)}
    yield "key that is none", {"tls": rest.TLSConfig(ca_data=ca, cert_data=cert, key_data=_SECRET.encode())}
    yield "exec token", {"exec": rest.ExecConfig(command=str(plugin))}
    yield "exec output that is none", {"exec": rest.ExecConfig(command=str(fails))}
    yield "exec arguments", {"exec": rest.ExecConfig(command=str(fails), args=[_SECRET])}
    yield "exec variables", {"exec": rest.ExecConfig(command=str(plugin), env={"A": _SECRET})}
    oidc: dict[str, Any] = {"issuer_url": "https://127.0.0.1:9", "client_id": "c", "refresh_token": "r"}
    for field in ("refresh_token", "client_secret", "id_token"):
        yield f"oidc {field}", {"oidc": rest.OIDCConfig(**{**oidc, field: _SECRET})}
    yield "proxy password", {"proxy_url": f"http://u:{_SECRET}@127.0.0.1:9"}
    yield "proxy that is none", {"proxy_url": f"junk://u:{_SECRET}@h"}
    yield "secret", {}


def _try(tally: Tally, what: str, config: rest.Config, mode: Any, folder: Path) -> None:
    """Use a configuration in every way, and search all output for the secret."""
    log, printed = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    logger = logging.getLogger()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    before = set(Path(tempfile.gettempdir()).iterdir())
    raised: list[BaseException] = []
    shown: list[str] = [repr(config), str(config), repr(config.tls), repr(config.exec), repr(config.oidc)]
    secret = core_v1.Secret(metadata=meta_v1.ObjectMeta(name="s"), data={"k": _SECRET.encode()})
    shown += [repr(secret), str(secret)]
    try:
        with (
            warnings.catch_warnings(record=True) as warned,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("always")
            with contextlib.suppress(errors.KubeError):
                shown.append(repr(authorization.source(config).current()))
            for _ in range(len(_REPLIES)):
                raised += _use(config, mode, secret)
            kubeconfig_errors(config, raised, folder)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    for sink, text in (
        ("logs", log.getvalue()),
        ("output", printed.getvalue()),
        ("reprs", "\n".join(shown)),
        ("errors", "\n".join("\n".join(_texts(error)) for error in raised)),
        ("warnings", "\n".join(str(one.message) for one in warned)),
        ("files", "\n".join(_content(file) for file in set(Path(tempfile.gettempdir()).iterdir()) - before)),
        ("arguments", Path("/proc/self/cmdline").read_text() if os.path.exists("/proc/self/cmdline") else ""),  # noqa: PTH110
    ):
        seen = next((line for line in text.splitlines() if _SECRET in line or _BASE64 in line), "")
        tally.check(not seen, f"{what}: seen in {sink}: {seen}")


def _use(config: rest.Config, mode: Any, secret: core_v1.Secret) -> list[BaseException]:
    raised: list[BaseException] = []
    try:
        with callers(mode) as make, make(config) as caller:
            for use in (
                lambda c: c.core_v1.pods("d").get("p"),
                lambda c: c.core_v1.secrets("d").create(secret),
                lambda c: c.core_v1.secrets("d").get("s"),
            ):
                try:
                    caller.run(use)
                except errors.KubeError as error:
                    raised.append(error)
    except errors.KubeError as error:
        raised.append(error)
    return raised


def kubeconfig_errors(config: rest.Config, raised: list[BaseException], folder: Path) -> None:
    """Read kubeconfigs with errors near a secret."""
    del config
    for text in (
        f"users: [{{name: u, user: {{token: {_SECRET}, username: u, password: x}}}}]",
        f"users: [{{name: u, user: {{token: [{_SECRET}]}}}}]",
        f"users: [{{name: u, user: {{client-key-data: '{_SECRET}!', client-certificate-data: x}}}}]",
        f"users: {{a: {_SECRET}}}",
        f"current-context: [{_SECRET}]",
        f"token: {_SECRET}: {_SECRET}: ]",
    ):
        base = "clusters: [{name: c, cluster: {server: https://h}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
        current = "" if "current" in text else "current-context: x\n"
        file = folder / "kubeconfig"
        file.write_text(base + current + text)
        try:
            kubeconfig.load(file)
        except errors.KubeError as error:
            raised.append(error)
        file.unlink()


def _texts(error: BaseException) -> Iterator[str]:
    yield str(error)
    yield repr(error)
    yield from traceback.format_exception(error)
    frames: traceback.TracebackException | None = traceback.TracebackException.from_exception(
        error, capture_locals=True
    )
    while frames is not None:
        for frame in frames.stack:
            if "/kubecore/" in frame.filename.replace(os.sep, "/"):
                for name, value in (frame.locals or {}).items():
                    yield f"{frame.name}: {name} = {value}"
        frames = frames.__cause__


def _content(file: Path) -> str:
    if not file.is_file():
        return ""
    try:
        return file.read_bytes().decode("latin-1")
    except OSError:
        return ""
