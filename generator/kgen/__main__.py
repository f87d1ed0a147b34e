"""The command `kgen`; also `python -m kgen`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Final

__all__ = ["main"]

_NEEDED: Final = ("click", "datamodel_code_generator", "jinja2", "ruff")


def main() -> None:
    """Run the command line, or say what it needs to run."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        print(  # noqa: T201 - the command line's own words come from click, which may be what is missing
            f"error: kgen generates with packages that are not installed: {', '.join(missing)}\n"
            "  hint: pip install 'kgen-kubernetes[generator]'",
            file=sys.stderr,
        )
        sys.exit(2)
    from kgen.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
