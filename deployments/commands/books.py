"""``kimp report`` and ``kimp warehouse ingest | rebuild | sql``."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from rich.table import Table
from rich.text import Text

from deployments.commands.shared import console, home, print_json
from warehouse import Ingested, Warehouse, render_report


def add_commands(commands: Any) -> None:
    report = commands.add_parser("report", help="pairs, fees and results: today, week, total")
    report.add_argument("--day", type=_day, metavar="YYYY-MM-DD", help="Korean day (default today)")
    report.add_argument("--json", action="store_true", help="for programs")
    report.set_defaults(run=run_report)
    group = commands.add_parser("warehouse", help="the books in DuckDB")
    steps = group.add_subparsers(dest="step", metavar="STEP", required=True)
    steps.add_parser("ingest", help="book what the journal has gained").set_defaults(run=run_ingest)
    steps.add_parser("rebuild", help="make the books anew from the journal").set_defaults(
        run=run_rebuild
    )
    sql = steps.add_parser("sql", help="ask the books a question")
    sql.add_argument("query", help='e.g. "SELECT * FROM pairs"')
    sql.add_argument("--json", action="store_true", help="for programs")
    sql.set_defaults(run=run_sql)


def run_report(given: argparse.Namespace) -> int:
    """The books as of now: what the journal has gained is booked first."""
    books = _books()
    books.ingest()
    report = books.report(given.day)
    if given.json:
        print_json(report.to_json())
    else:
        console().print(render_report(report))
    return 0


def run_ingest(_: argparse.Namespace) -> int:
    return _say(_books().ingest())


def run_rebuild(_: argparse.Namespace) -> int:
    return _say(_books().rebuild())


def run_sql(given: argparse.Namespace) -> int:
    result = _books().sql(given.query)
    if given.json:
        print_json([dict(zip(result.columns, row, strict=True)) for row in result.rows])
        return 0
    table = Table(*result.columns, box=None, pad_edge=False)
    for row in result.rows:
        table.add_row(*(Text("-" if value is None else str(value)) for value in row))
    console().print(table)
    return 0


def _books() -> Warehouse:
    settings, _ = home()
    return Warehouse(settings.warehouse_file, settings.journal_dir)


def _say(ingested: Ingested) -> int:
    print(f"{ingested.records} journal records booked in {ingested.seconds:.2f} s")
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a day such as 2021-04-01, got {text!r}"
        ) from None
