"""The generated pages of the site: the reference of kubeclient and of kubecore."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kgen.config import KUBECLIENT, Config
from kgen.errors import Problems
from kgen.pipeline import document
from tools.kubernetes_changes import documents, recorded
from tools.site import kubecore
from tools.site.pages import ROOT

SPECS = documents()[-1]
_INDEX: Final = """\
# Reference

| part | contents |
|---|---|
| [kubeclient](kubeclient/index.md) | kinds, their clients and their types |
| [kubecore](kubecore/index.md) | public modules: configuration, errors, watches, caches, tests |
| [config and environment](../configuration.md) | fields of `rest.Config`, and environment variables |
| [errors](../errors.md) | the tree of errors, and what to do about each |
| [kgen](../kgen.md) | commands and settings of the generator |
"""


def write(folder: Path) -> None:
    """Write the pages of the reference to a folder."""
    pages = {f"kubeclient/{path}": text for path, text in kubeclient().items()}
    pages |= {f"kubecore/{path}": text for path, text in kubecore.pages().items()}
    pages["index.md"] = _INDEX
    for path, text in pages.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")


def kubeclient() -> dict[str, str]:
    """Return the pages of kubeclient by their path, as `kgen docs` writes them."""
    config = Config(
        specs=(SPECS,),
        sources=(f"specs/{SPECS.name}",),
        output=ROOT / "generated",
        package=KUBECLIENT,
        earlier=(*recorded(), *documents()[:-1]),
        release=SPECS.name,
    )
    return document(config, Problems())
