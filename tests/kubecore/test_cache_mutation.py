"""The detector of changed objects, as the environment variable turns it on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kubecore.cache.keep import Keep
from kubecore.cache.mutation_watch import MutationWatch
from tests.kubecore.cache_objects import store_of, text

PROGRAM = """
import threading
from kubecore.cache import mutation_watch
from kubecore.cache.keep import Keep
from tests.kubecore.cache_objects import store_of, text

mutation_watch._SECONDS = 0.01
store = store_of(text("web", 1), keep=Keep.OBJECTS)
is_checked = threading.Event()


class Lock:
    count = 0

    def __enter__(self):
        self.count += 1
        if self.count == 2:  # The first check is complete.
            is_checked.set()

    def __exit__(self, *_): pass


watch = mutation_watch.MutationWatch(store, Lock())
watch.start()
is_checked.wait()
store.find("shop", "web").value["metadata"]["labels"] = {}
watch.stop()
print("the program continues")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "code"), [("1", 1), ("0", 0)])
def test_a_changed_object_of_readers_that_share_it_ends_the_program(setting: str, code: int) -> None:
    environment = {**os.environ, "KUBECORE_DETECT_MUTATION": setting}
    program = PROGRAM if setting == "1" else PROGRAM.replace("is_checked.wait()", "")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    if code:
        assert "objects of the cache of pods were changed: shop/web; copy them first" in done.stderr
        assert done.stdout == ""


def test_nothing_runs_if_every_reader_gets_an_own_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECORE_DETECT_MUTATION", "1")
    before = threading.active_count()
    watch = MutationWatch(store_of(text("web", 1), keep=Keep.JSON), threading.Lock())
    watch.start()
    assert threading.active_count() == before
    watch.stop()
    shared = MutationWatch(store_of(text("web", 1), keep=Keep.OBJECTS), threading.Lock())
    shared.start()
    assert threading.active_count() == before + 1
    shared.stop()
    shared.stop()
    assert threading.active_count() == before
