"""An API server in memory for the tests of programs that use a clientset."""
