"""A program that reads one object imports few modules, because importing is most of its time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final

import pytest

from tests.ready import PATIENCE

LIMIT: Final = 150
"""Modules of kubecore and kubeclient. Each costs about 0.2 ms; raise the number only if a get needs the new one."""

POD: Final = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}'

CODE: Final = """
import json, sys
before = set(sys.modules)
from kubeclient import Clientset
from kubecore import rest
with Clientset(rest.Config(host=sys.argv[1])) as clientset:
    assert clientset.core_v1.pods("default").get("web").metadata.name == "web"
print(json.dumps(sorted(set(sys.modules) - before)))
"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(POD)))
        self.end_headers()
        self.wfile.write(POD)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def imported() -> list[str]:
    """The modules that a program imports for its first get."""
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.timeout = PATIENCE  # If the program ends without a request.
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        command = [sys.executable, "-c", CODE, f"http://127.0.0.1:{server.server_port}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        thread.join()
        assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "name",
    ["anyio", "asyncio", "concurrent", "email", "h11", "http", "httpx", "subprocess", "tarfile", "tempfile", "yaml"],
)
def test_the_first_get_imports_no_event_loop_no_http_library_and_no_yaml(name: str, imported: list[str]) -> None:
    assert [module for module in imported if module.partition(".")[0] == name] == []


def test_the_first_get_imports_one_module_of_models_per_group_that_it_needs(imported: list[str]) -> None:
    models = [module for module in imported if module.startswith("kubeclient.models.")]
    assert models == ["kubeclient.models.core_v1", "kubeclient.models.meta_v1", "kubeclient.models.policy_v1"]


def test_the_first_get_imports_few_modules_of_ours(imported: list[str]) -> None:
    assert len([module for module in imported if module.partition(".")[0] in ("kubecore", "kubeclient")]) <= LIMIT
