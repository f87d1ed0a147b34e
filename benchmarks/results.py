"""The results of all tables: `results.json`, from which RESULTS.md and the figures of docs/performance.md are made."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

FILE = Path(__file__).parent / "results.json"
SCHEMA = 1
"""Raised if the meaning of a field changes or a field is removed."""

LARGE = "controllers_large"
"""The table of controllers with 100,000 pods."""

SCALES = {"ms": 1e3, "us": 1e6, "s": 1.0}


class Figure(msgspec.Struct, kw_only=True):
    """One measured figure of one client.

    Attributes:
        case: Name of the case.
        title: Title of the case.
        client: Name of the client.
        quantity: `seconds`, `cpu_seconds`, `pause_seconds`, `peak_mib`, `resident_mib`, `cache_mib`, `requests` or
            `lines`.
        unit: Unit of the values.
        value: The median of the runs.
        min: The smallest value of a run.
        max: The largest value of a run.
        runs: Number of runs.
        network: The network between client and server, "" for loopback.
    """

    case: str
    title: str
    client: str
    quantity: str
    unit: str
    value: float
    min: float
    max: float
    runs: int
    network: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The identity of the figure in its table."""
        return (self.case, self.client, self.quantity, self.network)


class Target(msgspec.Struct, kw_only=True):
    """A target, and the figures that it is compared with.

    Attributes:
        title: Title of the figure.
        case: Name of the case.
        client: The client whose figure it is.
        unit: Unit of both values.
        value: The client's value; None if it was not measured.
        peer: The client that it is compared with; "" for an absolute target.
        peer_value: That client's value; None if it was not measured.
        ratio: The peer's value divided by the client's.
        at_least: The least ratio.
        at_most: The largest value of an absolute target.
        reached: Whether the target is reached; None if a figure is missing.
    """

    title: str
    case: str
    client: str
    unit: str
    value: float | None
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    reached: bool | None = None


class Missing(msgspec.Struct, kw_only=True):
    """A client that was not measured, with the reason; `case` is "" for all cases."""

    client: str
    reason: str
    case: str = ""
    network: str = ""


class Table(msgspec.Struct, kw_only=True):
    """All figures of a table.

    Attributes:
        machine: Processor, cores and platform.
        versions: Versions of the clients.
        rounds: How often each case was run.
        pods: Number of pods in the lists.
        pod_bytes: Bytes of one of them in the server's JSON, without white space.
        figures: The measured figures.
        targets: The targets.
        missing: Clients that were not measured.
        note: A remark about the circumstances.
    """

    machine: str
    versions: dict[str, str]
    rounds: int
    pods: int
    pod_bytes: int
    figures: list[Figure]
    targets: list[Target] = []
    missing: list[Missing] = []
    note: str = ""

    def find(self, case: str, client: str, quantity: str = "seconds", network: str = "") -> Figure | None:
        """Return a figure, or None if it was not measured."""
        return next((figure for figure in self.figures if figure.key == (case, client, quantity, network)), None)

    def merge(self, newer: Table) -> Table:
        """Return the newer table, with the figures of this one that were not measured again."""
        if (self.pods, self.machine) != (newer.pods, newer.machine):
            return newer
        measured = {(figure.case, figure.client, figure.network) for figure in newer.figures}
        kept = [figure for figure in self.figures if (figure.case, figure.client, figure.network) not in measured]
        known = {figure.client for figure in newer.figures} | {missing.client for missing in newer.missing}
        still = [missing for missing in self.missing if missing.client not in known]
        return msgspec.structs.replace(newer, figures=[*kept, *newer.figures], missing=[*still, *newer.missing])


class Results(msgspec.Struct, kw_only=True):
    """All tables by name."""

    schema: int = SCHEMA
    tables: dict[str, Table] = {}


def read(file: Path = FILE) -> Results:
    """Return the stored results, or empty ones if nothing was measured with this schema."""
    if not file.exists():
        return Results()
    found = msgspec.json.decode(file.read_bytes(), type=Results)
    return found if found.schema == SCHEMA else Results()


def write(results: Results, file: Path = FILE) -> None:
    """Store the results, one figure in each line, so that their differences can be read."""
    head = {"schema": results.schema, "tables": {}}
    lines = msgspec.json.format(msgspec.json.encode(head), indent=1).decode().removesuffix("{}\n}")
    tables = ",\n".join(f"  {_text(name)}: {_table(table)}" for name, table in sorted(results.tables.items()))
    file.write_text(f"{lines}{{\n{tables}\n }}\n}}\n", "utf-8")


def _table(table: Table) -> str:
    fields = []
    for name in table.__struct_fields__:
        value = getattr(table, name)
        if isinstance(value, list):
            rows = ",\n".join(f"    {_text(item)}" for item in value)
            fields.append(f"   {_text(name)}: [\n{rows}\n   ]" if rows else f"   {_text(name)}: []")
        else:
            fields.append(f"   {_text(name)}: {_text(value)}")
    return "{\n" + ",\n".join(fields) + "\n  }"


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def figure(
    case: str, title: str, client: str, quantity: str, unit: str, runs: Sequence[float], network: str = ""
) -> Figure:
    """Return the figure of some runs. Times are given in seconds, everything else in its unit."""
    values = sorted(round(run * SCALES.get(unit, 1), 3) for run in runs)
    return Figure(
        case=case,
        title=title,
        client=client,
        quantity=quantity,
        unit=unit,
        value=round(statistics.median(values), 3),
        min=values[0],
        max=values[-1],
        runs=len(values),
        network=network,
    )


def judge(target: Target) -> Target:
    """Return the target with its ratio and whether it is reached."""
    if target.value is None or (target.peer and target.peer_value is None):
        return target
    if target.peer_value is not None:
        ratio = target.peer_value / target.value
        return msgspec.structs.replace(target, ratio=round(ratio, 3), reached=ratio >= (target.at_least or 0))
    return msgspec.structs.replace(target, reached=target.at_most is None or target.value <= target.at_most)


def store(
    name: str, table: Table, targets: Callable[[Table], list[Target]], file: Path = FILE, *, partly: bool = False
) -> Results:
    """Store a table and return all results.

    Args:
        name: Name of the table.
        table: The measured table.
        targets: Return the targets of a table.
        file: The file of the results.
        partly: Whether figures that were not measured this time are kept.
    """
    results = read(file)
    if partly and name in results.tables:
        table = results.tables[name].merge(table)
    results.tables[name] = msgspec.structs.replace(table, targets=targets(table))
    write(results, file)
    return results
