"""``kimp doctor``."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from rich.console import Console
from rich.table import Table

from deployments.commands.shared import home
from deployments.doctor import Finding, Verdict, examine
from tasks.settings_description import describe

MARKS = {Verdict.OK: "[green]ok[/]", Verdict.NOTE: "[yellow]note[/]", Verdict.BAD: "[red]BAD[/]"}


def add_commands(commands: Any) -> None:
    doctor = commands.add_parser("doctor", help="effective settings and a preflight table")
    doctor.set_defaults(run=run_doctor)


def run_doctor(_: argparse.Namespace) -> int:
    """0 when nothing needed is missing, else 1."""
    settings, desk = home()
    console = Console(highlight=False, soft_wrap=True)
    table = Table("setting", "value", "from", "meaning", box=None, pad_edge=False)
    for line in describe(settings):
        table.add_row(line.name, line.value, line.source, line.meaning)
    console.print(table)
    console.print()
    findings = asyncio.run(examine(settings, desk))
    console.print(_preflight(findings))
    return 1 if any(finding.verdict is Verdict.BAD for finding in findings) else 0


def _preflight(findings: list[Finding]) -> Table:
    table = Table("", "check", "found", "what to do", box=None, pad_edge=False)
    for finding in findings:
        table.add_row(MARKS[finding.verdict], finding.check, finding.found, finding.remedy)
    return table
