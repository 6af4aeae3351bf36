"""``kimp doctor``."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from rich.table import Table

from deployments.commands.shared import console, home
from deployments.doctor import Finding, Verdict, examine
from tasks.settings_description import describe

MARKS = {Verdict.OK: "[green]ok[/]", Verdict.NOTE: "[yellow]note[/]", Verdict.BAD: "[red]BAD[/]"}


def add_commands(commands: Any) -> None:
    doctor = commands.add_parser("doctor", help="effective settings and a preflight table")
    doctor.set_defaults(run=run_doctor)


def run_doctor(_: argparse.Namespace) -> int:
    """0 when nothing needed is missing, else 1."""
    settings, desk = home()
    screen = console()
    table = _table("setting", "value", "from", "meaning")
    for line in describe(settings):
        table.add_row(line.name, line.value, line.source, line.meaning)
    screen.print(table)
    screen.print()
    findings = asyncio.run(examine(settings, desk))
    screen.print(_preflight(findings))
    return 1 if any(finding.verdict is Verdict.BAD for finding in findings) else 0


def _preflight(findings: list[Finding]) -> Table:
    table = _table("", "check", "found", "what to do")
    for finding in findings:
        table.add_row(MARKS[finding.verdict], finding.check, finding.found, finding.remedy)
    return table


def _table(*columns: str) -> Table:
    """Nothing in it is ever cut short."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
