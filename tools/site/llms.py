"""`llms.txt` and `llms-full.txt` of the site (llmstxt.org): the list of its pages, and their text."""

from __future__ import annotations

from pathlib import Path


def write(pages: Path, output: Path) -> None:
    """Write both files.

    Args:
        pages: The folder of the Markdown pages.
        output: The folder of the site.
    """
    written = [path for path in sorted(pages.rglob("*.md")) if path.relative_to(pages).parts[0] != "reference"]
    lines = ["# kubeclient", "", "> A typed Kubernetes client for Python, sync and async.", "", "## Pages", ""]
    lines += [f"- [{title(path)}]({_address(path, pages)})" for path in written]
    lines += ["", "## Optional", "", "- [Reference](reference/index.html)", ""]
    (output / "llms.txt").write_text("\n".join(lines), "utf-8")
    (output / "llms-full.txt").write_text(
        "\n\n".join(path.read_text("utf-8").strip() for path in written) + "\n", "utf-8"
    )


def title(page: Path) -> str:
    """Return the first heading of a page."""
    first = next((line for line in page.read_text("utf-8").splitlines() if line.startswith("# ")), f"# {page.stem}")
    return first.removeprefix("# ")


def _address(page: Path, pages: Path) -> str:
    path = page.relative_to(pages).with_suffix("")
    return f"{(path.parent if path.name == 'index' else path).as_posix()}/"
