"""Build a package of an operator's CRDs with kgen, and its models with datamodel-code-generator alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
CRDS = ROOT.parent / "shared" / "crds" / "prometheus-operator"
ALONE = "datamodel-code-generator alone"
SECONDS, PEAK, LINES = CASES = ("generate", "generate_peak", "generated_lines")


def measure() -> dict[tuple[str, str], float | None]:
    """Return seconds, MiB and lines of one run of each; None for all if the CRDs are missing."""
    clients = {"ours": kgen, ALONE: alone}
    if not CRDS.is_dir():
        print(f"{CRDS.name} is missing beside the checkout: building is not measured", file=sys.stderr)
        return {(client, case): None for client in clients for case in CASES}
    measured: dict[tuple[str, str], float | None] = {}
    small = [sys.executable, "-m", "benchmarks.generating", "run"]
    with tempfile.TemporaryDirectory(prefix="kgen-bench-") as name:
        for client, command in clients.items():
            output = Path(name) / client.split("-")[0]
            # Started from a small process, because the peak memory of a child includes its memory before the exec.
            done = subprocess.run([*small, *command(output)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
            said = json.loads(done.stdout.splitlines()[-1])
            measured[client, SECONDS], measured[client, PEAK] = said["seconds"], said["peak_kib"] / 1024
            measured[client, LINES] = sum(len(file.read_text().splitlines()) for file in output.rglob("*.py"))
    return measured


def kgen(output: Path) -> list[str]:
    """Return the command that generates the whole package: models, clients and clientset."""
    options = ["--specs", str(CRDS), "--package", "operated", "--output", str(output), "--quiet"]
    return [sys.executable, "-m", "kgen", "build", *options]


def alone(output: Path) -> list[str]:
    """Return the command that generates models of the same documents, without kgen's shared classes."""
    return [sys.executable, "-W", "ignore", "-m", "benchmarks.generating", "alone", str(output)]


def run(command: list[str]) -> None:
    """Run a command and print its seconds, those of the processor, and its peak memory."""
    began = time.perf_counter()
    _, status, usage = os.wait4(subprocess.Popen(command).pid, 0)
    seconds = time.perf_counter() - began
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_kib": usage.ru_maxrss}))
    sys.exit(os.waitstatus_to_exitcode(status))


def make(output: Path) -> None:
    """Generate msgspec structs with docstrings from all schemas of the CRDs, with datamodel-code-generator."""
    import datamodel_code_generator as generator
    from datamodel_code_generator.enums import DataModelType

    from kgen.load import load_all

    documents = load_all([(CRDS, CRDS.name)]).documents
    schemas = {name: schema for document in documents for name, schema in document.schemas.items()}
    whole = {"openapi": "3.0.0", "info": {"title": "", "version": ""}, "paths": {}, "components": {"schemas": schemas}}
    generator.generate(
        json.dumps(whole),
        input_file_type=generator.InputFileType.OpenAPI,
        output_model_type=DataModelType.MsgspecStruct,
        output=output,
        use_standard_collections=True,
        use_union_operator=True,
        use_schema_description=True,
        use_field_description=True,
        target_python_version=generator.PythonVersion.PY_311,
    )


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(sys.argv[2:])
    make(Path(sys.argv[2]))
