"""What controllers do in every cluster: namespaces and garbage. No I/O."""
