"""Credentials of exec plugins."""

from __future__ import annotations

import ast
import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from kubecore import errors, rest
from kubecore._auth.exec_plugin import ExecSource
from tests.kubecore.credential_files import credential_text, written_plugin

ROOT = Path(__file__).parents[2]


def ran(folder: Path, output: str, **options: Any) -> ExecSource:
    command = written_plugin(folder / "plugin", output)
    made = ExecSource(rest.ExecConfig(command=command, **options), rest.Config(host="https://H.example:6443/"))
    made.renew()
    return made


@pytest.mark.parametrize(
    "output",
    [
        "apiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus:\n  token: t\n",
        "---\napiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus: {token: t}\n",
        "# made today\n" + credential_text(token="t"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_plugin_may_print_yaml(output: str, *, is_async: bool, tmp_path: Path) -> None:
    command = written_plugin(tmp_path / "plugin", output)
    found = ExecSource(rest.ExecConfig(command=command), rest.Config(host="https://h"))
    credential = anyio.run(found.renew_async) if is_async else found.renew()
    assert credential.header == b"Bearer t"


def test_a_token_that_yaml_reads_as_a_number_is_refused(tmp_path: Path) -> None:
    text = "apiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus: {token: 0123}\n"
    with pytest.raises(errors.ConfigError, match="not an ExecCredential"):
        ran(tmp_path, text)


@pytest.mark.parametrize("zero", ["0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00", None])
def test_gos_zero_time_never_expires(zero: str | None, tmp_path: Path) -> None:
    assert ran(tmp_path, credential_text(token="t", expirationTimestamp=zero)).current() is not None


@pytest.mark.parametrize("past", ["0001-01-01T00:00:01Z", "0001-01-01T00:00:00+01:00", "2020-01-01T00:00:00Z"])
def test_a_credential_with_any_past_time_has_expired(past: str, tmp_path: Path) -> None:
    assert ran(tmp_path, credential_text(token="t", expirationTimestamp=past)).current() is None


@pytest.mark.parametrize("status", [{"token": None}, {"token": ""}, {"token": " "}, {"clientCertificateData": None}])
def test_a_plugin_without_a_credential_is_refused(status: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match=r"without credentials|is empty"):
        ran(tmp_path, credential_text(**status))


@pytest.mark.parametrize("is_async", [False, True])
def test_a_plugin_runs_in_a_process_with_more_than_1024_open_files(*, is_async: bool, tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("this system allows fewer than 2,048 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        command = written_plugin(tmp_path / "plugin", credential_text(token="t"))
        found = ExecSource(rest.ExecConfig(command=command), rest.Config(host="https://h"))
        credential = anyio.run(found.renew_async) if is_async else found.renew()
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert credential.header == b"Bearer t"


@pytest.mark.slow
def test_no_module_uses_select_which_refuses_high_descriptors() -> None:
    found = [
        f"{file.name}:{node.lineno}"
        for file in [*(ROOT / "core").rglob("*.py"), *(ROOT / "generator").rglob("*.py")]
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("select", "SelectSelector")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("select", "selectors")
    ]
    assert found == []


def test_a_plugin_gets_the_cluster_as_it_is_configured(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    told = tmp_path / "told"
    plugin.write_text(
        f"#!{sys.executable} -IS\nimport os\n"
        f"open({str(told)!r}, 'w').write(os.environ['KUBERNETES_EXEC_INFO'])\nprint({credential_text(token='t')!r})\n"
    )
    plugin.chmod(0o700)
    for compression, expected in ((False, {"disable-compression": True}), (True, {})):
        config = rest.Config(host="https://Host.Example:6443/", compression=compression)
        ExecSource(rest.ExecConfig(command=str(plugin), provide_cluster_info=True), config).renew()
        cluster = json.loads(told.read_text())["spec"]["cluster"]
        assert cluster == {"server": "https://Host.Example:6443/", **expected}


def test_an_install_hint_keeps_its_lines_without_control_characters(tmp_path: Path) -> None:
    plugin = rest.ExecConfig(command="no-such-plugin", install_hint="get it:\n\tapt install x\x1b[2J")
    with pytest.raises(errors.ConfigError) as caught:
        ExecSource(plugin, rest.Config(host="https://h")).renew()
    assert "get it:\n\tapt install x\\x1b[2J" in str(caught.value)
