"""Streams that go both ways: exec, attach, port-forward and cp, over a websocket.

`websocket` and `channels` read and write bytes without I/O; `session` and `async_session` are the two thin loops that
carry them; `process` and `async_process` are the objects that users get. Nothing here is imported before it is needed.
"""
