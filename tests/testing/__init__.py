"""Unit tests of `kubecore.testing`."""
