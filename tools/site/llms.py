"""`llms.txt` and `llms-full.txt` of the site (llmstxt.org): the list of its pages, and their text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import griffe

from tools.site import kubecore


def write(pages: Path, output: Path) -> None:
    """Write both files.

    Args:
        pages: The folder of the Markdown pages.
        output: The folder of the site.
    """
    written = [path for path in sorted(pages.rglob("*.md")) if path.relative_to(pages).parts[0] != "reference"]
    lines = ["# kubeclient", "", "> A typed Kubernetes client for Python, sync and async.", "", "## Pages", ""]
    lines += [f"- [{title(path)}]({_address(path, pages)})" for path in written]
    lines += ["", "## Modules of kubecore", ""]
    modules = sorted(
        (pages / "reference" / "kubecore").glob("*.md"), key=lambda path: (path.stem != "index", path.stem)
    )
    lines += [f"- [{title(path)}]({_address(path, pages)}): {kubecore.summary(title(path))}" for path in modules]
    lines += ["", "## Optional", "", "- [Kinds and types of kubeclient](reference/kubeclient/)", ""]
    (output / "llms.txt").write_text("\n".join(lines), "utf-8")
    texts = [path.read_text("utf-8").strip() for path in written] + [_module(title(path)) for path in modules]
    (output / "llms-full.txt").write_text("\n\n".join(texts) + "\n", "utf-8")


def _module(path: str) -> str:
    """Return the public names of a module as Python without bodies, since its page has only references to them."""
    own = [name for name in kubecore.names().values() if name.module == path]
    code = "\n\n".join("\n".join(_lines(name.target, name.name)) for name in own)
    return f"# {path}\n\n{kubecore.summary(path)}\n\n````python\n{code}\n````"


def _lines(target: griffe.Object, name: str) -> Iterator[str]:
    if isinstance(target, griffe.Attribute):
        yield f"{name}: {target.annotation}" if target.annotation else f"{name} = {target.value}"
    elif isinstance(target, griffe.Function):
        words = "async def" if "async" in target.labels else "def"
        yield f"{words} {target.signature(name=name)}:"
    elif isinstance(target, griffe.Class):
        bases = ", ".join(map(str, target.bases))
        yield f"class {name}({bases}):" if bases else f"class {name}:"
    if target.docstring:
        yield from (f"    {line}".rstrip() for line in f'"""{target.docstring.value}"""'.splitlines())
    if isinstance(target, griffe.Class):
        members = [each for each in target.members.values() if isinstance(each, griffe.Object)]
        members += kubecore.inherited(target).values()
        for member in members:
            if not member.name.startswith("_") or member.name == "__init__":
                yield from (f"    {line}".rstrip() for line in _lines(member, member.name))


def title(page: Path) -> str:
    """Return the first heading of a page."""
    first = next((line for line in page.read_text("utf-8").splitlines() if line.startswith("# ")), f"# {page.stem}")
    return first.removeprefix("# ")


def _address(page: Path, pages: Path) -> str:
    path = page.relative_to(pages).with_suffix("")
    return f"{(path.parent if path.name == 'index' else path).as_posix()}/"
