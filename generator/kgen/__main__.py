"""`python -m kgen`: the command `kgen`, whose entry point is `kgen_kubernetes.main`."""

from __future__ import annotations

from kgen_kubernetes import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
