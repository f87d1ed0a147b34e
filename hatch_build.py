"""Build hook of the wheel: adds the newest OpenAPI documents of `specs/`, packed by `tools/pack_documents.py`."""

from __future__ import annotations

import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PackedDocuments(BuildHookInterface[Any]):
    """Replaces the folder of the documents, which only kgen reads, by one file a fiftieth of its size."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the packed file and add it to the wheel. An editable installation reads `specs/` of the checkout."""
        if version == "editable":
            return
        tool = runpy.run_path(str(Path(self.root, "tools", "pack_documents.py")))
        folder: Path = tool["newest"](Path(self.root, "specs"))
        self._staged = tempfile.TemporaryDirectory(prefix="kgen-wheel-")
        file = Path(self._staged.name, tool["NAME"])
        file.write_bytes(tool["packed"](folder))
        target = f"kgen/specs/{folder.name}"
        build_data["force_include"][str(file)] = f"{target}/{file.name}"
        build_data["force_include"][str(folder / tool["ORIGIN"])] = f"{target}/{tool['ORIGIN']}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the packed file from the temporary folder."""
        if version != "editable":
            self._staged.cleanup()
