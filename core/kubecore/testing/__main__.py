"""`python -m kubecore.testing`: download the programs of a real API server, and show which ones are found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from kubecore._support.terminal import escape_for_terminal
from kubecore.testing.download import DownloadError, download
from kubecore.testing.machine import binaries
from kubecore.testing.machine.binaries import BinariesMissingError

__all__ = ["main"]

_DEFAULT = "1.37"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The arguments; those of the process by default.

    Returns:
        The exit code: 0, or 1 if the programs are not found or not downloaded.
    """
    parser = argparse.ArgumentParser(prog="python -m kubecore.testing", description="etcd and kube-apiserver for tests")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("download", "download etcd and kube-apiserver into the cache, and print their folder"),
        ("find", "print the folder whose programs tests use"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "version", nargs="?", default=_DEFAULT, help=f"such as {_DEFAULT} (default) or {_DEFAULT}.0"
        )
    chosen = parser.parse_args(arguments)
    try:
        folder = download(chosen.version) if chosen.command == "download" else binaries.find(chosen.version)
    except (BinariesMissingError, DownloadError) as error:
        sys.stderr.write(f"error: {escape_for_terminal(str(error))}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
