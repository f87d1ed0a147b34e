"""`make torture-peers`: send the bad responses of `responses` to other clients and print a table for the docs.

Each client runs in the environment of the benchmarks, in a separate process, and gets one pod for each response.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from benchmarks.environment import CACHE, environment
from tests.torture.responses import Case, cases
from tests.torture.server import PodServer, Reply, Request, http_response

_PEERS: Final = ("ours", "lightkube", "kubernetes", "kr8s")
_NUMBER: Final = re.compile(r"c-(\d+)")

# The program of a client: one get for each number, with an alarm that ends a hang.
_CHILD: Final = """
import json, signal, sys, warnings
warnings.simplefilter("ignore")
name, kubeconfig, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path[:0] = sys.argv[4:]
if name == "ours":
    from kubeclient import Clientset
    from kubecore import kubeconfig as kc, rest
    config = kc.load_config(kubeconfig)
    config.timeouts = rest.Timeouts(connect=2, read=1, write=2, pool=2, total=2)
    config.max_retries = 0
    client = Clientset(config)
    get = lambda pod: client.core_v1.pods("d").get(pod)
elif name == "lightkube":
    from lightkube import Client
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.resources.core_v1 import Pod
    client = Client(KubeConfig.from_file(kubeconfig), timeout=1)
    get = lambda pod: client.get(Pod, pod, namespace="d")
elif name == "kubernetes":
    from kubernetes import client, config
    config.load_kube_config(kubeconfig)
    api = client.CoreV1Api()
    api.api_client.rest_client.pool_manager.connection_pool_kw["retries"] = False
    get = lambda pod: api.read_namespaced_pod(pod, "d", _request_timeout=1)
else:
    import kr8s
    api = kr8s.api(kubeconfig=kubeconfig)
    api.timeout = 1
    get = lambda pod: kr8s.objects.Pod.get(pod, namespace="d", api=api, timeout=1)

def alarm(*_):
    raise SystemError("alarm")
signal.signal(signal.SIGALRM, alarm)
for number in range(count):
    signal.alarm(8)
    try:
        get(f"c-{number}")
        result = "object"
    except BaseException as error:
        root = type(error).__module__.split(".")[0]
        result = "hang" if str(error) == "alarm" else root
    signal.alarm(0)
    print(json.dumps(result), flush=True)
"""

_OWN: Final = {"ours": {"kubecore"}, "lightkube": {"lightkube"}, "kubernetes": {"kubernetes"}, "kr8s": {"kr8s"}}
_LIBRARY: Final = {"httpx", "httpx2", "urllib3", "httpcore", "httpcore2", "h11"}


def main() -> None:
    """Send every response to every client and print the table."""
    environment()
    table = list(cases())

    def reply(request: Request) -> Reply:
        found = _NUMBER.search(request.target)
        if found is None:  # kr8s requests the version first.
            return Reply((http_response(b'{"major":"1","minor":"37","gitVersion":"v1.37.2"}'),))
        case = table[int(found[1])]
        pieces = case.data() if callable(case.data) else (case.data, case.late)
        return Reply(pieces, end="close" if case.end == "keep" else case.end)

    print(
        "| client | responses | an error of its own | of its HTTP library | foreign | hang or crash | taken as good |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name, PodServer(reply) as server:
        file = Path(name) / "kubeconfig"
        file.write_text(
            json.dumps(
                {
                    "current-context": "x",
                    "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{server.port}"}}],
                    "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x", "namespace": "d"}}],
                    "users": [{"name": "x", "user": {}}],
                }
            )
        )
        for peer in _PEERS:
            print(_row(peer, table, _run(peer, file, len(table))), flush=True)


def _run(peer: str, file: Path, count: int) -> list[str]:
    """Return the result for each response; a process that ends early counts as a crash."""
    command = [str(CACHE / "venv" / "bin" / "python"), "-c", _CHILD, peer, str(file), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    results: list[str] = [json.loads(line) for line in done.stdout.splitlines()]
    if not results:
        print(done.stderr[-1000:], file=sys.stderr)
    return results + ["hang"] * (count - len(results))


def _row(peer: str, table: list[Case], results: list[str]) -> str:
    bad = [(case, one) for case, one in zip(table, results, strict=True) if case.wanted == "error"]
    counts = Counter(
        "own"
        if one in _OWN[peer]
        else "library"
        if one in _LIBRARY
        else one
        if one in ("hang", "object")
        else "foreign"
        for _, one in bad
    )
    cells = [counts[key] for key in ("own", "library", "foreign", "hang", "object")]
    return f"| {peer} | {len(bad)} | {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
