"""`python -m tests.conformance record|check|gaps [CASE...]`.

`record` sends the requests of all cases to the real API server and writes the transcript; of the named cases only, it
replaces theirs. `check` prints the responses of the fake server that differ and are not known. `gaps` writes the list
of known differences again.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from typing import Any

from tests.cluster import Cluster
from tests.conformance import transcripts
from tests.conformance.backends import FakeServer, RealServer
from tests.conformance.cases import Case, all_cases

TODO = "not simulated yet"


def record(chosen: list[Case]) -> None:
    """Record the real server."""
    known = transcripts.read() if transcripts.RECORDED.exists() else {}
    with Cluster(controllers=False) as cluster:
        real = RealServer(cluster)
        for one in chosen:
            known[one.name] = one.run(real)
            print(f"{one.name}: {len(known[one.name])} requests", flush=True)
        real.close()
    transcripts.write({name: known[name] for name in all_cases() if name in known})


def check(chosen: list[Case]) -> int:
    """Print the differences between the fake server and the transcript, and return the number of unknown differences."""
    recorded, known = transcripts.read(), transcripts.known_gaps()
    unknown = 0
    for one in chosen:
        found = one.run(FakeServer())
        for number in transcripts.differing(recorded[one.name], found):
            if (one.name, number) not in known:
                unknown += 1
                show(one.name, number, recorded[one.name], found)
    print(f"{unknown} unknown differences")
    return int(unknown > 0)


def show(name: str, number: int, real: transcripts.Transcript, fake: transcripts.Transcript) -> None:
    """Print the difference of one request."""
    left, right = (_pretty(side[number - 1] if number <= len(side) else None) for side in (real, fake))
    print(f"--- {name} {number}")
    print("\n".join(difflib.unified_diff(left, right, "real", "fake", n=2, lineterm="")))


def write_gaps() -> None:
    """Write the list of all differences again."""
    recorded = transcripts.read()
    gaps: list[tuple[tuple[str, int], str]] = []
    for one in all_cases().values():
        found = one.run(FakeServer())
        for number in transcripts.differing(recorded[one.name], found):
            place = one.name, number
            gaps.append((place, _reason(recorded[one.name], found, number)))
    transcripts.write_gaps(gaps)
    print(f"{len(gaps)} differences")


def _reason(real: transcripts.Transcript, fake: transcripts.Transcript, number: int) -> str:
    """Return a description of a difference."""
    if number > min(len(real), len(fake)):
        return "an earlier response differs"
    left, right = real[number - 1], fake[number - 1]
    if not right["code"]:
        return f"not simulated: {right['body'].get('raised', '') if isinstance(right['body'], dict) else right['body']}"
    if left["code"] != right["code"]:
        return f"code {right['code']} instead of {left['code']}"
    return "the body differs" if left["body"] != right["body"] else "the headers differ"


def _pretty(value: Any) -> list[str]:
    return json.dumps(value, indent=1, sort_keys=True).splitlines()


def main() -> int:
    """Run a command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("command", choices=["record", "check", "gaps"])
    parser.add_argument("case", nargs="*", help="names of cases, or of their files")
    arguments = parser.parse_args()
    names = arguments.case
    chosen = [one for one in all_cases().values() if not names or one.name in names or one.name.split(".")[0] in names]
    if arguments.command == "record":
        record(chosen)
    elif arguments.command == "gaps":
        write_gaps()
    else:
        return check(chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
