"""Each command of the torture suite works with a small number of tries and finds no bad case."""

from __future__ import annotations

import gc
import logging

import pytest

from tests.torture.__main__ import COMMANDS, command, main

SMALL = {  # Number of tries per command, without those that need a real API server.
    "names": 40,
    "additions": 15,
    "crds": 40,
    "responses": 0,
    "fuzz": 3_000,
    "http": 2_000,
    "kept": 1_000,
    "cancel": 300,
    "bombs": 80,
    "slow": 4,
    "deadlines": 60,
    "storm": 1,
    "tls": None,
    "leak": 10,
    "canary": None,
    "refresh": 2,
    "replay": 3_000,
    "sim": 5,
    "specs": 100,
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", SMALL)
def test_a_short_run_of_each_command_finds_no_fault(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "kubecore")  # Hides expected warnings.
    tally = command(name).run(SMALL[name], 1)
    gc.collect()  # Finalizers must warn in this test, not in a later one.
    assert tally.tries > 0
    assert not tally.bad, "\n".join(tally.shown())


def test_each_command_is_tried() -> None:
    assert {*SMALL, "bugs", "election", "fake", "informer", "structural", "watch"} == set(COMMANDS)


@pytest.mark.slow
def test_the_command_line_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["fuzz", "--n", "50", "--seed", "3"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("fuzz tries=")
    assert code == (" bad=0 " not in lines[-1])


@pytest.mark.slow
def test_a_fault_is_printed_and_counted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from kubecore import quantity

    def parse(text: str) -> None:
        raise KeyError(text)

    monkeypatch.setattr(quantity, "parse", parse)
    assert main(["fuzz", "--n", "10"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "KeyError" in lines[0]
    assert " bad=0 " not in lines[-1]


def test_options_of_another_command_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["watch", "--rows", "all", "--faults", "1"])
    assert "`--rows` cannot be used with watch" in capsys.readouterr().err
