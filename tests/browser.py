"""A headless Chromium that loads pages, controlled over pipes with the Chrome DevTools Protocol.

Source: https://chromedevtools.github.io/devtools-protocol/; `--remote-debugging-pipe` uses the file descriptors 3 and 4.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PATIENCE = 300.0
"""Seconds for all pages."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def program() -> str | None:
    """Return the path of an installed Chromium, or None. Some systems have a script of this name that only prints a hint."""
    return next((path for name in NAMES if (path := shutil.which(name)) and _runs(path)), None)


def _runs(path: str) -> bool:
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


@dataclass
class Page:
    """A loaded page.

    Attributes:
        errors: Messages of the console and exceptions.
        hosts: The hosts of all requests.
        width: The width of its content in pixels, which is more than that of the window if it overflows.
        picture: A screenshot as PNG.
    """

    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    width: int = 0
    picture: bytes = b""


class Browser:
    """A running browser with one tab."""

    def __init__(self, reader: Any, writer: Any) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0
        self._buffer = b""
        self._events: list[dict[str, Any]] = []
        self._session = ""
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable", {})

    def load(self, url: str, width: int) -> Page:
        """Load a page in a window of a width in pixels."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", size)
        self._events.clear()
        self._call("Page.navigate", {"url": url})
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._receive()
        page = Page()
        # Scripts of the page run after its load event: two frames are drawn before it is measured.
        wait = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))"
        self._call("Runtime.evaluate", {"expression": wait, "awaitPromise": True})
        found = self._call("Runtime.evaluate", {"expression": "document.documentElement.scrollWidth"})
        page.width = found["result"]["value"]
        page.picture = base64.b64decode(self._call("Page.captureScreenshot", {"format": "png"})["data"])
        for event in self._events:
            _note(page, event["method"], event["params"])
        return page

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript in the loaded page, None if it has none."""
        found = self._call("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        return found["result"].get("value")

    def write(self, text: str) -> None:
        """Write text into the element that has the focus."""
        self._call("Input.insertText", {"text": text})

    def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._writer.write(json.dumps(message).encode() + b"\0")
        self._writer.flush()
        while True:
            received = self._receive()
            if received.get("id") == self._number:
                assert "error" not in received, received["error"]
                result: dict[str, Any] = received["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            data = self._reader.read1(1 << 20)
            assert data, "the browser ended"
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self._events.append(message)
        return message


def _note(page: Page, method: str, parameters: dict[str, Any]) -> None:
    if method == "Runtime.exceptionThrown":
        page.errors.append(str(parameters["exceptionDetails"]["text"]))
    elif method == "Runtime.consoleAPICalled" and parameters["type"] == "error":
        page.errors.append(" ".join(str(one.get("value")) for one in parameters["args"]))
    elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
        page.errors.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
    elif method == "Network.requestWillBeSent":
        url: str = parameters["request"]["url"]
        if url.startswith(("http:", "https:")):
            page.hosts.add(url.split("/")[2].rpartition(":")[0])


@contextmanager
def browsing(path: str, profile: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile, and end it with the block."""
    to_browser, from_browser = os.pipe(), os.pipe()
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage --remote-debugging-pipe"
    command = f'exec "$0" {flags} --user-data-dir="$1" about:blank 3<&{to_browser[0]} 4>&{from_browser[1]}'
    process = subprocess.Popen(
        ["bash", "-c", command, path, str(profile)],
        pass_fds=(to_browser[0], from_browser[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    watchdog = threading.Timer(_PATIENCE, process.kill)  # A page that never loads ends the browser, and so the test.
    watchdog.start()
    with os.fdopen(from_browser[0], "rb") as reader, os.fdopen(to_browser[1], "wb") as writer:
        try:
            yield Browser(reader, writer)
        finally:
            watchdog.cancel()
            process.terminate()
            process.wait(30)
