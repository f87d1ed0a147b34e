"""The notebook of the documentation, executed on the fake API server.

`python -m tests.pages.notebooks` writes its outputs again.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from kubecore.testing import FakeCluster, pod_running
from tests.pages.programs import ROOT

NOTEBOOK: Final = ROOT / "docs/integrations/notebook.ipynb"

_EXECUTE: Final = """
import json, sys
import nbclient, nbformat
notebook = nbformat.reads(sys.stdin.read(), as_version=4)
nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", coalesce_streams=True).execute()
print(nbformat.writes(notebook))
"""
_AGE: Final = re.compile(r"<td>\d+s</td>")
_KEPT: Final = ("text/plain", "text/html")


def executed(notebook: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Execute a notebook in a new kernel, with a kubeconfig of a fake API server whose pods start.

    Args:
        notebook: The notebook.
        folder: The current folder of the kernel, which also gets its files.

    Returns:
        The notebook with its outputs, without data that differs from run to run.
    """
    with FakeCluster() as cluster, cluster.serve() as server:
        cluster.after("create", "Pod")(pod_running)
        environ = {**os.environ, "KUBECONFIG": str(server.kubeconfig), "IPYTHONDIR": str(folder)}
        done = subprocess.run(
            [sys.executable, "-c", _EXECUTE],
            input=json.dumps(notebook),
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return stable(json.loads(done.stdout))


def stable(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook without times, ages, versions and metadata of its kernel."""
    notebook = copy.deepcopy(notebook)
    notebook["metadata"] = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = {kind: output["data"][kind] for kind in _KEPT if kind in output["data"]}
            for kind, text in output.get("data", {}).items():
                whole = text if isinstance(text, str) else "".join(text)
                output["data"][kind] = _AGE.sub("<td>0s</td>", whole).splitlines(keepends=True)
            if isinstance(output.get("text"), str):
                output["text"] = output["text"].splitlines(keepends=True)
    return notebook


def main() -> None:
    """Write the outputs again."""
    with tempfile.TemporaryDirectory() as folder:
        found = executed(json.loads(NOTEBOOK.read_text("utf-8")), Path(folder))
    NOTEBOOK.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
