"""RESULTS.md and the tables of docs/performance.md, made from the results: `python -m benchmarks report`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks.results import LARGE, Figure, Results, Table, Target

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
PAGE = HERE.parent / "docs" / "performance.md"

_TITLES = {
    "recorded": "Recorded responses",
    "real": "A real API server",
    "far": "The same server, far away",
    "controllers": "Controllers",
    LARGE: "Caches of 100,000 pods",
    "fake": "The fake API server",
}
_TEXTS = {
    "recorded": """\
Every client in a dedicated process, over TLS to a server in another process that only sends recorded bytes.""",
    "real": """\
kube-apiserver {kube-apiserver} with etcd on loopback. Each pod was created, bound to a node and reported as running,
by different field managers. The programs take turns, one process for each case. Server, etcd and client share the
cores.""",
    "far": """\
A proxy delays all bytes, half of the round trip in each direction, and lets 200 Mbit/s pass. `gzip` means that
compressed responses are accepted.""",
    "controllers": """\
Caches, electors and work queues on the same server. The lists after 410 and the changes come from a server that only
sends recorded bytes. All caches drop managed fields, except that of `kubernetes`, which has no option for it. Memory is
that of the process after a collection of garbage; "of the cache" leaves out what the process used before the sync.""",
    LARGE: "The same. All pods but the first 10,000 are copies of those in etcd.",
    "fake": """\
