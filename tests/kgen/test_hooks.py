"""Hooks change the generated package. Mistakes in hooks are reported to the user."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from kgen.cli import run
from kgen.hook_runner import Hooks
from tests.conftest import ROOT
from tests.kgen.documents import generated
from tests.kgen.manifests import manifest, of

pytestmark = pytest.mark.slow  # builds

HEAD = """\
import msgspec
from msgspec.structs import replace
from kgen.hooks import *
"""
MODEL = "def on_model(model: Model, module: ModelModule) -> Model | None:\n    "
FIELDS = MODEL + "first = replace(model.fields[-1], "
RETURN = "    return replace(model, fields=(*model.fields[:-1], first))\n"
RESOURCE = "def on_resource(resource: Resource, group: GroupVersion) -> Resource | None:\n    "
FILE = "def on_file(path: str, text: str) -> str:\n    "


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a project with a CRD and the key `hooks`, and make it the current folder."""
    (tmp_path / "crds").mkdir()
    shutil.copy(ROOT / "tests" / "crds" / "gauges.yaml", tmp_path / "crds")
    (tmp_path / "kgen.toml").write_text('specs = "crds"\npackage = "mine"\nhooks = "hooks.py"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def hooks(project: Path, code: str) -> None:
    (project / "hooks.py").write_text(HEAD + code)


def of_the_page() -> str:
    """Return the example of docs/crds.md, with two more hooks."""
    example = re.search(r"## Hooks.*?```python\n(.*?)```", (ROOT / "docs/crds.md").read_text("utf-8"), re.DOTALL)
    assert example is not None
    more = "\ndef on_file(path: str, text: str) -> str:\n    return text + '\\n# mine\\n'\n"
    more += "\ndef on_spec(spec: ApiSpec) -> ApiSpec:\n    return msgspec.structs.replace(spec, notices=())\n"
    return example[1] + more


def test_build_and_check_apply_hooks(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hooks(project, of_the_page())
    assert run(["build", "-q"]) == 0
    made = {file.stem: file.read_text() for file in (project / "generated").rglob("*.py")}
    assert "Owned by the shop's team." in made["metrics_v1"]
    assert "Standard" not in made["gauge"]
    assert made["_kinds"].endswith("# mine\n")
    assert run(["check", "-q"]) == 0
    # A build with hooks is never up to date, because the hooks or the files that they read may have changed.
    hooks(project, FILE + "return text + '\\n# yours\\n'\n")
    assert run(["check", "-q"]) == 1
    assert run(["build", "-q"]) == 0
    assert run(["check", "-q"]) == 0


@pytest.mark.thorough
def test_the_example_of_the_page_has_types(project: Path) -> None:
    typed = [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(project / "hooks.py")]
    hooks(project, of_the_page())
    done = subprocess.run(typed, cwd=ROOT / "generator", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_resource_can_be_left_out(project: Path) -> None:
    hooks(project, RESOURCE + "return None\n")
    assert run(["build", "-q"]) == 0
    assert not (project / "generated/mine/typed/metrics").exists()


def test_constants_that_a_hook_leaves_out_have_no_other_names() -> None:
    kind = {"type": "string", "enum": ["Ball"]}
    pair = {name: {"type": "object", "properties": {"kind": kind}} for name in ("a", "b")}
    api = of(manifest(pair))
    found = Hooks({"on_model": lambda model, _: replace(model, constants=())}, "hooks.py", "").api(api)
    before, after = ({str(alias.name) for module in made.modules for alias in module.aliases} for made in (api, found))
    assert before - after == {"WidgetSpecBKind"}
    for path, source in generated(found, quickly=True).items():
        compile(source, path, "exec", dont_inherit=True)


def test_a_hook_changes_types_names_and_defaults(project: Path) -> None:
    code = "first = replace(model.fields[-1], type=ListOf(Scalar('Quantity')), default=Empty(), name='sizes')\n"
    hooks(project, MODEL + code + RETURN)
    assert run(["build", "-q"]) == 0
    made = (project / "generated/mine/models/metrics_v1.py").read_text()
    assert re.search(r"sizes: list\[Quantity\] = msgspec.field\(default=\[\], name=\"\w+\"\)", made)
    assert "Quantity" in made.partition("__all__")[0]


@pytest.mark.parametrize(
    ("code", "what", "where"),
    [
        (MODEL + "raise ValueError('no')\n", "on_model failed: ValueError: no", "hooks.py:5, metrics_v1"),
        (MODEL + "return 5\n", "on_model returned an int, not a Model or None", "hooks.py:4, metrics_v1"),
        (MODEL + "return None\n", "left out a model that", "hooks.py:4"),
        (MODEL + "return replace(model, name='X')\n", "changed name, by which", "metrics_v1"),
        (MODEL + "return replace(model, schema='X')\n", "changed schema", "metrics_v1"),
        (MODEL + "return replace(model, schema=7)\n", "Model.schema is an int, not str", "hooks.py:4, metrics_v1"),
        (FIELDS + "doc=b'x')\n" + RETURN, "].doc is a bytes, not str", "hooks.py:4, metrics_v1"),
        (FIELDS + "name='1x')\n" + RETURN, "].name is wrong: not a Python identifier: '1x'", "metrics_v1"),
        (FIELDS + "name=7)\n" + RETURN, "[7].name is an int, not Identifier", "metrics_v1"),
        (FIELDS + "type=Scalar('Strr'))\n" + RETURN, ".type.name is 'Strr', not one of bool, bytes", "metrics_v1"),
        (FIELDS + "type='str')\n" + RETURN, ".type is a str, not Scalar or ModelType or ListOf", "metrics_v1"),
        (FIELDS + "type=ListOf(Null()))\n" + RETURN, ".type.item is a Null, not Scalar or", "metrics_v1"),
        (FIELDS + "default=None)\n" + RETURN, ".default is nothing, not Required or Null or Empty", "metrics_v1"),
        (FIELDS + "type=Scalar('str'), default=Empty())\n" + RETURN, "Empty: only a list, a map", "metrics_v1"),
        (FIELDS + "type=Scalar('str'), default=Zero())\n" + RETURN, "Zero: only a model has", "metrics_v1"),
        (FIELDS + "type=Scalar('int'), default=Always('x'))\n" + RETURN, "Always: only a str can", "metrics_v1"),
        (FIELDS + "wire_name='a\"b')\n" + RETURN, "the property 'a\"b', which can't be one", "metrics_v1"),
        (FIELDS + "wire_name=model.fields[0].wire_name)\n" + RETURN, "two things of the name", "metrics_v1"),
        (
            FIELDS + "type=ModelType(ModelRef('metrics_v1', 'Gaug')), default=Null())\n" + RETURN,
            "names 'metrics_v1.Gaug'",
            "metrics_v1",
        ),
        (
            FIELDS + "type=ModelType(ModelRef('core_v1', 'Podd')), default=Null())\n" + RETURN,
            "did you mean 'core_v1.Pod'",
            "metrics_v1",
        ),
        (RESOURCE + "return replace(resource, verbs=frozenset({'gett'}))\n", "verb 'gett'", "metrics_v1"),
        (RESOURCE + "return replace(resource, methods=5)\n", "methods is an int, not tuple", "hooks.py:4"),
        (FILE + "return 'x = ('\n", "took the first line away", "mine/"),
        (FILE + "return text + '('\n", "not valid Python", "hooks.py:4, mine/"),
        (FILE + "return None\n", "on_file returned nothing, not a str", "mine/"),
        ("def on_spec(spec): pass\n", "on_spec returned nothing, not an ApiSpec", "hooks.py:4"),
        ("def on_spec(): pass\n", "on_spec failed: TypeError", "hooks.py:4"),
        ("def on_modle(model): pass\n", "unknown hook 'on_modle'", "hooks.py"),
        ("on_model = 5\n", "on_model is not a function", "hooks.py"),
        ("\n", "there are no hooks in it", "hooks.py"),
        ("import nothing_such\n", "can't be imported: ModuleNotFoundError", "hooks.py:4"),
        ("def (\n", "can't be imported: SyntaxError", "hooks.py:4"),
        ("raise SystemExit(0)\n", "can't be imported: SystemExit", "hooks.py:4"),
    ],
)
def test_an_error_of_a_hook_is_reported_without_a_traceback(
    code: str, what: str, where: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hooks(project, code)
    assert run(["build", "-q"]) == 2
    stderr = capsys.readouterr().err
    assert what in stderr
    assert where in stderr.split("where: ")[1].split("\n")[0]
    assert "Traceback" not in stderr
    assert not (project / "generated").exists()


def test_the_nearest_hook_and_a_module_of_hooks(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hooks(project, "def on_modle(model): pass\n")
    assert run(["check"]) == 2
    assert "did you mean 'on_model'?" in capsys.readouterr().err
    (project / "kgen.toml").write_text('specs = "crds"\npackage = "mine"\nhooks = "kgen_test_hooks_here"\n')
    (project / "kgen_test_hooks_here.py").write_text(FILE + "return text\n")
    try:
        assert run(["build", "-q"]) == 0
    finally:
        sys.modules.pop("kgen_test_hooks_here", None)
    (project / "kgen.toml").write_text('specs = "crds"\npackage = "mine"\nhooks = "hoks.py"\n')
    assert run(["build"]) == 2
    assert "did you mean 'hooks.py'?" in capsys.readouterr().err
