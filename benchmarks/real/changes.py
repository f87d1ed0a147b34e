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

    def read(self, prefix: str, limit: int, start: str = "") -> list[dict[str, str]]:
        """Return the stored keys and values below a prefix, from a key on, in base64."""
        end = prefix[:-1] + chr(ord("/") + 1)
        query = {"key": encoded((start or prefix).encode()), "range_end": encoded(end.encode()), "limit": str(limit)}
        found: list[dict[str, str]] = self.post("kv/range", query).get("kvs", [])
        return found

    def put(self, key: str, value: str) -> None:
        """Store a value; both are in base64."""
        self.post("kv/put", {"key": key, "value": value})


def change(url: str, count: int) -> None:
    """Make so many changes."""
    pods = Etcd(url).read(PREFIX, PODS)

    def some(first: int) -> None:
        etcd = Etcd(url)
        for number in range(first, count, THREADS):
            pod = pods[number % len(pods)]
            etcd.put(pod["key"], pod["value"])

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(some, range(THREADS)))


def encoded(data: bytes) -> str:
    """Return bytes as the gateway of etcd reads them."""
    return base64.b64encode(data).decode()


if __name__ == "__main__":
    change(sys.argv[1], int(sys.argv[2]))
