"""`python -m tools.site [OUTPUT]`: build the site in a folder, build/site without one.

The folder gets `pages`, the Markdown of the whole site, and `html`, the site. Only the documents of the repository and
installed packages are read: nothing is downloaded.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.site import llms, navigation, pages, reference

ROOT = pages.ROOT


def prepare(output: Path) -> None:
    """Write the pages and the configuration of the site to a folder."""
    shutil.rmtree(output, ignore_errors=True)
    folder = output / "pages"
    folder.mkdir(parents=True)
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    pages.assemble(folder, config["extra"]["repository"])
    reference.write(folder / "reference")
    config["nav"] = navigation.expanded(config["nav"], folder)
    if lost := navigation.missing(config["nav"], folder):
        sys.exit(f"pages and the navigation of mkdocs.yml differ: {', '.join(lost)}")
    config |= {"docs_dir": "pages", "site_dir": "html"}
    (handler,) = (plugin["mkdocstrings"]["handlers"]["python"] for plugin in config["plugins"] if plugin != "search")
    handler["paths"] = [str(ROOT / path) for path in handler["paths"]]
    (output / "mkdocs.yml").write_text(_yaml(config), "utf-8")


def _yaml(config: dict[str, Any]) -> str:
    return yaml.safe_dump(config, sort_keys=False)  # pyright: ignore[reportUnknownMemberType] - partial stubs


def main() -> int:
    """Build the site and return the exit code of the generator."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=__doc__)
    parser.add_argument("output", nargs="?", type=Path, default=ROOT / "build" / "site")
    parser.add_argument("--pages", action="store_true", help="write only the Markdown pages")
    arguments = parser.parse_args()
    output: Path = arguments.output.resolve()
    prepare(output)
    if arguments.pages:
        return 0
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--config-file", "mkdocs.yml"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # mkdocstrings imports tools.site.docstrings
    done = subprocess.run(command, cwd=output, env=environment, check=False)
    if not done.returncode:
        llms.write(output / "pages", output / "html")
        print(f"open {output / 'html' / 'index.html'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
