"""`python -m kubecore doctor` reports the faults of a connection, and no secret."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kubecore import doctor
from kubecore.__main__ import main
from kubecore.testing import FakeCluster, Received, Response
from kubecore.testing.loopback import Loopback
from tests.cluster import Cluster


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeCluster, Loopback]]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with FakeCluster() as cluster, cluster.serve() as server:
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
        yield cluster, server


def found(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> dict[str, doctor.Finding]:
    assert main(["doctor", "--json", *arguments]) == code
    return {one["name"]: doctor.Finding(**one) for one in json.loads(capsys.readouterr().out)}


def change(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch, folder: Path, proxy: str = "", **user: object) -> None:
    document = yaml.safe_load(kubeconfig.read_text("utf-8"))
    document["users"] = [{"name": entry["name"], "user": user} for entry in document["users"]]
    if proxy:
        document["clusters"][0]["cluster"]["proxy-url"] = proxy
    (folder / "config").write_text(yaml.safe_dump(document), "utf-8")
    monkeypatch.setenv("KUBECONFIG", str(folder / "config"))


def test_a_healthy_connection_has_no_problem(
    served: tuple[FakeCluster, Loopback], capsys: pytest.CaptureFixture[str]
) -> None:
    _, server = served
    report = found(capsys, 0)
    assert {one.state for one in report.values()} == {"ok"}
    assert report["configuration"].text.startswith(f"{server.config.host}, by context ")
    assert report["server"].text.startswith("Kubernetes v1.37.")
    assert report["version"].text == "kubeclient is generated for 1.37, the server is 1.37"
    assert report["proxy"].text == "none"


@pytest.mark.usefixtures("served")
def test_the_report_for_people_has_a_line_for_each_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok       kubecore: ")
    assert "ok       access: the API can be read" in lines


def test_no_secret_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "/bin/false",
        "args": ["--password", "hunter2"],
        "interactiveMode": "Never",
    }
    with FakeCluster() as cluster, cluster.serve(tls=True) as server:
        change(Path(server.kubeconfig), monkeypatch, tmp_path, "http://ann:hunter2@127.0.0.1:1", exec=program)
        report = found(capsys, 1)
    assert "the program false" in report["credentials"].text
    assert report["proxy"].text == "http://127.0.0.1:1, by the configuration"
    assert "hunter2" not in repr(report)


def test_an_unreachable_server_is_a_problem_with_a_hint(
    served: tuple[FakeCluster, Loopback],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(Path(served[1].kubeconfig), monkeypatch, tmp_path)
    served[1].close()
    report = found(capsys, 1, "--timeout=5")
    assert report["server"].state == "problem"
    assert report["server"].hint.startswith("check the address")
    assert report["server"].hint.endswith("/errors/ConnectError/")
    assert "version" not in report


@pytest.mark.usefixtures("served")
def test_wrong_clocks_are_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "_date", lambda *_: "Thu, 01 Jan 2026 00:00:00 GMT")
    report = found(capsys, 0)
    assert report["clock"].state == "note"
    assert report["clock"].text.endswith("ahead of that of the server")


@pytest.mark.parametrize(
    ("date", "count"),
    [
        ("", 0),
        ("today", 0),
        ("Thu, 01 Jan 2026 00:00:00 -0000", 1),
        ("Thu, 01 Jan 2026 00:00:00 +9999", 0),
        ("Thu, 01 Jan 2026 00:00:00 +99999999999999999999", 0),
        ("Thu, 01 Jan 99999 00:00:00 GMT", 0),
    ],
)
def test_any_date_of_a_server_is_read_or_left_out(date: str, count: int) -> None:
    assert len(list(doctor._clock(date))) == count


def test_missing_rights_are_a_problem(served: tuple[FakeCluster, Loopback], capsys: pytest.CaptureFixture[str]) -> None:
    @served[0].on("*", "*")
    def refuse(received: Received) -> Response | None:
        return Response.status("Forbidden") if received.path == "/api" else None

    report = found(capsys, 1)
    assert report["server"].state == "ok"
    assert report["access"].state == "problem"
    assert report["access"].hint.startswith("the account needs rights")
    assert report["access"].hint.endswith("/errors/ForbiddenError/")


def test_a_missing_kubeconfig_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    report = found(capsys, 1)
    assert report["kubeconfig"].state == "note"
    assert "no kubeconfig found" in report["configuration"].text
    assert report["configuration"].hint.endswith("/errors/EmptyConfigError/")


@pytest.mark.usefixtures("served")
def test_an_unknown_context_and_wrong_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nope" in found(capsys, 1, "--context=nope")["configuration"].text
    assert main(["examine"]) == 2
    assert "usage: python -m kubecore doctor" in capsys.readouterr().err


@pytest.mark.parametrize(("minor", "state"), [("33", "note"), ("34", "ok"), ("38+", "ok"), ("39", "note")])
def test_the_skew_that_is_supported(minor: str, state: str) -> None:
    from kubecore.calls.version import Info

    info = Info.zero()
    info.major, info.minor = "1", minor
    [finding] = doctor._skew(info, "kubeclient")
    assert finding.state == state
    assert [list(doctor._skew(info, name)) for name in ("no_such_package", "sys", "")] == [[], [], []]


def test_a_server_that_does_not_speak_http_is_a_problem(
    served: tuple[FakeCluster, Loopback],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        document = yaml.safe_load(Path(served[1].kubeconfig).read_text("utf-8"))
        document["clusters"][0]["cluster"]["server"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        (tmp_path / "config").write_text(yaml.safe_dump(document), "utf-8")
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        assert found(capsys, 1, "--timeout=0.3")["server"].state == "problem"


def test_a_real_server_is_healthy(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    report = found(capsys, 0)
    assert {one.name for one in report.values() if one.state != "ok"} == set()
    assert report["clock"].text == "the same as that of the server"
    assert report["credentials"].text in ("a client certificate", "a token")


def test_the_kubeconfig_may_be_an_argument(
    served: tuple[FakeCluster, Loopback],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    file = served[1].kubeconfig
    report = found(capsys, 0, "--kubeconfig", str(file))
    assert report["kubeconfig"].text == f"{file} (by --kubeconfig)"
    report = found(capsys, 1, "--kubeconfig", str(tmp_path))
    assert str(tmp_path) in report["configuration"].text
