"""The site of the documentation builds, and loads nothing from other hosts."""

from __future__ import annotations

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kubecore import errors
from kubecore.errors import base
from tests.browser import Browser, browsing, program
from tests.ready import wait_until
from tools.site import navigation, pages
from tools.site.links import Link, anchors, links, rewrite

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "tools.site", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "griffe:" not in done.stdout + done.stderr  # A docstring that names an argument which does not exist.
    return output / "html"


@pytest.mark.slow
def test_the_site_builds_without_a_warning(site: Path) -> None:
    assert "A typed Kubernetes client for Python" in (site / "index.html").read_text("utf-8")
    assert "](recipes/" in (site / "llms.txt").read_text("utf-8")
    assert "](reference/kubecore/rest/): The connection to an API server" in (site / "llms.txt").read_text("utf-8")
    full = (site / "llms-full.txt").read_text("utf-8")
    assert "# Quickstart" in full
    assert "async def shut_down_with_drain(*, timeout: float | None = None) -> bool:" in full
    assert "::: kubecore" not in full


@pytest.mark.slow
def test_the_reference_of_kubecore_links_types_and_errors(site: Path) -> None:
    page = (site / "reference/kubecore/rest/index.html").read_text("utf-8")
    assert re.search(r'<a [^>]*href="[^"]*#kubecore.rest.Timeouts"[^>]*>Timeouts</a>', page)
    assert re.search(r'<a [^>]*href="../errors/#kubecore.errors.ConfigError"[^>]*>ConfigError</a>', page)
    assert 'id="kubecore.rest.Client.send"' in page
    for html in (site / "reference/kubecore").rglob("*.html"):
        cross_references = re.findall(r'<a class="autorefs[^>]*href="([^"]+)"', html.read_text("utf-8"))
        assert all("#kubecore." in link for link in cross_references), html
        anchors = re.findall(r'id="(kubecore\.[\w.]+)"', html.read_text("utf-8"))
        assert len(anchors) == len(set(anchors)), html
        assert not re.search(r"&lt;(?:b|p|a|code)&gt;|:::", html.read_text("utf-8")), html


@pytest.mark.slow
def test_links_from_verbs_of_kinds_lead_to_their_arguments(site: Path) -> None:
    for kind in ("core_v1/Pod", "core_v1/Service", "apps_v1/Deployment", "batch_v1/Job"):
        page = (site / f"reference/kubeclient/{kind}/index.html").read_text("utf-8")
        links = set(re.findall(r'href="(?:../)+kubecore/(a?sync_verbs)/#([^"]+)"', page))
        assert len(links) > 40
        for module, anchor in links:
            assert f'id="{anchor}"' in (site / f"reference/kubecore/{module}/index.html").read_text("utf-8")


@pytest.mark.slow
def test_the_search_finds_classes_of_kubecore(site: Path) -> None:
    entries = json.loads((site / "search.json").read_text("utf-8"))["items"]
    found = {
        entry["title"]: entry["location"] for entry in entries if entry["location"].startswith("reference/kubecore/")
    }
    assert found["TLSConfig"] == "reference/kubecore/rest/#kubecore.rest.TLSConfig"
    assert found["NotFoundError"] == "reference/kubecore/errors/#kubecore.errors.NotFoundError"


@pytest.mark.slow
def test_the_address_that_an_error_carries_is_that_of_a_page_of_the_site(site: Path) -> None:
    for kind in (errors.KubeError, errors.NotFoundError):
        page = base.address(kind).removeprefix(base.DOCUMENTATION)
        assert f"<title>{kind.__name__}" in (site / page / "index.html").read_text("utf-8")
    names = {path.parent.name for path in (site / "errors").glob("*/index.html")}
    assert names == {path.stem for path in (ROOT / "docs" / "errors").glob("*.md")}


@pytest.mark.slow
def test_no_page_of_the_site_loads_anything_from_another_host(site: Path) -> None:
    """Links lead to other hosts; scripts, styles, pictures and fonts do not come from there."""
    loads = re.compile(
        r"<(?:script|img|source|iframe|video|link(?! rel=\"?canonical))\b[^>]*?(?:src|srcset|href)=\"?(?:https?:)?//[^>]*>"
    )
    found = {path.name: loads.findall(path.read_text("utf-8")) for path in site.rglob("*.html")}
    assert {name: tags for name, tags in found.items() if tags} == {}
    styles = [
        path
        for path in site.rglob("*.css")
        if re.search(r"(?:url\(|@import )[\"']?(?:https?:)?//", path.read_text("utf-8"))
    ]
    assert styles == []


