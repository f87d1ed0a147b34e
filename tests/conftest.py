"""Fixtures that all tests share, and the rules for tests that cannot run."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cluster import Cluster, GoMissingError, Nodes, obstacle
from tests.cluster.build import VERSION

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # An example may take long on a busy machine.

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "openapi"

PINS = Path(sys.prefix) / "constraints.txt"
"""The versions that the environment of the tests was made from."""

_CLUSTERS = {"bare_cluster", "cluster", "all_apis_cluster", "older_cluster", "oidc_cluster", "own"}
_NO_SHARED = "needs the OpenAPI documents of ../shared"


_LEFT_OUT = pytest.StashKey[str]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & _CLUSTERS:
            item.add_marker(pytest.mark.server)
        if "shared_openapi" in fixtures:
            item.add_marker(pytest.mark.shared)
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason=_NO_SHARED))
    on_server = [item for item in items if item.get_closest_marker("server")]
    problem = obstacle() if on_server and not os.environ.get("KGEN_REQUIRE_CLUSTER") else ""
    if problem:
        # The tests are deselected together, because one line for each skipped test would fill the screen.
        items[:] = [item for item in items if not item.get_closest_marker("server")]
        config.hook.pytest_deselected(items=on_server)
        config.stash[_LEFT_OUT] = f"SKIPPED [{len(on_server)}] {problem}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash.get(_LEFT_OUT, "")
    if left_out:
        terminalreporter.write_line(left_out)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    cache: pytest.Cache | None = getattr(session.config, "cache", None)  # Missing with `-p no:cacheprovider`.
    if cache is not None:
        cache.set("kgen/exit_status", int(exitstatus))


def run(*command: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command outside of the environment of the tests."""
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    if PINS.exists():
        # `make` writes this file. The value is a URI because pip splits it at white space.
        env["PIP_CONSTRAINT"] = env["PIP_BUILD_CONSTRAINT"] = PINS.as_uri()
    env["PATH"] = os.pathsep.join([str(Path(command[0]).parent), env["PATH"]])
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment that contains only the wheel and its dependencies."""
    return installed(str(wheel), tmp_path_factory.mktemp("environment"))


def installed(requirement: str, folder: Path) -> Path:
    """Create an environment in a folder, install a requirement and its dependencies; return the folder of scripts."""
    venv.create(folder, with_pip=True)
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", requirement, cwd=folder)
    return folder / "bin"


@contextmanager
def running(
    *, all_apis: bool, controllers: bool, version: str = VERSION, extra_flags: Sequence[str] = ()
) -> Iterator[Cluster]:
    """Run a cluster for some tests. They are skipped if the cluster cannot be built."""
    try:
        made = Cluster(all_apis=all_apis, controllers=controllers, version=version, extra_flags=extra_flags)
    except GoMissingError as error:
        if os.environ.get("KGEN_REQUIRE_CLUSTER"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    with made as started:
        yield started


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster with default flags and its controllers."""
    with running(all_apis=False, controllers=True) as started:
        yield started


@pytest.fixture(scope="session")
def nodes(cluster: Cluster) -> Nodes:
    """The node of the cluster, on which pods run: `nodes.running_pod(namespace)`."""
    return cluster.start_nodes()


@pytest.fixture(scope="session")
def all_apis_cluster() -> Iterator[Cluster]:
    """A cluster that serves every API version, without controllers."""
    with running(all_apis=True, controllers=False) as started:
        yield started


@pytest.fixture(scope="session")
def shared_openapi() -> Path:
    """The folder of the OpenAPI documents next to the checkout."""
    return SHARED


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT
