"""Fields with known values: editors offer the values, and any other value is accepted."""

from __future__ import annotations

import json
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubeclient.models import core_v1
from tests.conftest import ROOT
from tests.kgen.documents import document, generated, resolved

USE = """
from kubeclient.models import core_v1

core_v1.Container(name="x", image_pull_policy="")
core_v1.ContainerPort(container_port=1).protocol = ""
"""


def test_at_run_time_the_field_is_a_string() -> None:
    assert typing.get_type_hints(core_v1.Container)["image_pull_policy"] == str | None
    assert typing.get_type_hints(core_v1.NodeSelectorRequirement)["operator"] is str
    (field,) = (each for each in core_v1.Container.model_fields() if each.name == "image_pull_policy")
    assert field.type == str | None
    found = core_v1.Container.from_dict({"name": "x", "imagePullPolicy": "New"})
    assert found.image_pull_policy == "New"
    assert found.to_dict() == {"name": "x", "imagePullPolicy": "New"}


@pytest.mark.parametrize(
    ("schema", "annotation"),
    [
        ({"enum": ["a", 'b"']}, r'OpenEnum[Literal["a", "b\""]] | None = None'),
        ({"enum": ["a", ""]}, 'OpenEnum[Literal["a", ""]] | None = None'),
        ({"enum": [str(n) for n in range(17)]}, "str | None = None"),
        ({"enum": [""]}, 'OpenEnum[Literal[""]] | None = None'),
        ({}, "str | None = None"),
    ],
    ids=str,
)
def test_an_annotation_lists_few_values(schema: dict[str, Any], annotation: str) -> None:
    spec = {"type": "object", "properties": {"mode": {"type": "string", **schema}}}
    api = resolved(document(extra={"com.example.v1.WidgetSpec": spec}))
    assert f"    mode: {annotation}\n" in generated(api, quickly=True)["made/models/example_v1.py"] + "\n"


@pytest.mark.thorough
def test_editors_offer_the_values(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(USE)
    environment = Path(sys.prefix)
    settings = {
        "extraPaths": [str(ROOT / "core"), str(ROOT / "generated")],
        "venvPath": str(environment.parent),
        "venv": environment.name,
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    offered = list(completions(tmp_path / "use.py"))
    assert offered == [["Always", "IfNotPresent", "Never"], ["SCTP", "TCP", "UDP"]]


def completions(file: Path) -> Iterator[list[str]]:
    """Yield the completions of pyright's language server inside each empty string of a file."""
    command = [str(Path(sys.executable).parent / "pyright-langserver"), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            folder = {"uri": file.parent.as_uri(), "name": "project"}
            request(server, "initialize", {"capabilities": {}, "processId": None, "workspaceFolders": [folder]})
            send(server, {"method": "initialized", "params": {}})
            text = file.read_text()
            document = {"uri": file.as_uri(), "languageId": "python", "version": 1, "text": text}
            send(server, {"method": "textDocument/didOpen", "params": {"textDocument": document}})
            analyzed = "textDocument/publishDiagnostics"
            while next_message(server).get("method") != analyzed:
                pass
            for line, words in enumerate(text.splitlines()):
                if (place := words.find('""')) >= 0:
                    at = {"textDocument": document, "position": {"line": line, "character": place + 1}}
                    items = request(server, "textDocument/completion", at)["items"]
                    yield [item["label"].strip('"') for item in items]
        finally:
            server.kill()


def request(server: subprocess.Popen[bytes], method: str, params: object) -> Any:
    send(server, {"id": 1, "method": method, "params": params})
    while "method" in (message := next_message(server)):
        pass
    return message["result"]


def next_message(server: subprocess.Popen[bytes]) -> Any:
    """Return the next message. Requests for settings get an empty result, so the server uses its defaults."""
    message = receive(server)
    if {"method", "id"} <= message.keys():
        send(server, {"id": message["id"], "result": None})
    return message


def send(server: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    assert server.stdin is not None
    data = json.dumps({"jsonrpc": "2.0", **message}).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
    server.stdin.flush()


def receive(server: subprocess.Popen[bytes]) -> Any:
    assert server.stdout is not None
    headers = dict(line.strip().lower().split(b": ", 1) for line in iter(server.stdout.readline, b"\r\n"))
    return json.loads(server.stdout.read(int(headers[b"content-length"])))