def test_a_page_that_is_missing_in_the_navigation_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    for name in ("a.md", "b.md", "recipes/index.md", "recipes/logs.md"):
        (tmp_path / name).write_text("# x\n", "utf-8")
    nav = navigation.expanded([{"Start": ["a.md"]}, {"Recipes": ["recipes/*"]}, {"None": ["none/*"]}], tmp_path)
    assert nav == [{"Start": ["a.md"]}, {"Recipes": ["recipes/index.md", "recipes/logs.md"]}]
    assert navigation.missing([*nav, "c.md"], tmp_path) == ["b.md", "c.md"]


def test_links_of_a_moved_page_lead_to_the_same_pages() -> None:
    known = {"docs/http.md": "http.md", "README.md": "index.md", "benchmarks/RESULTS.md": "RESULTS.md"}
    text = "[a](../docs/http.md#limits) `[b](../README.md)` ![c](../README.md) [d](#e) [f](https://x/y)\n```\n[g](../x)\n```\n"
    moved = rewrite(text, "benchmarks/RESULTS.md", lambda it: pages.place(it, known, "https://host/repo"))
    assert moved == text.replace("../docs/http.md", "http.md").replace("![c](../README.md)", "![c](index.md)")
    assert pages.place("pyproject.toml", known, "https://host/repo") == "https://host/repo/blob/main/pyproject.toml"
    with pytest.raises(FileNotFoundError, match="links to nothing"):
        pages.place("nothing", known, "https://host/repo")


def test_links_and_anchors_of_a_page() -> None:
    text = (
        '# A `b` (c)\n## A b c\n[x](y.md#z) <a href="w.md"></a> `[no](no.md)`\n```text\n# Not\n```\n<p id="own"></p>\n'
    )
    assert list(links(text)) == [Link("y.md", "z"), Link("w.md", "")]
    assert anchors(text) == {"a-b-c", "a-b-c_1", "own"}


def test_the_generator_needs_no_network() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert config["theme"]["font"] is False
    assert "extra_javascript" not in config


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = program()
    if path is None:
        pytest.skip("the site is not looked at in a browser: install chromium, for example with apt install chromium")
    with browsing(path, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files without a log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "page",
    [
        "",
        "quickstart/",
        "recipes/",
        "recipes/logs/",
        "coming-from/go/",
        "integrations/notebooks/",
        "concepts/call/",
        "testing/",
        "differences-from-client-go/",
        "configuration/",
        "reference/",
        "reference/kubecore/",
        "reference/kubecore/rest/",
        "reference/kubecore/sync_verbs/",
        "reference/kubeclient/core_v1/Pod/",
        "kubernetes/1.37/",
        "errors/",
        "errors/UnauthorizedError/",
    ],
)
def test_a_browser_shows_a_page_without_errors_and_without_scrolling_sideways(
    page: str, width: int, browser: Browser, address: str
) -> None:
    shown = browser.load(f"{address}/{page}", width)
    assert shown.errors == []
    assert shown.hosts == {"127.0.0.1"}
    assert shown.width <= width
    assert len(shown.picture) > 10_000  # An empty page is smaller.


@pytest.mark.slow
def test_the_search_shows_the_page_of_an_error_first(browser: Browser, address: str) -> None:
    dialog = "[...document.querySelectorAll('*')].map(each => each.shadowRoot).find(Boolean)"
    browser.load(f"{address}/", 1280)
    browser.evaluate("document.querySelector('.md-search__button').click()")
    wait_until(lambda: browser.evaluate(f"{dialog}?.activeElement?.tagName") == "INPUT")
    browser.write("TooManyRequestsError")
    first = f"{dialog}.querySelector('a')?.pathname"
    wait_until(lambda: browser.evaluate(first) == "/errors/TooManyRequestsError/")


@pytest.mark.slow
def test_the_browser_notices_errors_and_wide_pages(browser: Browser, address: str, site: Path) -> None:
    (site / "wide.html").write_text("<p style='width:2000px'>wide</p><script>nothing()</script><img src='missing.png'>")
    shown = browser.load(f"{address}/wide.html", 390)
    assert shown.width >= 2000
    assert any("Uncaught" in error for error in shown.errors)
    assert any("404" in error and "missing.png" in error for error in shown.errors)
