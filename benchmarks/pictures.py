"""Three pictures of the results, in light and dark: `python -m benchmarks report` draws them with the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from benchmarks.report import shown
from benchmarks.results import Figure, Results

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
WIDTH, ROW, LEFT, RIGHT, TOP = 720, 30, 190, 110, 56


@dataclass(frozen=True)
class Picture:
    """A bar for each client.

    Attributes:
        name: The name of its files.
        title: The text above the bars.
        table: The table of the figures.
        case: Their case.
        quantity: Their quantity.
        clients: The clients in their order; clients that were not measured are left out.
    """

    name: str
    title: str
    table: str
    case: str
    quantity: str
    clients: tuple[str, ...]


@dataclass(frozen=True)
class Colors:
    """The colors of a picture on a light or dark page."""

    text: str
    bar: str
    own_bar: str


CLIENTS = ("ours", "client-go protobuf", "kube-rs", "client-go JSON", "lightkube", "kubernetes", "kubernetes_asyncio")
PICTURES = (
    Picture("list-time", "List 10,000 pods from a real API server: time", "real", "list", "seconds", CLIENTS),
    Picture("list-memory", "List 10,000 pods from a real API server: peak memory", "real", "list", "peak_mib", CLIENTS),
    Picture(
        "calls",
        "1,000 gets at once over 100 connections: time",
        "real",
        "fan_out",
        "seconds",
        ("ours async", *CLIENTS[1:]),
    ),
)
THEMES = {"light": Colors("#1f2328", "#b6c0cc", "#2563eb"), "dark": Colors("#e6edf3", "#59636e", "#60a5fa")}


def drawn(results: Results) -> Iterator[tuple[str, str]]:
    """Yield the name and the content of each file."""
    for picture in PICTURES:
        for theme, colors in THEMES.items():
            yield f"{picture.name}-{theme}.svg", svg(picture, results, colors)


def write(results: Results) -> None:
    """Write the files of all pictures whose table was measured."""
    FOLDER.mkdir(exist_ok=True)
    if all(picture.table in results.tables for picture in PICTURES):
        for name, text in drawn(results):
            (FOLDER / name).write_text(text, "utf-8")


def svg(picture: Picture, results: Results, colors: Colors) -> str:
    """Return a picture as SVG, with a title and a description for readers who do not see it."""
    figures = _figures(picture, results)
    longest = max(figure.value for figure in figures)
    rows = [f"{_name(figure)} {shown(figure.value, figure.unit)}" for figure in figures]
    height = TOP + ROW * len(figures) + 8
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    font = f'font-family="system-ui, sans-serif" font-size="14" fill="{colors.text}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {font}>',
        f"<title>{escape(picture.title)}</title>",
        f"<desc>{escape('; '.join(rows))}</desc>",
        f'<text x="8" y="26" font-size="16" font-weight="600">{escape(picture.title)}</text>',
    ]
    for number, figure in enumerate(figures):
        top = TOP + ROW * number
        is_own = figure.client.startswith("ours")
        width = max(2.0, (WIDTH - LEFT - RIGHT) * figure.value / longest)
        fill = colors.own_bar if is_own else colors.bar
        weight = ' font-weight="600"' if is_own else ""
        lines += [
            f'<text x="{LEFT - 10}" y="{top + 15}" text-anchor="end"{weight}>{escape(_name(figure))}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="20" rx="3" fill="{fill}"/>',
            f'<text x="{LEFT + width + 8:.1f}" y="{top + 15}"{weight}>{shown(figure.value, figure.unit)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def _figures(picture: Picture, results: Results) -> list[Figure]:
    table = results.tables[picture.table]
    found = (table.find(picture.case, client, picture.quantity, "") for client in picture.clients)
    return [figure for figure in found if figure]


def _name(figure: Figure) -> str:
    return {"ours": "kubeclient", "ours async": "kubeclient (async)"}.get(figure.client, figure.client)
