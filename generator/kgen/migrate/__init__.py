"""Calls of other clients in Python files, and their replacements: `kgen migrate`."""

from __future__ import annotations

from kgen.migrate.report import Call, Report, as_json, as_text, report, summary
from kgen.migrate.table import Target

__all__ = ["Call", "Report", "Target", "as_json", "as_text", "report", "summary"]
