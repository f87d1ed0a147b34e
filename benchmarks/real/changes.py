"""Change pods as fast as etcd can: `python -m benchmarks.real.changes ETCD-URL COUNT`.

Each change stores a pod again under its key, so that the API server sends an event with a new resource version. A
change through the API server would cost more time of the server than its event, and hide the time of the clients.
"""

from __future__ import annotations

import base64
import http.client
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from benchmarks.real.pods import NAMESPACE

PREFIX = f"/registry/pods/{NAMESPACE}/"
PODS = 1000
"""Most pods that are changed."""

THREADS = 4


class Etcd:
    """One connection to the JSON gateway of etcd."""

    def __init__(self, url: str) -> None:
        host = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(host.hostname), host.port, timeout=60)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the response."""
        self._connection.request("POST", f"/v3/{path}", json.dumps(body), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        assert response.status == 200, content[:200]
        found: dict[str, Any] = json.loads(content)
        return found


def change(url: str, count: int) -> None:
    """Make so many changes."""
    end = PREFIX[:-1] + chr(ord("/") + 1)
    query = {"key": _encoded(PREFIX), "range_end": _encoded(end), "limit": str(PODS)}
    pods = Etcd(url).post("kv/range", query)["kvs"]

    def some(first: int) -> None:
        etcd = Etcd(url)
        for number in range(first, count, THREADS):
            pod = pods[number % len(pods)]
            etcd.post("kv/put", {"key": pod["key"], "value": pod["value"]})

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(some, range(THREADS)))


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


if __name__ == "__main__":
    change(sys.argv[1], int(sys.argv[2]))
