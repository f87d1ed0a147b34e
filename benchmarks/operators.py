"""Figures of the packages of operators: `python -m benchmarks.operators FOLDER... [--tree CHECKOUT]`.

Each folder of CRDs is built with kgen, of this checkout or of another one. The table has the lines of the package, the
CPU seconds and the peak memory of the build, the classes of models, their other names, the fields whose types are of
Kubernetes, the classes of constants, and the names that are long.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.generating import ROOT

LONG = 60
"""Characters from which `kgen build --verbose` lists a name."""


class Figures(NamedTuple):
    """The figures of one package."""

    lines: int
    seconds: float
    mebibytes: float
    classes: int
    other_names: int
    kubernetes: int
    """Fields whose type is one of Kubernetes', except `metadata` of kinds."""
    constants: int
    long_names: int
    longest: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Build each folder and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operators", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="folders of CRDs, one per operator")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout whose kgen builds; this one by default")
    options = parser.parse_args(arguments)
    print(
        "| CRDs | lines | CPU seconds | MiB | classes | other names | of Kubernetes | constants | over 60 | longest |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|---|")
    for folder in options.folders:
        found = measure(folder.resolve(), options.tree.resolve())
        print(
            f"| {folder.name} | {found.lines:,} | {found.seconds:.1f} | {found.mebibytes:.0f} | {found.classes} | "
            f"{found.other_names} | {found.kubernetes} | {found.constants} | {found.long_names} | "
            f"`{found.longest}` ({len(found.longest)}) |",
            flush=True,
        )
    return 0


def measure(crds: Path, tree: Path) -> Figures:
    """Build the package of one folder."""
    with tempfile.TemporaryDirectory(prefix="kgen-bench-") as name:
        build = [sys.executable, "-m", "kgen", "build", "--specs", str(crds), "--package", "operated"]
        # Started from a small process, because the peak memory of a child includes its memory before the exec.
        small = [sys.executable, str(ROOT / "benchmarks" / "generating.py"), "run"]
        done = subprocess.run(
            [*small, *build, "--output", name, "--quiet"],
            cwd=name,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(str(tree / part) for part in ("generator", "core", "generated")),
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        said = json.loads(done.stdout.splitlines()[-1])
        package = Path(name) / "operated"
        lines = sum(len(file.read_text("utf-8").splitlines()) for file in package.rglob("*.py"))
        modules = [ast.parse(file.read_text("utf-8")) for file in sorted((package / "models").glob("*.py"))]
    return counted(modules, lines, said["cpu"], said["peak_kib"] / 1024)


def counted(modules: Sequence[ast.Module], lines: int, seconds: float, mebibytes: float) -> Figures:
    """Return the figures of the models of a package."""
    classes = [node for module in modules for node in module.body if isinstance(node, ast.ClassDef)]
    models = [node for node in classes if node.bases]
    others = [name for module in modules for name in _other_names(module)]
    names = sorted({*(node.name for node in classes), *others}, key=lambda name: (len(name), name))
    return Figures(
        lines,
        seconds,
        mebibytes,
        classes=len(models),
        other_names=len(others),
        kubernetes=sum(_is_of_kubernetes(field) for node in models for field in node.body),
        constants=len(classes) - len(models),
        long_names=sum(len(name) > LONG for name in names),
        longest=names[-1],
    )


def _other_names(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_of_kubernetes(field: ast.stmt) -> bool:
    if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)) or field.target.id == "metadata":
        return False
    return any(isinstance(part, ast.Attribute) for part in ast.walk(field.annotation))


if __name__ == "__main__":
    sys.exit(main())
