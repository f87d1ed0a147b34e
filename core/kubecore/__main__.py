"""`python -m kubecore doctor`: examine the connection to a cluster."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

_USAGE = "usage: python -m kubecore doctor [--help]\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The arguments; those of the process by default.

    Returns:
        The exit code: 0, 1 if there is a problem, 2 for wrong arguments.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] != ["doctor"]:
        sys.stderr.write(_USAGE)
        return 0 if given in (["-h"], ["--help"]) else 2
    from kubecore import doctor

    try:
        return doctor.main(given[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
