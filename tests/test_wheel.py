"""The wheel in an otherwise empty environment."""

from __future__ import annotations

import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import run
from tools import installed_size

pytestmark = pytest.mark.slow  # builds the wheel and installs it

ROOT = Path(__file__).parents[1]
MIB = 1 << 20
PACKAGES = {"kgen", "kgen_kubernetes", "kubecore", "kubeclient"}
PLAIN = {".py", ".txt", ".typed", ".json", ".md", ".jinja", ".jinja2", ".xz", ""}


def test_the_wheel_carries_templates_types_and_the_newest_documents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        newest = max((ROOT / "specs").iterdir(), key=lambda folder: [int(part) for part in folder.name.split(".")])
        inside = f"kgen/specs/{newest.name}"
        documents = json.loads(lzma.decompress(archive.read(f"{inside}/documents.json.xz")))
        assert archive.read(f"{inside}/ORIGIN.md") == (newest / "ORIGIN.md").read_bytes()
        size = sum(entry.file_size for entry in archive.infolist())
    assert documents == {file.name: json.loads(file.read_bytes()) for file in newest.glob("*.json")}
    assert {name for name in names if "/specs/" in name} == {f"{inside}/documents.json.xz", f"{inside}/ORIGIN.md"}
    templates = (ROOT / "templates").rglob("*.jinja*")
    assert {f"kgen/templates/{file.relative_to(ROOT / 'templates').as_posix()}" for file in templates} <= names
    schemas = (ROOT / "generated" / "kubeclient" / "_schemas").iterdir()
    assert {f"kubeclient/_schemas/{file.name}" for file in schemas} <= names
    assert {f"{package}/py.typed" for package in ("kgen", "kgen_kubernetes", "kubecore", "kubeclient")} <= names
    assert not {name for name in names if name.startswith("tests/") or "__pycache__" in name}
    assert size < 6 << 20  # Unpacked.


@pytest.mark.thorough
def test_the_source_archive_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--outdir", tmp_path, ROOT, cwd=tmp_path)  # The archive, and a wheel from it.
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.thorough
def test_a_wheel_is_reproducible_and_has_only_expected_files(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        entries = archive.infolist()
        wheel_file = next(entry for entry in entries if entry.filename.endswith(".dist-info/WHEEL"))
        assert b"Root-Is-Purelib: true" in archive.read(wheel_file)
    assert {entry.filename.split("/")[0] for entry in entries if ".dist-info/" not in entry.filename} == PACKAGES
    assert {Path(entry.filename).suffix for entry in entries if ".dist-info/" not in entry.filename} <= PLAIN
    assert not [entry.filename for entry in entries if entry.external_attr >> 16 & 0o111]


def test_the_client_works_without_extras_and_kgen_names_the_missing_extra(environment: Path, tmp_path: Path) -> None:
    code = "import kubeclient, kubecore; from kubeclient.models import core_v1; print(core_v1.Pod.zero().kind)"
    assert run(environment / "python", "-W", "error", "-c", code, cwd=tmp_path).stdout == "Pod\n"
    done = run(environment / "kgen", "build", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "pip install 'kgen-kubernetes[generator]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.thorough
def test_the_readme_states_the_size_of_an_installation_without_extras(environment: Path) -> None:
    (packages,) = environment.parent.glob("lib/python*/site-packages")
    found = installed_size.sizes(packages)
    assert {size.name for size in found} >= {"kgen-kubernetes", "msgspec", "PyYAML"}
    assert not {size.name for size in found} & {"pip", "ruff", "Jinja2", "httpx"}
    said = re.search(r"(\d+\.\d) MiB, and (\d+\.\d) MiB of `\.pyc` files", (ROOT / "docs" / "install.md").read_text())
    assert said is not None
    whole = installed_size.total(found)
    assert whole.files < 11 * MIB
    assert abs(whole.files / MIB - float(said[1])) < 0.2
    assert abs((whole.with_bytecode - whole.files) / MIB - float(said[2])) < 0.2


def test_importing_the_clientset_imports_no_model_and_no_httpx(environment: Path, tmp_path: Path) -> None:
    code = "import sys; from kubeclient import Clientset, AsyncClientset; print([m for m in sys.modules if '.models' in m or m == 'httpx' or '.typed.' in m])"
    assert run(environment / "python", "-c", code, cwd=tmp_path).stdout == "[]\n"


def completeness(environment: Path, cwd: Path, *options: str) -> str:
    """Return pyright's report on the types of an installed package."""
    pyright = Path(sys.executable).parent / "pyright"
    path = f"{environment}{os.pathsep}{os.environ['PATH']}"
    command = [str(pyright), "--pythonpath", str(environment / "python"), "--verifytypes", *options]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    return done.stdout


@pytest.mark.thorough
@pytest.mark.parametrize("package", ["kubecore", "kubeclient"])
def test_the_public_types_of_the_runtime_are_complete(package: str, environment: Path, tmp_path: Path) -> None:
    # quantity.parse returns a Decimal, and typeshed leaves parameters of numbers.Complex untyped.
    options = ["--ignoreexternal"] if package == "kubecore" else []
    said = completeness(environment, tmp_path, package, *options)
    assert "Type completeness score: 100%" in said, said[-3000:]


@pytest.mark.thorough
def test_the_wheel_generates_the_same_package_as_the_checkout(wheel: Path, environment: Path, tmp_path: Path) -> None:
    run(environment / "python", "-m", "pip", "install", "--quiet", f"{wheel}[generator]", cwd=tmp_path)
    run(environment / "kgen", "build", cwd=tmp_path)
    made = {file.relative_to(tmp_path): file.read_text() for file in (tmp_path / "generated").rglob("*.py")}
    ours = {file.relative_to(ROOT): file.read_text() for file in (ROOT / "generated").rglob("*.py")}
    assert made == ours
    assert run(environment / "kgen", "check", cwd=tmp_path).returncode == 0
    newest = max((ROOT / "specs").iterdir(), key=lambda folder: [int(part) for part in folder.name.split(".")])
    kgen = environment / "kgen"
    listed = run(kgen, "list", "--json", "--specs", newest, cwd=tmp_path).stdout
    assert run(kgen, "list", "--json", cwd=tmp_path).stdout == listed
    assert run(kgen, "diff", newest.name, newest, cwd=tmp_path).stdout == "no differences\n"
    shutil.copytree(ROOT / "tests" / "crds", tmp_path / "crds")
    assert "next: kgen build" in run(kgen, "init", cwd=tmp_path).stdout


@pytest.mark.thorough
def test_the_types_of_kgen_are_complete(wheel: Path, environment: Path, tmp_path: Path) -> None:
    run(environment / "python", "-m", "pip", "install", "--quiet", f"{wheel}[generator]", cwd=tmp_path)
    said = completeness(environment, tmp_path, "kgen", "--ignoreexternal")
    assert "Type completeness score: 100%" in said, said[-3000:]
