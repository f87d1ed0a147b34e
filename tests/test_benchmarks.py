"""The benchmarks: their programs fit the table of cases, their results are stored and reported, and a small run works."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks import operators, pictures, record, recorded, report, results
from benchmarks.__main__ import main
from benchmarks.controllers import bodies
from benchmarks.controllers import cases as controllers
from benchmarks.controllers.clients import measure as controller_measure
from benchmarks.controllers.replay import Replay
from benchmarks.real import cases, copies, near, plan, pods, programs, proxy, turns
from benchmarks.real.clients import measure
from benchmarks.results import Figure, Missing, Results, Table, Target
from kubeclient import Clientset
from kubecore import kubeconfig
from tests.conftest import ROOT

BENCHMARKS = ROOT / "benchmarks"


def python_cases(module: str, table: str) -> set[str]:
    """Return the cases of a program whose peer may be missing here."""
    tree = ast.parse((BENCHMARKS / table / "clients" / f"{module}.py").read_text("utf-8"))
    [listed] = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CASES"
    ]
    assert isinstance(listed, ast.Dict)
    return {str(ast.literal_eval(key)) for key in listed.keys if key is not None}


SOURCES = {
    "real": ("rustclient/src/main.rs", "goclient/real.go", "func realCase"),
    "controllers": ("rustclient/src/controllers.rs", "goclient/controllers.go", "func controllerCase"),
}


def program_cases(client: str, table: str) -> set[str]:
    if client in cases.MODULES:
        return python_cases(cases.MODULES[client], table)
    rust, go, function = SOURCES[table]
    if client == cases.RUST:
        return set(re.findall(r'^ +"(\w+)" => ', (BENCHMARKS / rust).read_text(), re.MULTILINE))
    source = (BENCHMARKS / go).read_text().partition(function)[2]
    return {name for names in re.findall(r"case (.*):", source) for name in re.findall(r'"(\w+)"', names)}


@pytest.mark.parametrize("client", cases.CLIENTS)
def test_each_program_has_the_cases_of_the_table(client: str) -> None:
    assert program_cases(client, "real") == {case.name for case in cases.CASES.values() if client in case.clients}


@pytest.mark.parametrize("client", controllers.CLIENTS)
def test_each_program_has_the_cases_of_controllers(client: str) -> None:
    if client == cases.JSON:
        client = cases.PROTOBUF  # The same program, which then has the queue, too.
    wanted = {case.name for case in controllers.CASES.values() if client in case.clients}
    assert program_cases(client, "controllers") == wanted


def test_programs_read_only_fields_that_the_plan_has() -> None:
    fields = {field.name for field in dataclasses.fields(plan.Plan)}
    rust = "".join((BENCHMARKS / source).read_text() for source, _, _ in SOURCES.values())
    assert set(re.findall(r'plan\.(?:number|text|seconds)\("(\w+)"\)|plan\.0\["(\w+)"\]', rust)) <= {
        pair for name in fields for pair in ((name, ""), ("", name))
    }
    assert set(re.findall(r'`json:"(\w+)"`', (BENCHMARKS / "goclient/real.go").read_text())) == fields


@pytest.mark.parametrize(
    ("known", "targets"), [(cases.CASES, cases.TARGETS), (controllers.CASES, controllers.TARGETS)], ids=SOURCES
)
def test_targets_name_figures_of_the_table(known: dict[str, cases.Case], targets: tuple[cases.Target, ...]) -> None:
    for target in targets:
        assert target.client in known[target.case].clients
        assert target.quantity in known[target.case].quantities
        assert not target.peer or target.peer in known[target.peer_case or target.case].clients
        assert bool(target.at_least) is bool(target.peer) is not bool(target.at_most)


def test_fewer_pods_make_every_case_smaller() -> None:
    small, full = plan.sized(200), plan.sized(plan.FULL)
    assert (small.labelled, small.gets, small.creates, small.changes) == (20, 20, 50, 200)
    assert (full.labelled, full.gets, full.creates, full.changes) == (1000, 1000, 2000, 10_000)


def test_a_pod_is_created_without_anything_that_others_add_later() -> None:
    body = pods.created(pods.recorded(), 17)
    assert (body["metadata"]["name"], body["metadata"]["labels"]["shard"]) == ("web-17", "7")
    assert not {"uid", "managedFields"} & set(body["metadata"])
    assert "nodeName" not in body["spec"]
    assert "status" not in body
    assert pods.reported(pods.recorded(), 258)["status"]["podIP"] == "10.128.1.2"


def test_slow_clients_take_part_in_the_first_rounds_only() -> None:
    taking_part = [turns.takes_part(cases.CASES["list"], cases.OFFICIAL, turn) for turn in range(4)]
    assert taking_part == [True, True, False, False]
    assert turns.takes_part(cases.CASES["list"], cases.OURS, 4)
    assert not turns.takes_part(cases.CASES["into"], cases.OFFICIAL, 0)
    assert turns.rotated(["a", "b", "c"], 4) == ["b", "c", "a"]


def test_a_program_that_fails_is_reported_with_its_error_output() -> None:
    with pytest.raises(programs.ProgramError, match=r"^exit code 1: no such pod$"):
        programs.run([sys.executable, "-c", "import sys; sys.exit('no such pod')"])


def test_a_program_runs_while_the_changes_that_it_waits_for_are_made(tmp_path: Path) -> None:
    fifo = tmp_path / "changes"
    os.mkfifo(fifo)
    code = "import sys; print('ready', flush=True); print('{\"seconds\": [%s]}' % open(sys.argv[1]).read())"
    printed = programs.run([sys.executable, "-c", code, str(fifo)], lambda: void(fifo.write_text("7")))
    assert printed == {"seconds": [7]}


def test_figures_measured_while_a_program_runs_replace_its_own() -> None:
    code = "import sys; print('ready', flush=True); sys.stdin.read(); print('{\"cpu_seconds\": 3, \"seconds\": [9]}')"
    printed = programs.run([sys.executable, "-c", code], lambda: {"seconds": [7]})
    assert printed == {"cpu_seconds": 3, "seconds": [7]}


def void(_: object) -> None: ...


def test_the_longest_pause_of_an_event_loop_is_found() -> None:
    async def block() -> None:
        end = time.perf_counter() + 0.05
        while time.perf_counter() < end:
            pass

    watch = asyncio.run(measure.longest_pause(block))
    assert watch.result()["pause_seconds"] >= 0.05
    assert len(watch.seconds) == 1


def test_only_changes_of_a_watch_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan.sized(1).write(tmp_path)
    case = measure.Case("https://127.0.0.1", tmp_path)
    events = iter(["ADDED", *["MODIFIED"] * 99, "BOOKMARK", "MODIFIED", "DELETED"])
    assert len(measure.follow(events, case).seconds) == 1
    assert (capsys.readouterr().out, next(events)) == ("ready\n", "DELETED")
    with pytest.raises(AssertionError, match="the watch ended 99 changes early"):
        measure.follow(iter(["MODIFIED"]), case)


def figure(case: str, client: str, *runs: float, quantity: str = "seconds", unit: str = "ms") -> Figure:
    return results.figure(case, cases.CASES[case].title, client, quantity, unit, runs)


def table(*figures: Figure, missing: list[Missing] | None = None) -> Table:
    return Table(
        machine="one core",
        versions={"kube-apiserver": "1.37.2"},
        rounds=3,
        pods=plan.FULL,
        pod_bytes=11_400,
        figures=list(figures),
        missing=missing or [],
    )


def test_a_figure_has_the_median_and_the_range_of_its_runs() -> None:
    found = figure("list", "ours", 0.3, 0.1, 0.2)
    assert (found.value, found.min, found.max, found.runs, found.unit) == (200, 100, 300, 3, "ms")


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    stored = results.store("real", table(figure("list", "ours", 0.1)), near.targets, file)
    assert results.read(file) == stored
    assert stored.tables["real"].targets
    assert json.loads(file.read_text())["schema"] == results.SCHEMA
    results.write(Results(schema=results.SCHEMA + 1), file)
    assert results.read(file) == Results()


def test_a_part_of_a_table_replaces_only_its_figures(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    failed = Missing(client="kube-rs", reason="cargo is not installed")
    before = table(figure("list", "ours", 0.1), figure("get", "ours", 0.001, unit="us"), missing=[failed])
    results.store("real", before, near.targets, file)
    results.store("real", table(figure("list", "ours", 0.2)), near.targets, file, partly=True)
    found = results.read(file).tables["real"]
    assert sorted((each.case, each.value) for each in found.figures) == [("get", 1000), ("list", 200)]
    assert found.missing == [failed]
    results.store("real", table(figure("list", "ours", 0.3)), near.targets, file)
    assert [each.value for each in results.read(file).tables["real"].figures] == [300]


@pytest.mark.parametrize(("ours", "reached"), [(0.1, True), (0.2, False)])
def test_a_target_is_reached_or_missed_visibly(ours: float, reached: bool) -> None:
    measured = table(figure("list", cases.OURS, ours), figure("list", cases.PROTOBUF, 0.15))
    targets = near.targets(measured)
    [compared] = [target for target in targets if (target.title, target.peer) == ("list of all pods", cases.PROTOBUF)]
    assert compared.reached is reached
    assert [target.reached for target in targets if target.peer == cases.LIGHTKUBE] == [None]
    text = report.written(Results(tables={"real": msgspec.structs.replace(measured, targets=targets)}))
    assert (f"| client-go protobuf | 150 ms | {ours * 1000:.0f} ms |" in text) is True
    assert ("| no, 0.58 of it |" in text) is not reached
    assert "| lightkube | not measured |" in text


def test_an_absolute_target_counts_for_each_object() -> None:
    measured = table(figure("create", cases.ASYNC, 0.6, quantity=cases.CPU))
    [target] = [target for target in near.targets(measured) if target.title == "CPU time of a create"]
    assert (target.value, target.unit, target.at_most, target.reached) == (300, "us", 250, False)
    assert "| at most 250 us | no, 1.20 times as much |" in report.written(
        Results(tables={"real": msgspec.structs.replace(measured, targets=[target])})
    )
    fewer = msgspec.structs.replace(measured, pods=200)
    assert all(target.peer for target in near.targets(fewer))


def test_clients_that_were_not_measured_are_named_with_the_reason() -> None:
    missing = [Missing(client="kube-rs", reason="cargo is not installed"), Missing(client="x", reason="y", case="get")]
    text = report.written(Results(tables={"real": table(figure("list", "ours", 0.1), missing=missing)}))
    assert "Not measured: kube-rs: cargo is not installed; x in get: y." in text


def test_blocks_of_a_page_are_filled_from_the_results() -> None:
    measured = Results(tables={"real": table(figure("list", "ours", 0.123))})
    text = report.page("# Page\n<!-- results: lists -->\nold\n<!-- end -->\nrest\n", measured)
    assert "| `list()` | 123 ms | not measured | not measured |" in text
    assert (text.startswith("# Page\n"), text.endswith("<!-- end -->\nrest\n"), "old" in text) == (True, True, False)
    assert report.page(text, measured) == text


def test_changes_are_timed_from_the_first_to_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    changes = controller_measure.Changes(3)
    changes.begin()
    assert capsys.readouterr().out == "ready\n"
    assert [changes.see(version) for version in (2_000_000, 3_000_000, 3_000_001, 3_000_002)] == [False] * 3 + [True]
    assert len(changes.watch.seconds) == 1
    assert controller_measure.FIRST_CHANGE == bodies.FIRST_CHANGE


def replay(folder: Path, pods: int = 3, changes: int = 5) -> Replay:
    bodies.write(folder, pods, changes)
    return Replay(folder)


def body(parts: Iterable[bytes]) -> Any:
    head, _, text = b"".join(parts).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(text)}".encode() in head
    return json.loads(text)


def test_a_replay_lists_whole_or_in_pages(tmp_path: Path) -> None:
    server = replay(tmp_path, pods=bodies.PAGE + 1)
    whole = body(server.respond(b"GET /api/v1/pods?resourceVersion=0&limit=500 HTTP/1.1"))
    page = body(server.respond(b"GET /api/v1/pods?limit=500 HTTP/1.1"))
    rest = body(server.respond(b"GET /api/v1/pods?limit=500&continue=500 HTTP/1.1"))
    assert (len(whole["items"]), len(page["items"]), len(rest["items"])) == (501, 500, 1)
    assert page["metadata"] == {"resourceVersion": "2000000", "continue": "500", "remainingItemCount": 1}
    assert rest["metadata"] == whole["metadata"] == {"resourceVersion": "2000000"}
    refused = b"".join(server.respond(b"GET /api/v1/pods?watch=true&sendInitialEvents=true HTTP/1.1"))
    assert refused.startswith(b"HTTP/1.1 422 ")


WATCH = b"GET /api/v1/pods?watch=true&resourceVersion=2000000 HTTP/1.1"


def test_a_replay_sends_its_changes_to_the_watch_that_is_open(tmp_path: Path) -> None:
    server = replay(tmp_path)
    watch = server.respond(WATCH)
    assert next(watch).startswith(b"HTTP/1.1 200 OK")
    assert body(server.respond(b"POST /replay/changes HTTP/1.1")) == {}
    events = [json.loads(line) for line in next(watch).splitlines() if line.startswith(b"{")]
    versions = [
        (event["object"]["metadata"]["name"], event["object"]["metadata"]["resourceVersion"]) for event in events
    ]
    assert versions == [(f"web-{number % 3}", str(bodies.FIRST_CHANGE + number)) for number in range(5)]


def test_a_replay_measures_the_list_after_410(tmp_path: Path) -> None:
    server = replay(tmp_path)
    with ThreadPoolExecutor(1) as threads:
        sent = threads.submit(lambda: body(server.respond(b"POST /replay/expire HTTP/1.1")))
        for _ in range(2):  # A client may try the same version again.
            expired = b"".join(server.respond(WATCH))
            assert b'"code": 410' in expired
            assert expired.endswith(b"\r\n0\r\n\r\n")
        assert body(server.respond(b"GET /api/v1/pods HTTP/1.1"))["metadata"]["resourceVersion"] == "2000001"
        assert next(server.respond(WATCH)).startswith(b"HTTP/1.1 200 OK")
        [seconds] = sent.result(timeout=60)["seconds"]
    assert seconds > 0


def test_a_copied_pod_has_another_namespace_and_uid() -> None:
    uid = b"6d8f7a3e-8a57-4c11-9d7e-3b1f5a2c4d6e"
    stored = b"k8s\0..\x0a\x05web-7\x12\x00\x1a\x05bench\x22\x00\x2a\x24" + uid + b"\x32\x00.. bench"
    assert copies.copied(stored, 7) == stored.replace(b"\x05bench", b"\x05ben07").replace(
        b"$6d8f7a3e-8a57-4c11", b"$078f7a3e-8a57-fc11"
    )


def test_a_link_delays_bytes_and_delivers_them_at_its_rate() -> None:
    link = proxy.Link(delay=2.0, rate=100.0)
    assert link.delivery(100, now=10.0) == 13.0
    assert link.delivery(50, now=10.0) == 13.5  # After the bytes before, which the link still carries.
    assert link.delivery(0, now=20.0) == 22.0


def test_the_pages_have_the_figures_of_the_results() -> None:
    stored = results.read()
    assert {"recorded"} <= set(stored.tables) <= {"recorded", "real", "far", "controllers", "fake", results.LARGE}
    assert report.RESULTS.read_text("utf-8") == report.written(stored)
    assert report.PAGE.read_text("utf-8") == report.page(report.PAGE.read_text("utf-8"), stored)


def test_the_pictures_are_those_of_the_results() -> None:
    drawn = dict(pictures.drawn(results.read()))
    assert {file.name: file.read_text("utf-8") for file in pictures.FOLDER.iterdir()} == drawn
    for text in drawn.values():
        assert xml.etree.ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314


def test_a_picture_has_a_bar_for_each_measured_client() -> None:
    figures = [
        results.figure("list", "list", client, "seconds", "ms", [value])
        for client, value in (("ours", 0.5), ("lightkube", 2.0))
    ]
    table = msgspec.structs.replace(results.read().tables["real"], figures=figures)
    text = pictures.svg(pictures.PICTURES[0], results.Results(tables={"real": table}), pictures.THEMES["dark"])
    bars = re.findall(r'<rect [^>]*width="([\d.]+)"', text)
    assert [float(bars[1]) / float(width) for width in bars] == [4.0, 1.0]
    assert "<desc>kubeclient 500 ms; lightkube 2,000 ms</desc>" in text


def test_the_page_about_performance_has_measured_figures_only() -> None:
    text = report.PAGE.read_text("utf-8")
    assert re.findall(r"<!-- results: (\S+) -->", text) == list(report.BLOCKS)
    prose = re.sub(r"<!-- results: .*?<!-- end -->|```.*?```", "", text, flags=re.DOTALL)
    network = "200 Mbit/s, with round trips of 5 ms and 50 ms"
    assert network in prose
    assert re.findall(r"\d[\d.,]* ?(?:ms|us|s|MiB|MB|%|x|times)\b", prose.replace(network, "")) == []


@pytest.mark.parametrize("argument", ["--only=list,nope", "--clients=ours,nope"])
def test_unknown_cases_and_clients_are_refused(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["real", argument])
    assert "unknown: nope" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "unknown"),
    [
        (["recorded", "--only=decode,fan_out,create"], "create"),
        (["real", "--only=list,decode"], "decode"),
        (["far", "--only=list,update"], "update"),
        (["controllers", "--only=fan_out"], "fan_out"),
        (["controllers", "--only=idle,pages", f"--pods={controllers.LARGE}"], "idle, pages"),
        (["--only=list,nope"], "nope"),
    ],
)
def test_cases_of_another_table_are_refused(
    arguments: list[str], unknown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("recorded.measure", "programs.build", "server"):
        monkeypatch.setattr(f"benchmarks.__main__.{name}", pytest.fail)
    with pytest.raises(SystemExit):
        main(arguments)
    assert f"unknown: {unknown}; known: " in capsys.readouterr().err


LONG = {"killed"}
"""Cases that last as long as a Lease."""


def cases_of(name: str) -> dict[str, tuple[str, ...]]:
    if name == "far":
        return cases.FAR
    known = cases.CASES if name == "real" else controllers.CASES
    return {case.name: case.clients for case in known.values() if case.name not in LONG}


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("name", ["real", "far", "controllers"])
def test_a_small_run_measures_every_case_of_our_client(name: str, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    options = ["--pods", "30", "--rounds", "1", "--clients", f"{cases.OURS},{cases.ASYNC}", "--output", str(file)]
    options += ["--only", ",".join(cases_of(name))]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = results.read(file).tables[name]
    expected = {(case, client) for case, clients in cases_of(name).items() for client in clients if "ours" in client}
    assert {(each.case, each.client) for each in found.figures} == expected
    assert all(each.min > 0 for each in found.figures if each.quantity not in (cases.CACHE, cases.REQUESTS))
    assert (found.pods, found.missing) == (30, [])
    assert 10_000 < found.pod_bytes < 13_000
    if name == "far":
        assert {each.quantity for each in found.figures} == {"seconds"}
        networks = {each.network: each.value for each in found.figures if each.case == "get"}
        assert sorted(networks) == ["5 ms", "5 ms, gzip", "50 ms", "50 ms, gzip"]
        assert networks["50 ms"] >= 50_000 > 5_000  # A request cannot be faster than the network.


def test_targets_of_recorded_responses_show_their_peers() -> None:
    from benchmarks import recorded

    measured = recorded.table({("ours", "list"): [0.2, 0.4, 0.3], ("client-go protobuf", "list"): [0.6]})
    targets = [target for target in recorded.targets(measured) if target.value is not None]
    [compared] = [target for target in targets if target.peer == "client-go protobuf"]
    assert isinstance(compared, Target)
    assert (compared.value, compared.peer_value, compared.ratio, compared.reached) == (300, 600, 2, True)


def test_the_kubeconfig_of_the_recorded_server_leads_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "PODS", 2)
    record.write_certificates(tmp_path)
    record.write_bodies(tmp_path)
    with recorded.server(tmp_path) as url, Clientset(kubeconfig.load_config(str(tmp_path / "kubeconfig"))) as clientset:
        assert clientset.rest_client.host == url
        assert [pod.metadata.name for pod in clientset.core_v1.pods("").list()] == ["web-0", "web-1"]


def test_the_figures_of_an_operator_count_names_and_types_of_kubernetes() -> None:
    longest = "WidgetSpecTemplateWithANameThatHasMoreThanSixtyCharactersInAllItsWords"
    source = f"""
from kubeclient.models import core_v1, meta_v1
class Widget(CustomModel):
    metadata: meta_v1.ObjectMeta
    template: Annotated[core_v1.PodTemplateSpec, OtherFields("spec.tier")] | None = None
    name: str | None = None
class WidgetMode:
    ON: Final = "On"
WidgetTemplate = core_v1.PodTemplateSpec
{longest} = Widget
"""
    found = operators.counted([ast.parse(source)], 9, 1.0, 2.0)
    assert found == operators.Figures(
        9, 1.0, 2.0, classes=1, other_names=2, kubernetes=1, constants=1, long_names=1, longest=longest
    )
