"""`python -m kgen_kubernetes`: the command `kgen`."""

from kgen_kubernetes import main

if __name__ == "__main__":
    main()