`kubecore.testing.FakeCluster` with a clientset of the same process, which is part of all figures. Times are CPU times
of the process with all its threads.""",
}
_QUANTITIES = {
    "cpu_seconds": ", CPU time",
    "peak_mib": ", peak memory",
    "resident_mib": ", memory",
    "cache_mib": ", memory of the cache",
    "requests": ", requests",
}
_BLOCK = re.compile(r"(<!-- results: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def written(results: Results) -> str:
    """Return RESULTS.md."""
    lines = [
        "# Benchmarks",
        "",
        "Made from `results.json` by `make bench`. Values are medians; the smallest and the largest are in that file.",
        "A ratio above 1 means that kubeclient is faster, or smaller.",
    ]
    for name, title in _TITLES.items():
        if name in results.tables:
            table = results.tables[name]
            lines += ["", f"## {title}", "", _TEXTS[name].format_map(table.versions), "", *_facts(table)]
            lines += [*_targets(table.targets), *_missing(table)]
            lines += [] if name in ("recorded", "fake") else _figures(table, _order(name))
    return "\n".join(lines) + "\n"


def _facts(table: Table) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in table.versions.items())
    size = f"{table.pods:,} pods of {table.pod_bytes:,} bytes; " if table.pods else ""
    note = f" {table.note}" if table.note else ""
    return [f"Machine: {table.machine}. {size}{table.rounds} rounds. {versions}.{note}", ""]


def _targets(targets: Sequence[Target]) -> list[str]:
    if not targets:
        return []
    lines = ["| figure | peer | peer's | ours | ratio | target | reached |", "|---|---|---|---|---|---|---|"]
    return lines + [_target(target) for target in targets]


def _target(target: Target) -> str:
    least = f"{target.at_least:.2f}" if target.peer else f"at most {shown(target.at_most or 0, target.unit)}"
    if target.value is None or target.reached is None:
        return f"| {target.title} | {target.peer} | not measured | | | {least} | |"
    peer = "" if target.peer_value is None else shown(target.peer_value, target.unit)
    ratio = "" if target.ratio is None else f"{target.ratio:.2f}"
    return (
        f"| {target.title} | {target.peer} | {peer} | {shown(target.value, target.unit)} | {ratio} | {least} "
        f"| {'yes' if target.reached else _missed(target)} |"
    )


def _missed(target: Target) -> str:
    if target.ratio is not None and target.at_least:
        return f"no, {target.ratio / target.at_least:.2f} of it"
    return f"no, {(target.value or 0) / (target.at_most or 1):.2f} times as much"


def _missing(table: Table) -> list[str]:
    where = "; ".join(
        f"{each.client}{f' in {each.case}' if each.case else ''}{f' ({each.network})' if each.network else ''}: "
        f"{each.reason}"
        for each in table.missing
    )
    return ["", f"Not measured: {where}."] if where else []


def _figures(table: Table, order: Sequence[str]) -> list[str]:
    clients = list(dict.fromkeys(figure.client for figure in sorted(table.figures, key=_client_order)))
    lines = ["", f"| figure | {' | '.join(clients)} |", f"|---|{'---|' * len(clients)}"]
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in sorted(table.figures, key=lambda each: order.index(each.case) if each.case in order else len(order)):
        rows.setdefault(_row_title(figure), {})[figure.client] = figure
    for title, found in rows.items():
        cells = [shown(found[client].value, found[client].unit) if client in found else "" for client in clients]
        lines.append(f"| {', '.join(part for part in title if part)} | {' | '.join(cells)} |")
    return lines


def _row_title(figure: Figure) -> tuple[str, str]:
    return figure.title + _QUANTITIES.get(figure.quantity, ""), figure.network


def _order(name: str) -> list[str]:
    """Return the cases of a table in their order."""
    from benchmarks.controllers import cases as controllers
    from benchmarks.real import cases

    return list(controllers.CASES if name in ("controllers", LARGE) else cases.CASES)


def _client_order(figure: Figure) -> int:
    from benchmarks.real.cases import CLIENTS

    return CLIENTS.index(figure.client) if figure.client in CLIENTS else len(CLIENTS)


def shown(value: float, unit: str) -> str:
    """Return a value with its unit, with three digits if it is small."""
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def page(text: str, results: Results) -> str:
    """Return a page with each block `<!-- results: NAME -->` filled."""

    def fill(block: re.Match[str]) -> str:
        return f"{block[1]}\n{chr(10).join(BLOCKS[block[2]](results))}\n\n{block[3]}"

    return _BLOCK.sub(fill, text)


def _grid(
    results: Results, rows: Iterable[tuple[str, str, str, str]], columns: Iterable[tuple[str, str, str]], corner: str
) -> list[str]:
    """Return a table: rows are (title, table, case, client), columns are (title, quantity, network)."""
    columns = list(columns)
    lines = [f"| {corner} | {' | '.join(title for title, _, _ in columns)} |", f"|---|{'---|' * len(columns)}"]
    for title, name, case, client in rows:
        table = results.tables.get(name)
        found = [table.find(case, client, quantity, network) if table else None for _, quantity, network in columns]
        cells = [shown(figure.value, figure.unit) if figure else "not measured" for figure in found]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def _machine(table: Table | None) -> list[str]:
    if table is None:
        return ["Nothing was measured yet."]
    size = f"The server has {table.pods:,} pods of {table.pod_bytes:,} bytes in JSON."
    return [" ".join(filter(None, [size, f"{table.machine}.", table.note]))]


_EVERY = (("time", "seconds", ""), ("CPU time", "cpu_seconds", ""), ("peak memory", "peak_mib", ""))
_NETWORKS = tuple((network, "seconds", network) for network in ("5 ms", "5 ms, gzip", "50 ms", "50 ms, gzip"))
_LISTS = (
    ("`list()`", "list", "ours"),
    ("`list(into=PodRow)`, six fields", "into", "ours"),
    ("`list_metadata()`", "metadata", "ours"),
    ("`iter(limit=500)`", "pages", "ours"),
)

_CACHES = (
    ("`informer()`", "stream", "get", "list"),
    ("`keep=Keep.PACKED`", "packed", "get_packed", "list_packed"),
    ("`keep=Keep.OBJECTS`", "objects", "get_objects", "list_objects"),
    ("`into=PodRow`, six fields", "into", "get_into", "list_into"),
)
_SYNC = (("first sync", "seconds", ""), ("CPU time", "cpu_seconds", ""), ("memory of the cache", "cache_mib", ""))

BLOCKS: dict[str, Callable[[Results], list[str]]] = {
    "machine": lambda results: _machine(results.tables.get("real")),
    "lists": lambda results: _grid(results, [(t, "real", c, n) for t, c, n in _LISTS], _EVERY, "all pods"),
    "following": lambda results: _grid(
        results,
        [
            ("`list_and_watch()`", "real", "sync", "ours"),
            ("`watch(send_initial_events=True)`", "real", "stream", "ours"),
        ],
        _EVERY,
        "all pods, then their changes",
    ),
    "caches": lambda results: _grid(
        results, [(title, "controllers", sync, "ours") for title, sync, _, _ in _CACHES], _SYNC, "all pods"
    ),
    "large": lambda results: _grid(
        results, [(title, LARGE, sync, "ours") for title, sync, _, _ in _CACHES], _SYNC, "100,000 pods"
    ),
    "reads": lambda results: _grid(
        results,
        [
            (f"{read} with {title}", "controllers", case, "ours")
            for title, _, get, some in _CACHES
            for read, case in (("`get`", get), ("`list`, a tenth of the pods by label,", some))
        ],
        (("time", "seconds", ""),),
        "read",
    ),
    "controllers": lambda results: _grid(
        results,
        [
            ("10,000 changes until the cache has them", "controllers", "changes", "ours"),
            ("the same until a consumer has read the objects", "controllers", "consumed", "ours"),
            ("own write, from its response until reads contain it", "controllers", "own", "ours"),
            ("leader killed, until the first write of the other", "controllers", "killed", "ours"),
            ("leader stopped, until the first write of the other", "controllers", "released", "ours"),
            ("an item through `WorkQueue`, one thread", "controllers", "queue", "ours"),
            ("an item through `WorkQueue`, 4 threads", "controllers", "threads", "ours"),
            ("an item through `AsyncWorkQueue`, 8 tasks", "controllers", "workers", "ours async"),
        ],
        (("time", "seconds", ""),),
        "controllers",
    ),
    "far": lambda results: _grid(results, [(t, "far", c, n) for t, c, n in _LISTS], _NETWORKS, "all pods"),
    "requests": lambda results: _grid(
        results,
        [
            ("`get`, one after the other, sync", "real", "get", "ours"),
            ("`get`, one after the other, async", "real", "get", "ours async"),
            ("1,000 `get`s over 100 connections, async", "real", "fan_out", "ours async"),
            ("2,000 `create`s, 32 threads", "real", "create", "ours"),
            ("2,000 `create`s, 32 tasks, async", "real", "create", "ours async"),
        ],
        (("time", "seconds", ""),),
        "requests",
    ),
    "pause": lambda results: _grid(
        results,
        [("`await pods.list()`", "real", "pause", "ours async")],
        (("longest pause of the event loop", "pause_seconds", ""),),
        "all pods",
    ),
}


def write(results: Results) -> None:
    """Write RESULTS.md, and the tables of docs/performance.md if the page exists."""
    RESULTS.write_text(written(results), "utf-8")
    if PAGE.exists():
        PAGE.write_text(page(PAGE.read_text("utf-8"), results), "utf-8")
