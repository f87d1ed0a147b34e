"""Create the server's responses from the recorded pod: one pod, lists (one with an invalid item), and a watch."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

import trustme

PODS = 10_000


def write_bodies(folder: Path) -> None:
    """Write `list.json`, `item.json`, `one.json`, `odd.json` and `watch.json` into `folder`."""
    recorded = json.loads((Path(__file__).parent / "pod.json").read_bytes())
    pods = [named(recorded, number) for number in range(PODS)]
    _write(folder / "item.json", pods[0])
    events = [json.dumps({"type": "MODIFIED", "object": pod}, separators=(",", ":")) + "\n" for pod in pods]
    (folder / "watch.json").write_text("".join(events))
    for pod in pods:  # Items of a list have neither.
        del pod["apiVersion"], pod["kind"]
    _write(folder / "list.json", _list(pods))
    _write(folder / "one.json", _list(pods[:1]))
    pods[PODS // 2]["spec"]["containers"] = None
    _write(folder / "odd.json", _list(pods))


def pod_bytes() -> int:
    """Return the bytes of a pod in the list."""
    recorded = json.loads((Path(__file__).parent / "pod.json").read_bytes())
    pod = {key: value for key, value in named(recorded, 0).items() if key not in ("apiVersion", "kind")}
    return len(json.dumps(pod, separators=(",", ":")))


def named(recorded: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the recorded pod with the name, UID and version of a number."""
    pod = copy.deepcopy(recorded)
    pod["metadata"] |= {
        "name": f"web-{number}",
        "uid": f"{number:08x}-8a57-4c11-9d7e-3b1f5a2c4d6e",
        "resourceVersion": str(1_000_000 + number),
    }
    return pod


def _list(pods: list[dict[str, Any]]) -> dict[str, Any]:
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "2000000"}, "items": pods}


def _write(path: Path, body: dict[str, Any]) -> None:
    path.write_text(json.dumps(body, separators=(",", ":")) + "\n")


def write_certificates(folder: Path) -> None:
    """Write `ca.pem`, `cert.pem` and `key.pem` for 127.0.0.1."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "cert.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")


def write_kubeconfig(folder: Path, url: str) -> None:
    """Write the kubeconfig that every client reads."""
    authority = base64.b64encode((folder / "ca.pem").read_bytes()).decode()
    entries = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "clusters": [{"name": "bench", "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": "bench", "user": {"token": "bench"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(entries))
