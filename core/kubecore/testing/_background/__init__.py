"""The controllers of every cluster: namespaces and garbage. No I/O."""
