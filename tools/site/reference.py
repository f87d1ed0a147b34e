"""The generated pages of the site: the reference of kubeclient and of kubecore."""

from __future__ import annotations

import re
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
_VERB: Final = re.compile(
    r"^### `(\w+)`\n\n(?:`[A-Z]+ [^\n]*\n\n)?(?:(?!```|###)[^\n]+\n)+(?=\n```python\n)", re.MULTILINE
)
"""The heading of a verb on the page of a kind, its request, and its first sentence."""


def write(folder: Path) -> None:
    """Write the pages of the reference to a folder."""
    pages = {f"kubeclient/{path}": with_arguments(path, text) for path, text in kubeclient().items()}
    pages |= {f"kubecore/{path}": text for path, text in kubecore.pages().items()}
    pages["index.md"] = _INDEX
    for path, text in pages.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")


def with_arguments(path: str, text: str) -> str:
    """Return the page of a kind with links from its verbs to their arguments, results and errors."""

    def linked(match: re.Match[str]) -> str:
        links: list[str] = []
        for kind in ("sync", "async"):
            classes = kubecore.methods(f"kubecore.{kind}_verbs").get(match[1], [])
            if classes:
                # Pods and services have a method of the same name in different classes.
                own = next((each for each in classes if each.name.startswith(Path(path).stem)), classes[0])
                links.append(f"[{kind}](../../kubecore/{kind}_verbs.md#{own.path}.{match[1]})")
        return f"{match[0]}\nArguments and errors: {', '.join(links)}.\n" if links else match[0]

    return _VERB.sub(linked, text)


def kubeclient() -> dict[str, str]:
    """Return the pages of kubeclient by their path, as `kgen docs` writes them."""
    config = Config(
        specs=(SPECS,),
        sources=(f"specs/{SPECS.name}",),
        output=ROOT / "generated",
        package=KUBECLIENT,
        earlier=tuple((path.name, path) for path in (*recorded(), *documents()[:-1])),
        release=SPECS.name,
    )
    return document(config, Problems())
