"""Every replacement that `kgen migrate` prints is code that both clientsets have: mypy checks a file with all of them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from kgen import migrate
from kgen.bundled_specs import bundled_specs
from kgen.migrate import kr8s_calls, lightkube_calls, official_calls
from kgen.migrate.error_classes import ATTRIBUTES, CLASSES, CODES
from kgen.migrate.resources import known
from kgen.migrate.table import Target
from kgen.pipeline import describe

ROOT: Final = Path(__file__).parents[2]

NOTHING: Final = "not needed: "
"""The start of a replacement with the reason why the call can be removed."""

TABLES: Final = [
    *official_calls.OFFICIAL.items(),
    *official_calls.MODELS.items(),
    *lightkube_calls.LIGHTKUBE_CALLS.items(),
    *kr8s_calls.KR8S_CALLS.items(),
]

HEAD: Final = """
from typing import Any
import kubecore
from kubeclient import AsyncClientset, Clientset
from kubeclient.models import {models}
from kubecore import apply, cache as caches, election, errors, kubeconfig, manifests, patch, quantity, rest
from kubecore.model import owners
from kubecore.dynamic import AsyncObjects, Objects
from kubecore.streams import port_forward
from kubecore.streams.exec.process import Process

"""

PARAMETERS: Final = (
    "clientset: {clientset}, resource: {objects}[Any], process: Process, ports: Any, cache: Any, events: Any, elector: Any, "
    "config: rest.Config, error: errors.StatusError, failure: errors.ApplyFileError, body: Any, obj: Any, objects: list[Any], owner: Any, data: Any, labels: Any, "
    "annotations: Any, taints: Any, tolerations: Any, change: Any, changes: dict[str, Any], number: float, command: list[str], n: int, port: int, width: int, height: int, ns: str, name: str, "
    "namespace: str, kind: str, api_version: str, method: str, path: str, folder: str, text: str, url: str, token: str, "
    "context: str, key: str, label: str, selector: str, message: str, logpath: str"
)


def of_tables(*, is_async: bool) -> Iterator[str]:
    """Yield the replacements of the tables, without those that are a recipe."""
    for key, target in TABLES:
        if target.status == "replacement" and is_async == key.startswith("AsyncClient"):
            yield target.text
    if is_async:
        return
    for call in official_calls.CUSTOM_OBJECTS.values():
        yield f"resource.{call}"
        yield f'clientset.dynamic.resource("widgets.example.com", ns).{call}'
    for call, verb in (*lightkube_calls.LIGHTKUBE_METHODS.values(), *kr8s_calls.KR8S_METHODS.values()):
        client = "clientset.apps_v1.deployments(ns)" if verb == "scale" else "clientset.core_v1.pods(ns)"
        yield call if call.startswith(("owners.", "clientset.")) else f"{client}.{call}"


def derived(package: str, folder: Path) -> Iterator[str]:
    """Yield the replacements of all generated methods and models, as the report prints them."""
    api = describe(bundled_specs())
    names = known(api)
    wait = "await " if package == "kubernetes_asyncio" else ""
    lines = [
        f" {wait}client.{owner}().{method}('n', 'ns')" for owner, methods in names.methods.items() for method in methods
    ]
    lines += [f" client.{version.capitalize()}{model}()" for version, model in names.models]
    lines += [
        f" {wait}client.CustomObjectsApi().{verb}_namespaced_custom_object{end}('g.io', 'v1', 'ns', 'widgets', 'n')"
        for verb in ("create", "get", "list", "patch", "replace", "delete")
        for end in ("", "_status", "_scale")
    ]
    (folder / "program.py").write_text(f"from {package} import client\nasync def f():\n" + "\n".join(lines) + "\n")
    for call in migrate.report(folder / "program.py", api).calls:
        assert call.target.status == "replacement", call
        yield call.target.text


def of_errors(package: str, folder: Path) -> Iterator[str]:
    """Yield the replacements of all error classes, attributes of errors and codes, as the report prints them."""
    module = {"lightkube": "lightkube.core.exceptions", "kr8s": "kr8s"}.get(package, f"{package}.client")
    lines = [f"import json\nimport {module} as m\nfrom {module} import ApiError, ApiException\n"]
    lines += ["def of_failure(failure: m.FailToCreateError):\n failure.api_exceptions\n"]
    lines += [f"try: pass\nexcept m.{name}: isinstance(1, m.{name})\n" for name in CLASSES[package]]
    error = {"lightkube": "ApiError", "kr8s": "ServerError"}.get(package, "ApiException")
    lines += [f"def of_status(error: m.{error}):\n json.loads(error.body)\n"]
    lines += [f" error.{attribute}\n" for attribute in ATTRIBUTES[package] if attribute != "api_exceptions"]
    lines += [f" error.status == {code}\n" for code in CODES if package.startswith("kubernetes")]
    lines += [f"try: pass\nexcept m.{error} as error:\n error.status == {code}\n" for code in CODES]
    (folder / "errors.py").write_text("".join(lines))
    found = migrate.report(folder / "errors.py", describe(bundled_specs())).errors
    assert len(found) > 2 * len(CLASSES[package])
    for one in found:
        assert one.target.status != "open", one
        if one.target.status == "replacement":
            yield one.target.text


def _statement(text: str) -> str:
    """Return a replacement without `...`, which stands for the arguments of the old call."""
    if text.startswith("except "):
        return f"try:\n        clientset.server_version()\n    {text}:\n        pass"
    model = re.fullmatch(r"(\w+_v\d\w*\.\w+)\(\.\.\.\)", text)
    return model[1] if model else text.replace("(...)", "()")


def checked(texts: Iterator[str], clientset: str, objects: str) -> str:
    """Return a module with one statement for each replacement."""
    lines = sorted({_statement(text) for text in texts if not text.startswith(NOTHING)})
    for line in lines:
        ast.parse(f"async def f():\n    {line}")
    models = sorted({match[1] for line in lines if (match := re.match(r"(\w+_v\d\w*)\.\w", line))})
    head = HEAD.format(models=", ".join(models) or "core_v1")
    parameters = PARAMETERS.format(clientset=clientset, objects=objects)
    is_async = "async " if clientset == "AsyncClientset" else ""
    return head + f"{is_async}def check({parameters}) -> None:\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("package", "clientset", "objects"),
    [("kubernetes", "Clientset", "Objects"), ("kubernetes_asyncio", "AsyncClientset", "AsyncObjects")],
)
def test_replacements_are_code(tmp_path: Path, package: str, clientset: str, objects: str) -> None:
    texts = [*derived(package, tmp_path), *of_tables(is_async=package == "kubernetes_asyncio")]
    texts += [text for one in CLASSES for text in of_errors(one, tmp_path)]
    file = tmp_path / f"replacements_of_{package}.py"
    file.write_text(checked(iter(texts), clientset, objects))
    command = [str(Path(sys.executable).with_name("mypy")), "--disable-error-code=unused-coroutine", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    errors = [line for line in done.stdout.splitlines() if "replacements_of" in line and ": error:" in line]
    assert errors == []
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("key", "target"), TABLES, ids=[key for key, _ in TABLES])
def test_calls_without_a_replacement_have_a_reason(key: str, target: Target) -> None:
    assert len(target.text) > 2, key
