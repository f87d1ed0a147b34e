"""The output folder and the command line: written files, untouched files, and messages to users."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kgen import stamp, tree
from kgen.cli import run
from kgen.errors import OutputError, PlanError
from kgen.plan.headers import MARKER
from tests.kgen.documents import document

ROOT = Path(__file__).parents[2]
FILES = {"made/__init__.py": f"{MARKER} x\n", "made/a/b.py": f"{MARKER} y\n", "made/py.typed": ""}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the current folder: a project with one document, its configuration and a separate cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "apis__example.com__v1.json").write_text(json.dumps(document()))
    (folder / "pyproject.toml").write_text('[tool.kgen]\nspecs = "specs"\npackage = "made"\n')
    monkeypatch.chdir(folder)
    yield folder


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


# Publishing.


def test_publish_writes_only_changed_files_and_removes_unplanned_ones(tmp_path: Path) -> None:
    assert tree.publish(FILES, tmp_path, "made").written == tuple(sorted(FILES))
    old = (tmp_path / "made/__init__.py").stat()
    fewer = {"made/__init__.py": FILES["made/__init__.py"], "made/c.py": f"{MARKER} z\n"}
    done = tree.publish(fewer, tmp_path, "made")
    assert (done.written, done.removed) == (("made/c.py",), ("made/a/b.py",))
    new = (tmp_path / "made/__init__.py").stat()
    assert (old.st_ino, old.st_mtime_ns) == (new.st_ino, new.st_mtime_ns)
    assert not (tmp_path / "made/a").exists()


def test_a_file_of_the_users_is_never_touched(tmp_path: Path) -> None:
    tree.publish(FILES, tmp_path, "made")
    mine = tmp_path / "made/a/mine.py"
    mine.write_text("# mine\n")
    tree.publish({"made/__init__.py": FILES["made/__init__.py"]}, tmp_path, "made")
    assert mine.read_text() == "# mine\n"
    with pytest.raises(OutputError, match="did not generate") as caught:
        tree.publish({**FILES, "made/a/mine.py": f"{MARKER}\n"}, tmp_path, "made")
    assert caught.value.where == "made/a/mine.py"
    assert not (tmp_path / "made/a/b.py").exists()


@pytest.mark.parametrize("path", ["../x.py", "/x.py", "made/../../x.py", "made/\0.py", "made\\x.py"])
def test_a_path_that_leads_out_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError):
        tree.publish({path: MARKER}, tmp_path / "out", "made")
    assert not (tmp_path / "x.py").exists()


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/made").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="symbolic link"):
        tree.publish(FILES, tmp_path / "out", "made")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("fails_at", range(1, 7))
def test_a_failed_publish_restores_the_old_tree(fails_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.publish(FILES, tmp_path, "made")
    before = snapshot(tmp_path)
    calls = [0]
    real = {name: getattr(Path, name) for name in ("write_text", "replace")}

    def failing(name: str) -> Any:
        def call(self: Path, *arguments: Any, **options: Any) -> Any:
            calls[0] += 1
            if calls[0] == fails_at:
                raise OSError(28, "No space left on device")
            return real[name](self, *arguments, **options)

        return call

    changed = dict.fromkeys(("made/__init__.py", "made/a/b.py", "made/new.py"), f"{MARKER} changed\n")
    with monkeypatch.context() as patched:
        for name in real:
            patched.setattr(Path, name, failing(name))
        with pytest.raises(OutputError, match="No space left"):
            tree.publish(changed, tmp_path, "made")
    assert snapshot(tmp_path) == before


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="it forks and kills")
@pytest.mark.parametrize("what", ["killed", "together"])
def test_check_detects_a_mixed_tree_of_killed_or_concurrent_builds(what: str, tmp_path: Path) -> None:
    """The folder is completely old or completely new, or `kgen check` fails and the next build fixes the folder."""
    command = [sys.executable, "-m", "tests.kgen.killed", what, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) >= 8


# Commands.


@pytest.mark.slow
def test_build_check_change_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check"]) == 1
    assert "missing: made/__init__.py" in capsys.readouterr().out
    assert run(["build"]) == 0
    assert run(["check"]) == 0
    assert "made matches specs" in capsys.readouterr().err
    models = project / "generated/made/models/example_v1.py"
    models.write_text(models.read_text().replace("size: int", "size: str"))
    (project / "generated/made/old.py").write_text(f"{MARKER} of old\n")
    (project / "generated/made/py.typed").unlink()
    assert run(["check"]) == 1
    said = capsys.readouterr()
    assert "changed: made/models/example_v1.py" in said.out
    assert "-    size: str | None = None" in said.out
    assert "+    size: int | None = None" in said.out
    assert "extra: made/old.py" in said.out
    assert "missing: made/py.typed" in said.out
    assert "1 changed, 1 missing, 1 extra" in said.err
    assert "kgen build" in said.err
    assert run(["build"]) == 0
    assert run(["check"]) == 0


@pytest.mark.slow
def test_check_reports_if_only_line_endings_differ(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build"]) == 0
    for name in ("__init__.py", "models/example_v1.py"):
        file = project / "generated/made" / name
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert run(["check"]) == 1
    assert "only the ends of lines differ in 2 of the changed files" in capsys.readouterr().err
    assert run(["build"]) == 0
    assert run(["check"]) == 0


@pytest.mark.slow
def test_a_build_with_nothing_to_do_generates_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["build"]) == 0
    from kgen import pipeline

    monkeypatch.setattr(pipeline, "generate", lambda *_: pytest.fail("it generated again"))
    capsys.readouterr()
    assert run(["build"]) == 0
    assert "up to date" in capsys.readouterr().err
    assert stamp is not None
    assert (project / "generated/made").is_dir()


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_document_that_changes_during_a_build_is_built_again(
    when: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document changes and changes back. A package of one version is never up to date for the other."""
    from kgen import pipeline

    file = project / "specs/apis__example.com__v1.json"
    first, second = file.read_text(), json.dumps(document(plural="gadgets"))
    real = pipeline.generate

    def meanwhile(*arguments: Any) -> pipeline.Generated:
        if when == "before":
            file.write_text(second)
            return real(*arguments)
        made = real(*arguments)
        file.write_text(second)
        return made

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "generate", meanwhile)
        assert run(["build"]) == 0
    assert run(["check"]) == (0 if when == "before" else 1)
    for text in (first, second, first):
        file.write_text(text)
        assert run(["build"]) == 0
        assert run(["check"]) == 0


