"""kgen: generator for typed Kubernetes clients."""
