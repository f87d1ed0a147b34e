"""`python -m tests.conformance.mutations record|check|known [RESOURCE...]`.

`record` sends the changed objects to the real API server and writes its verdicts. `check` prints the verdicts of the fake server
that differ. `known` writes the list of known disagreements again.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.cluster import Cluster
from tests.conformance.backends import FakeServer, RealServer
from tests.conformance.mutations import corpus
from tests.conformance.mutations.objects import VALID


def _record(chosen: list[str]) -> None:
    kept = {} if not corpus.RECORDED.exists() else corpus.read()
    with Cluster(controllers=False) as cluster:
        real = RealServer(cluster)
        made = corpus.record(real, iter(chosen))
        real.close()
    kept = {key: verdict for key, verdict in kept.items() if key[0] not in chosen and key[0] in VALID}
    corpus.write({**kept, **made})
    print(f"{len(made)} changes recorded")


def _check(chosen: list[str], *, writes: bool) -> None:
    recorded = {key: verdict for key, verdict in corpus.read().items() if key[0] in chosen}
    wrong, tries = corpus.compare(FakeServer(), recorded)
    if writes:
        lines = [json.dumps([*key[:3], list(key[3]), key[4]], separators=(",", ":")) for key in wrong]
        corpus.DISAGREEMENTS.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for key, (real, fake) in () if writes else wrong.items():
        resource, number, verb, path, name = key
        shown = [f"{field} {message}" for field, _, message in real.causes]
        other = [field for field, _, _ in fake.causes]
        print(f"{resource} {number} {verb} {'.'.join(map(str, path))} {name}: {real.code} {shown}; {fake.code} {other}")
    for resource, count in tries.items():
        bad = sum(key[0] == resource for key in wrong)
        print(f"{resource}: {count - bad} of {count} agree, {100 * (count - bad) / count:.2f} %")


def main() -> int:
    """Run a command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.mutations", description=__doc__)
    parser.add_argument("command", choices=["record", "check", "known"])
    parser.add_argument("resource", nargs="*", help="such as apps/v1/deployments")
    arguments = parser.parse_args()
    chosen = arguments.resource or list(VALID)
    if arguments.command == "record":
        _record(chosen)
    else:
        _check(list(VALID) if arguments.command == "known" else chosen, writes=arguments.command == "known")
    return 0


if __name__ == "__main__":
    sys.exit(main())
