"""Count words and constructions that docs/style.md replaces by plain English, and fail if their number rises.

Run `python -m tools.prose` for the table, `--list MARKER` for the places of one marker, `--list all` for all places.
The limits are in pyproject.toml, section `[tool.prose]`: the number of texts with a marker that each tree may contain.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

MARKERS: dict[str, str] = {
    # The glossary of docs/style.md, left column.
    "answer": r"\banswer(s|ed|ing|able)?\b",
    "head": r"(?<!response )(?<!request )\bheads?\b",
    "piece": r"\bpieces?\b",
    "tell": r"\b(tells?|told|telling|says?|said|saying)\b",
    "ask": r"\b(asks?|asked|asking)\b",
    "goes on": r"\b(go|goes|going|went|gone) on\b",
    "beside": r"\bbesides?\b",
    "mute": r"\b(mute|silent connections?)\b",
    "goodbye": r"\bgood-?byes?\b",
    "of its own": r"\bof (its|their|our|your|his|my|one's) own\b",
    "odd": r"\b(odd|oddly|oddities)\b",
    "is there": r"\b(is|are|was|were|be|been|not|still|already|longer|what's) there\b(?! (is|are|was|were|a|an|no)\b)",
    "takes": r"\btakes\b(?! (effect|place|time|long|longer|at |about|up to|over|precedence|part|\d|seconds|minutes))",
    "is no": r"(?<![Tt]here )\b(is|are|was|were|be|been) (no(?! longer\b| more\b| later\b)|none)\b",
    "by hand": r"\bby hand\b",
    "mend": r"\bmend(s|ed|ing)?\b",
    "house": r"\bthe (house|room)s?\b",
    "wished": r"\bwished\b",
    "anew": r"\banew\b",
    "came": r"\bcame\b",
    # The rules: headless clauses and conditions.
    "what": r"\bwhat\b(?! (to|if|kind|happens|happened|changes|changed|you)\b)",
    "who": r"(^|[.,;:(] |\b(to|for|by|of|with|from|and|or|that|is|only|but|not|as) )who\b|\bwhoever\b|\bthat which\b",
    "where": r"(?<!place )(?<!folder )(?<!position )(?<!and )(?<!from )\bwhere\b(?! to\b)",
}
ENTRIES = r"(Args|Attributes|Raises|Returns|Yields):"  # Sections of docstrings; their entries have a form, too.
IN_USER_DOCS: dict[str, str] = {"hostile": r"\bhostile\b"}
WHOLE = ("Returns:", "Yields:")  # Sections with one entry that has no name.
DERIVED = "# Derived from "  # Files of tools/async_to_sync.py; their source is counted.
CLI = ("cli", "difference", "init", "initial", "listing", "watch", "watching")


@dataclass(frozen=True)
class Text:
    """A docstring, a comment, a message, a test name or a paragraph."""

    path: str
    line: int
    kind: str
    text: str

    def markers(self, tree: str) -> list[str]:
        """Return the names of the markers in the text, once per use."""
        text = re.sub(r"(?m)^ +\**\w+: ", "", self.text)  # Names of arguments are code.
        prose = re.sub(r"\s+", " ", re.sub(r"(`+)[^`]*\1", "x", text))
        patterns = MARKERS | (IN_USER_DOCS if tree == "docs" else {})
        if "/_http/" in self.path:
            patterns.pop("head")  # The HTTP parser's own term.
        found = [name for name, pattern in patterns.items() for _ in re.finditer(pattern, prose, _flags(name))]
        bad = [entry for entry in entries(self.text) if entry[:1].islower() or not entry.endswith(".")]
        return found + ["entry"] * (len(bad) if self.kind == "docstring" else 0)


def entries(docstring: str) -> Iterator[str]:
    """Yield the entries of `Args:` and similar sections, without their names."""
    section = ""
    found: list[str] = []
    for line in [*inspect.cleandoc(docstring).splitlines(), "end"]:
        if line and not line.startswith(" "):
            yield from found
            section, found = (line if re.fullmatch(ENTRIES, line) else ""), []
        elif section and line.startswith("    ") and line[4:5] != " " and (section not in WHOLE or not found):
            found.append(line.strip() if section in WHOLE else re.sub(r"^.*?: ", "", line.strip()))
        elif line and found:
            found[-1] += " " + line.strip()


def _flags(marker: str) -> re.RegexFlag:
    return re.NOFLAG if marker == "is no" else re.IGNORECASE


def markdown(path: str, source: str) -> Iterator[Text]:
    """Yield paragraphs, list items and table rows outside of code blocks."""
    start, block, fenced = 0, list[str](), False
    for number, line in enumerate([*source.splitlines(), ""], 1):
        fence = line.lstrip().startswith("```")
        if block and (fence or not line.strip() or re.match(r"\s*([-*#|]|\d+\.)", line)):
            yield Text(path, start, "paragraph", "\n".join(block))
            block = []
        fenced ^= fence
        if line.strip() and not fenced and not fence:
            start = start if block else number
            block.append(line)


def python(path: str, source: str) -> Iterator[Text]:
    """Yield docstrings, comments, test names and string literals of at least three words."""
    tree = ast.parse(source)
    docs = {id(node): node for node in _docstrings(tree)}
    yield from (Text(path, node.lineno, "docstring", str(node.value)) for node in docs.values())
    yield from _comments(path, source)
    yield from _messages(path, tree, docs.keys())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield Text(path, node.lineno, "name", node.name.replace("_", " "))


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield strings that are statements: docstrings, and those below attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value


def _comments(path: str, source: str) -> Iterator[Text]:
    """Yield comments; lines of comments below each other are one."""
    start, last, block = 0, -1, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        text = token.string.lstrip("#!: ").strip()
        if token.type != tokenize.COMMENT or re.match(r"(noqa|type:|pyright:|pragma|nosec)", text):
            continue
        whole_line = not token.line[: token.start[1]].strip()
        if block and not (whole_line and token.start[0] == last + 1):
            yield Text(path, start, "comment", "\n".join(block))
            block = []
        start = start if block else token.start[0]
        last = token.start[0] if whole_line else -1
        block.append(text)
    if block:
        yield Text(path, start, "comment", "\n".join(block))


def _messages(path: str, tree: ast.Module, docs: Iterable[int]) -> Iterator[Text]:
    """Yield string literals that read like a sentence. Values within an f-string count as one word."""
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    skipped = {*docs, *(id(part) for node in joined for part in node.values)}
    for node in ast.walk(tree):
        if id(node) not in skipped and re.search(r"[a-z]+ \S+ \S*[a-z]", _text(node)):
            yield Text(path, getattr(node, "lineno", 0), "message", _text(node))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "x" for part in node.values)
    return ""


def texts(root: Path) -> Iterator[tuple[str, Text]]:
    """Yield every text of the repository with the name of its tree."""
    for path in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("tests/*.md")]):
        yield from (("docs", text) for text in markdown(_name(root, path), path.read_text("utf-8")))
    for path in sorted(root.glob("templates/**/*.jinja*")):
        yield from (("generator", text) for text in markdown(_name(root, path), path.read_text("utf-8")))
    for folder in ("core", "generator", "tests", "tools", "examples", "benchmarks"):
        for path in sorted(root.glob(f"{folder}/**/*.py")):
            source = path.read_text("utf-8")
            for text in python(_name(root, path), "" if source.startswith(DERIVED) else source):
                if tree := _tree(folder, path, text.kind):
                    yield tree, text


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _tree(folder: str, path: Path, kind: str) -> str | None:
    if kind != "message":
        return folder
    if folder == "generator" and (path.stem in CLI or "cli" in path.parent.name):
        return "cli"
    return "errors" if folder in ("core", "generator") else None


def table(found: dict[str, list[tuple[Text, list[str]]]], limits: dict[str, int]) -> list[str]:
    """Return the lines of the report: texts, texts with a marker, their share and the limit of each tree."""
    lines = [f"{'tree':<11}{'texts':>7}{'marked':>8}{'share':>8}{'uses':>7}{'limit':>7}"]
    for tree, marked in found.items():
        count = _marked(marked)
        uses = sum(len(names) for _, names in marked)
        lines.append(
            f"{tree:<11}{len(marked):>7}{count:>8}{count / len(marked):>8.1%}{uses:>7}{limits.get(tree, 0):>7}"
        )
    return lines


def _marked(found: list[tuple[Text, list[str]]]) -> int:
    return sum(1 for _, names in found if names)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Print the table or the places of a marker.

    Returns:
        1 if a tree has more texts with a marker than its limit, otherwise 0.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.prose", description="Count what docs/style.md replaces.")
    parser.add_argument("--list", metavar="MARKER", help="show the places of a marker, or of 'all'")
    parser.add_argument("--under", default="", metavar="PATH", help="only files whose path starts with PATH")
    options = parser.parse_args(arguments)
    found: dict[str, list[tuple[Text, list[str]]]] = {}
    for tree, text in texts(root):
        if text.path.startswith(options.under):
            found.setdefault(tree, []).append((text, text.markers(tree)))
    if options.list:
        return _print_places(found, options.list)
    limits = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"].get("prose", {})
    print("\n".join(table(found, limits)))
    above = [tree for tree, marked in found.items() if _marked(marked) > limits.get(tree, 0)]
    for tree in above:
        print(f"{tree}: more texts with a marker than the limit; see docs/style.md and `--list all`", file=sys.stderr)
    return int(bool(above))


def _print_places(found: dict[str, list[tuple[Text, list[str]]]], marker: str) -> int:
    for tree, marked in found.items():
        for text, names in marked:
            if names and (marker in names or marker == "all"):
                print(f"{text.path}:{text.line}: {tree} {text.kind} [{', '.join(sorted(set(names)))}]\n    {text.text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
