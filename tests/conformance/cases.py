"""The registry of conformance cases. A case is a function that sends requests; it asserts nothing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.backends import Backend
from tests.conformance.exchange import Exchange
from tests.conformance.normal import normalised
from tests.conformance.wire import Wire


@dataclass(frozen=True)
class Case:
    """A case: its name, the rule that it shows, and the function that sends its requests."""

    name: str
    rule: str
    send: Callable[[Wire], None]

    def run(self, backend: Backend) -> list[dict[str, Any]]:
        """Send the requests to a server and return the transcript."""
        wire = Wire(backend)
        try:
            self.send(wire)
        except (AttributeError, KeyError, IndexError, TypeError) as error:
            # The response has not the form that the next request needs.
            wire.exchanges.append(Exchange(request="the case failed", code=0, body=f"{type(error).__name__}: {error}"))
        return normalised(wire.exchanges, wire.names)


_CASES: dict[str, Case] = {}


def case(rule: str) -> Callable[[Callable[[Wire], None]], Callable[[Wire], None]]:
    """Register a case.

    Args:
        rule: The rule of the API server that the case shows.
    """

    def register(send: Callable[[Wire], None]) -> Callable[[Wire], None]:
        name = f"{send.__module__.rpartition('.cases_')[2]}.{send.__name__}"
        assert name not in _CASES, name
        _CASES[name] = Case(name, rule, send)
        return send

    return register


def all_cases() -> dict[str, Case]:
    """Return all cases by their names, in the order of the files."""
    for file in sorted(Path(__file__).parent.glob("cases_*.py")):
        importlib.import_module(f"tests.conformance.{file.stem}")
    return _CASES
