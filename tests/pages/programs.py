"""The programs of a page: blocks of Python with the output that the page shows.

A program is a block of Python before a block of text. Blocks of Python that follow each other, such as the tabs "Sync"
and "Async", share the next block of text. A comment before a block gives the servers:

- `<!-- run: fake -->`: only on the fake API server, `<!-- run: real -->`: only on a real one,
- `<!-- run: node -->`: on a real one that has a node,
- `<!-- run: no; REASON -->`: nowhere,
- `<!-- players -->`, once on a page: pods start and controllers work while its programs run.
- `<!-- objects: PATH -->`, once on a page: the server has the objects of this file or folder while its programs run.
- `<!-- import: FOLDER -->`, once on a page: its programs import packages of this folder.
- `<!-- setup: NAME -->`, once on a page: the function of `setups` creates objects before each of its programs.
- `<!-- pod: NAME -->`, once on a page: this pod runs on the node while programs with `run: node` run.
- `<!-- process -->`, once on a page: each program runs in another process, because it forks or changes this one.

In the output, `...` stands for any text in a line, and a line `...` for any number of lines.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("recipes", "coming-from", "integrations", "concepts", "policies", "errors")
"""Folders of docs/ whose programs this package runs."""

_FENCE: Final = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_TAB: Final = re.compile(r'^=== "(?P<title>[^"]+)"$', re.MULTILINE)
_RUN: Final = re.compile(r"<!-- run: (?P<where>fake|real|node|no)(?:; (?P<reason>[^>]+?))? -->\s*$")


@dataclass(frozen=True)
class Program:
    """A program of a page.

    Attributes:
        page: The page, relative to the repository.
        line: The line of the block, from 1.
        tab: The title of its tab, or "".
        code: The code.
        output: The output that the page shows; None if it shows none.
        where: "both", "fake", "real", "node" or "no".
        has_players: Whether pods start and controllers work meanwhile.
        objects: A file or folder with objects that the server has meanwhile, relative to the repository; "" for none.
        folder: A folder with packages that it imports, relative to the repository; "" for none.
        setup: The function of `setups` that creates objects first, or "".
        pod: The pod that runs on the node meanwhile, or "".
        is_separate: Whether it runs in another process.
    """

    page: str
    line: int
    tab: str
    code: str
    output: str | None
    where: str
    has_players: bool
    objects: str = ""
    folder: str = ""
    setup: str = ""
    pod: str = ""
    is_separate: bool = False

    def __str__(self) -> str:
        return f"{self.page.removeprefix('docs/')}:{self.line}"


def programs(path: Path) -> list[Program]:
    """Return the programs of a page."""
    text = path.read_text("utf-8")
    page = path.relative_to(ROOT).as_posix()
    has_players = "<!-- players -->" in text
    found: list[Program] = []
    blocks = list(_FENCE.finditer(text))
    for number, block in enumerate(blocks):
        if block["language"] != "python":
            continue
        match = _RUN.search(text, 0, block.start())
        at = text.count("\n", 0, block.start()) + 1
        found.append(
            Program(
                page=page,
                line=at,
                tab=_tab(text, block),
                code=textwrap.dedent(block["body"]),
                output=_output(blocks[number + 1 :]),
                where=match["where"] if match else "both",
                has_players=has_players,
                objects=_of_page(text, "objects"),
                folder=_of_page(text, "import"),
                setup=_of_page(text, "setup"),
                pod=_of_page(text, "pod"),
                is_separate="<!-- process -->" in text,
            )
        )
    return found


def _of_page(text: str, name: str) -> str:
    found = re.search(rf"^<!-- {name}: (\S+) -->$", text, re.MULTILINE)
    return found[1] if found else ""


def _tab(text: str, block: re.Match[str]) -> str:
    if not block["indent"]:
        return ""
    titles = list(_TAB.finditer(text, 0, block.start()))
    return titles[-1]["title"] if titles else ""


def _output(following: list[re.Match[str]]) -> str | None:
    for block in following:
        if block["language"] == "text":
            return textwrap.dedent(block["body"])
        if block["language"] != "python":
            return None
    return None


def matches(shown: str, printed: str) -> bool:
    """Whether the printed text is the output that the page shows."""
    parts: list[str] = []
    for line in shown.splitlines(keepends=True):
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*?".join(re.escape(part) for part in line.split("...")))
    return re.fullmatch("".join(parts), printed) is not None


def pages() -> Iterator[Path]:
    """Yield the pages whose programs this package runs."""
    for folder in FOLDERS:
        yield from sorted((ROOT / "docs" / folder).glob("*.md"))
    yield from (
        ROOT / "docs" / name for name in ("index.md", "quickstart.md", "configuration.md", "models.md", "security.md")
    )
