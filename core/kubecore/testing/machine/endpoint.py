"""Address and administrator of a server of tests, as a configuration and as a kubeconfig file."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubecore.rest import Config, TLSConfig

__all__ = ["Endpoint", "write_private"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Address and credentials of a server of tests.

    Attributes:
        url: Its URL.
        token: The token of the administrator, "" for none.
        ca: The certificates that sign the server's, PEM; empty without TLS.
    """

    url: str
    token: str = field(default="", repr=False)
    ca: bytes = field(default=b"", repr=False)

    def config(self) -> Config:
        """Return a new configuration. Proxies of the environment are not used."""
        tls = TLSConfig(ca_data=self.ca or None)
        return Config(host=self.url, bearer_token=self.token or None, tls=tls, proxy_url="", namespace="default")

    def write_kubeconfig(self, path: Path) -> None:
        """Write a kubeconfig file that only the user can read."""
        cluster: dict[str, Any] = {"server": self.url}
        if self.ca:
            cluster["certificate-authority-data"] = base64.b64encode(self.ca).decode()
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": self.token} if self.token else {}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin", "namespace": "default"}}],
        }
        write_private(path, json.dumps(content, indent=2).encode())


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only the user can read, in one step: no reader sees a part of it."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.touch(mode=0o600, exist_ok=False)
    staged.write_bytes(content)
    staged.replace(path)
