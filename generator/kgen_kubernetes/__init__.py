"""Entry point of the command `kgen`, under a name that belongs to this distribution alone.

On the package index the name `kgen` belongs to another project. If both are installed, `import kgen` may find the other
one. `main` checks which one it is before anything of `kgen` is imported.
"""

from __future__ import annotations

import sys

from kgen_kubernetes import signals

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code.

    Before that, check that `kgen` is ours and that the extra `generator` is installed.
    """
    signals.exit_on_signals()
    from kgen_kubernetes.installation import foreign, missing  # Imported late, because an import needs time, too.

    what = foreign()
    if what is not None:
        _refuse(
            f"{what}; kgen-kubernetes cannot run with it",
            "install kgen-kubernetes in an environment without the other project: pipx install "
            "'kgen-kubernetes[generator]', uv tool install 'kgen-kubernetes[generator]'",
        )
    absent = missing()
    if absent:
        _refuse(
            f"kgen generates with packages that are not installed: {', '.join(absent)}",
            "pip install 'kgen-kubernetes[generator]'",
        )
    from kgen.cli import run

    sys.exit(signals.run(run))


def _refuse(what: str, hint: str) -> None:
    sys.stderr.write(f"error: {what}\n  hint: {hint}\n")
    sys.exit(2)
