"""The logs of containers in the fake API server."""

from __future__ import annotations

import datetime

from kubecore.testing._server.logs import Logs

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def test_a_log_belongs_to_one_container() -> None:
    logs = Logs(lambda: START)
    logs.set("default", "web", "nginx", "one\n")
    assert logs.get("default", "web", "nginx") == b"one\n"
    assert [logs.get(*key) for key in (("default", "web", "b"), ("default", "db", "nginx"), ("a", "web", "nginx"))] == [
        None,
        None,
        None,
    ]


def test_a_log_without_a_container_is_that_of_all_others() -> None:
    logs = Logs(lambda: START)
    logs.set("default", "web", "", b"all\n")
    logs.set("default", "web", "nginx", "")
    assert logs.get("default", "web", "nginx") == b""
    assert logs.get("default", "web", "b") == b"all\n"
