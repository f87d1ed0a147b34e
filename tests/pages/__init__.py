"""The programs of the documentation run, on the fake API server and on a real one."""
