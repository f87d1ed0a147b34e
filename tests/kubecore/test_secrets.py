"""Secrets in errors, reprs and the variables of tracebacks."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kubecore import errors, kubeconfig, rest
from kubecore._auth.exec_plugin import ExecSource
from tests.kubecore.credential_files import credential_text, written_plugin

SECRET = "hunter2"


def failing(folder: Path) -> list[Callable[[], Any]]:
    """Return calls that fail near a secret."""
    hosts = [f"https://admin:{SECRET}@{rest_}" for rest_ in ("h:64x43", "h", "[::1", "", "é..b")]
    hosts += [f"admin:{SECRET}@h", f"//admin:{SECRET}@h", f"https:/admin:{SECRET}@h", f"ftp://{SECRET}@h"]
    made: list[Callable[[], Any]] = [partial(rest.Client, rest.Config(host=host)) for host in hosts]
    outputs = {
        "fails": (credential_text(token=SECRET), 1),
        "version": (json.dumps({"apiVersion": "v9", "kind": "ExecCredential", "status": {"token": SECRET}}), 0),
        "junk": (SECRET, 0),
        "expiry": (credential_text(token=SECRET, expirationTimestamp="soon"), 0),
        "pair": (credential_text(clientCertificateData=SECRET, clientKeyData=SECRET), 0),
        "half": (credential_text(clientKeyData=SECRET), 0),
        "characters": (credential_text(token=f"{SECRET} {SECRET}"), 0),
        "yaml": (f"status: {{token: !!int {SECRET}}}", 0),
    }
    for name, (output, code) in outputs.items():
        plugin = rest.ExecConfig(command=written_plugin(folder / name, output, code), args=[SECRET], env={"T": SECRET})
        made.append(partial(_renew, plugin))
    for text in (
        f"users: [{{name: u, user: {{token: !!int {SECRET}}}}}]",
        f"users: [{{name: u, user: {{password: !{SECRET} x}}}}]",
        f"users: [{{name: u, user: {{password: *{SECRET}}}}}]",
        f"users: [{{name: u, user: {{{SECRET}: 1, {SECRET}: 2}}}}]",
        f"users: [{{name: u, user: {{token: {SECRET}}}}}, 5]",
        f"users: {{token: {SECRET}}}",
        f"users: [{{name: [1], user: {{token: {SECRET}}}}}]",
        f"- {SECRET}",
        f'{{"a": "{SECRET}", "b": }}',
        f"kind: x\nusers: [{{name: u, user: {{token: {SECRET}}}}}]",
        f"contexts: [{{name: c, context: {{cluster: k}}}}]\ncurrent-context: c\nusers: [{{name: u, user: {{token: {SECRET}}}}}]",
    ):
        file = folder / f"kubeconfig-{len(made)}"
        file.write_text(text)
        made += [partial(kubeconfig.loads, text), partial(kubeconfig.load, file)]
    return made


def _renew(plugin: rest.ExecConfig) -> None:
    ExecSource(plugin, rest.Config(host="https://h")).renew()


def test_no_error_shows_a_secret_nor_do_the_variables_of_its_frames(tmp_path: Path) -> None:
    calls = failing(tmp_path)
    for number, call in enumerate(calls):
        with pytest.raises(errors.ConfigError) as caught:
            call()
        assert SECRET not in f"{caught.value} {caught.value!r}", number
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        for frame in shown.stack:
            if f"{os.sep}kubecore{os.sep}" in frame.filename and "tests" not in Path(frame.filename).parts:
                values = {name: value for name, value in (frame.locals or {}).items() if SECRET in value}
                assert values == {}, (number, frame.name)


def test_a_repr_hides_the_password_of_a_url() -> None:
    for config in (rest.Config(host=f"https://admin:{SECRET}@h"), rest.Config(proxy_url=f"http://admin:{SECRET}@h")):
        assert SECRET not in repr(config)