@pytest.mark.slow
def test_list_prints_the_resources_as_text_and_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list"]) == 0
    assert "example.com/v1  widgets   Widget  Namespaced  create,get,list" in capsys.readouterr().out
    assert run(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["groupVersions"][0]["resources"][0]["verbs"] == ["create", "get", "list"]
    assert project.exists()


def test_version_and_completion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert "kgen, version 0.1.0" in capsys.readouterr().out
    for shell in ("bash", "zsh", "fish"):
        assert run(["completion", shell]) == 0
        assert "_KGEN_COMPLETE" in capsys.readouterr().out


MESSAGES = [
    (["bild"], 2, "No such command 'bild'.", "build"),
    (["build", "--spec", "x"], 2, "--specs", ""),
    (["build", "--specs", "spec"], 2, "there is no 'spec'", "did you mean 'specs'?"),
    (["build", "--include", "exampel.com"], 2, "no group 'exampel.com'", "did you mean 'example.com'?"),
    (["build", "--templates", "nowhere"], 2, "there is no 'nowhere'", ""),
    (["build", "--package", "not-a-name"], 2, "'not-a-name' can't be imported", ""),
    (["build", "--specs", "pyproject.toml"], 3, "this is not JSON", "pyproject.toml"),
    (["build", "--specs", "pyproject.toml"], 3, "where: pyproject.toml", "a name that ends in .yaml or .yml"),
    (["pull", "x", "--kubeconfig", "nowhere"], 2, "can't be read", "nowhere"),
]


@pytest.mark.parametrize(
    ("words", "code", "what", "more"), MESSAGES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_invalid_input_is_reported_without_a_traceback(
    words: list[str], code: int, what: str, more: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == code
    stderr = capsys.readouterr().err
    assert what in stderr
    assert more in stderr
    assert "Traceback" not in stderr
    assert not (project / "generated").exists()


@pytest.mark.parametrize(
    ("table", "what", "hint"),
    [
        ('[tool.kgen]\nspec = "specs"\n', "unknown key 'spec'", "did you mean 'specs'?"),
        ("[tool.kgen]\nstrict = 5\n", "wrong type", ""),
        ("[tool.kgen\n", "not TOML", ""),
        ('[tool.kgen]\nspecs = "specs"\ninclude = ["apps"]\n', "no group 'apps'", ""),
        ('[tool.kgen]\nspecs = "specs"\n[tool.kgen.names]\n"x" = "a b"\n', "'a b' can't be a name", ""),
    ],
)
def test_an_invalid_configuration_is_reported_with_its_file(
    table: str, what: str, hint: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text(table)
    assert run(["build"]) == 2
    stderr = capsys.readouterr().err
    assert what in stderr
    assert hint in stderr
    assert "pyproject.toml" in stderr


def test_an_invalid_document_is_reported_with_its_json_pointer(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = document()
    broken["paths"]["/apis/example.com/v1/namespaces/{namespace}/widgets"]["get"] = 5
    (project / "specs/apis__example.com__v1.json").write_text(json.dumps(broken))
    assert run(["build"]) == 3
    stderr = capsys.readouterr().err
    assert (
        "specs/apis__example.com__v1.json#/paths/~1apis~1example.com~1v1~1namespaces~1{namespace}~1widgets/get"
        in stderr
    )
    assert "expected an object, found a number" in stderr


@pytest.mark.slow
def test_an_invalid_field_is_a_warning_and_an_error_with_strict(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = document(extra={"com.example.v1.WidgetSpec": {"type": "object", "properties": {'a"b': {"type": "string"}}}})
    (project / "specs/apis__example.com__v1.json").write_text(json.dumps(odd))
    assert run(["build"]) == 0
    assert "warning: " in capsys.readouterr().err
    assert run(["build", "--strict"]) == 3
    assert "error: " in capsys.readouterr().err


@pytest.mark.slow
def test_a_user_template_replaces_the_bundled_template(project: Path) -> None:
    (project / "templates").mkdir()
    ours = (ROOT / "templates/clientset.py.jinja").read_text()
    (project / "templates/clientset.py.jinja").write_text(ours.replace("over one connection pool.", "in one place."))
    assert run(["build", "--templates", "templates", "-q"]) == 0
    assert "in one place." in (project / "generated/made/clientset.py").read_text()


@pytest.mark.slow
def test_the_output_is_the_same_for_every_seed_folder_and_order(project: Path, tmp_path: Path) -> None:
    made = []
    other = document(group="other.example.com", kind="Gadget", plural="gadgets")
    for seed in ("0", "1", "77"):
        folder = tmp_path / f"{seed}" / "deep" / "er"
        (folder / "specs").mkdir(parents=True)
        for name, raw in (("apis__example.com__v1", document()), ("apis__other.example.com__v1", other)):
            (folder / "specs" / f"{name}.json").write_text(json.dumps(shuffled(raw, random.Random(seed))))
        env = {**os.environ, "PYTHONHASHSEED": seed, "XDG_CACHE_HOME": str(folder / "cache")}
        command = [sys.executable, "-m", "kgen", "build", "--specs", "specs", "--package", "made", "-q"]
        subprocess.run(command, cwd=folder, env=env, check=True)
        made.append(snapshot(folder / "generated"))
    assert made[0] == made[1] == made[2]
    assert len(made[0]) >= 8
    assert project.exists()


@pytest.mark.thorough
def test_all_of_kubernetes_is_the_same_for_another_seed(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONHASHSEED": "4242", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "kgen", "build", "--output", str(tmp_path / "out"), "-q"]
    subprocess.run(command, cwd=ROOT, env=env, check=True)
    ours = {path: data for path, data in snapshot(ROOT / "generated").items() if "__pycache__" not in path}
    made = snapshot(tmp_path / "out")
    # Tools may have other versions here, but their output must be the same.
    assert made.pop("kubeclient/built-with.txt").count(b"==") == ours.pop("kubeclient/built-with.txt").count(b"==")
    assert made == ours


def shuffled(value: Any, generator: random.Random) -> Any:
    """Return the same JSON with its keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        generator.shuffle(keys)
        return {key: shuffled(value[key], generator) for key in keys}
    return [shuffled(item, generator) for item in value] if isinstance(value, list) else value
