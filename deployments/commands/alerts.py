"""``kimp alerts``: what waits for a person, who has seen what, and whether the channels work."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.table import Table

from deployments.commands.shared import console, home, print_json
from deployments.failure import CommandFailed
from exchanges.clock import SystemClock
from tasks.absence_record import AbsenceFile
from tasks.absence_rows import SUBJECT, open_row
from tasks.absence_rows import acknowledge as acknowledge_absence
from tasks.alert import AlertLevel
from tasks.alerting.alert_rows import AlertRows
from tasks.alerting.channel import DeliveryFailed
from tasks.alerting.message import Line, Message
from tasks.errors import ExecutorGone
from tasks.executor_answers import AlertList
from tasks.executor_client import ExecutorClient
from tasks.kst import KST
from tasks.settings import Settings
from warehouse import read
from warehouse.records import RecordType

COLOURS = {"critical": "red", "warning": "yellow", "info": "blue"}


def add_commands(commands: Any) -> None:
    alerts = commands.add_parser("alerts", help="alerts that wait for a person")
    alerts.add_argument("--all", action="store_true", help="seen ones and what is over, too")
    alerts.add_argument("--json", action="store_true", help="for programs")
    alerts.set_defaults(run=run_list)
    what = alerts.add_subparsers(dest="what", metavar="WHAT")
    ack = what.add_parser("ack", help="say that you have seen one and look after it")
    ack.add_argument("row_id", metavar="ID", help="such as a17, or executor while none lives")
    ack.add_argument("--by", required=True, type=_name, metavar="NAME", help="who you are")
    ack.set_defaults(run=run_ack)
    test = what.add_parser("test", help="send a message to every channel that is set up")
    test.set_defaults(run=run_test)


def run_list(given: argparse.Namespace) -> int:
    """Without an executor the list is read from the journal."""
    settings, _ = home()
    try:
        alerts = asyncio.run(_ask(settings, every=given.all))
    except ExecutorGone:
        alerts = _from_journal(settings, every=given.all)
    if given.json:
        print_json(alerts)
        return 0
    rows = [*alerts["open"], *alerts["others"]]
    if rows:
        _print_rows(rows)
    else:
        print("no alerts" if given.all else "no open alerts")
    for channel in alerts["channels"]:
        error = f": {channel['error']}" if channel["error"] else ""
        print(f"{channel['channel']}: {channel['sent']} sent, {channel['waiting']} wait{error}")
    return 0


def run_ack(given: argparse.Namespace) -> int:
    settings, _ = home()

    async def acknowledge() -> dict[str, Any]:
        async with ExecutorClient(settings.socket_file) as executor:
            return await executor.acknowledge(given.row_id, given.by)

    if given.row_id == SUBJECT:  # only an executor gives it a number
        file, now = AbsenceFile(settings.home), SystemClock().now()
        seen_by = acknowledge_absence(file, given.by, now)
        print(f"that no executor lives is seen by {seen_by}")
        return 0
    row = asyncio.run(acknowledge())
    print(f"{row['row_id']} is seen by {row['acknowledged_by']}: {row['message']}")
    return 0


def run_test(_: argparse.Namespace) -> int:
    """1 when a channel is set up and does not take the message."""
    settings, _desk = home()
    results = asyncio.run(_send_to_all(settings))
    if not results:
        raise CommandFailed("alerts: expected a channel in the settings, such as slack_webhook_url")
    for name, trouble in results.items():
        print(f"{name}: {trouble or 'has taken the message'}")
    return 1 if any(results.values()) else 0


async def _ask(settings: Settings, *, every: bool) -> AlertList:
    async with ExecutorClient(settings.socket_file) as executor:
        return await executor.alerts(every=every)


def _from_journal(settings: Settings, *, every: bool) -> AlertList:
    rows = AlertRows()
    for record in read(settings.journal_dir):
        if record.type == RecordType.ALERT:
            rows.restore(record.body, record.time)
        elif record.type == RecordType.ALERT_ACKNOWLEDGED:
            rows.restore_acknowledged(record.body, record.time)
    absence = open_row(AbsenceFile(settings.home).read())
    missing = [] if absence is None else [absence]
    waiting = [row for row in missing if row["acknowledged_by"] is None]
    others = [row.to_json() for row in rows.others()]
    return AlertList(
        total=rows.open_count + len(waiting),
        open=[*waiting, *(row.to_json() for row in rows.open())],
        others=[*(row for row in missing if row not in waiting), *others] if every else [],
        channels=[],
    )


def _print_rows(rows: Sequence[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("id", "since (KST)", "level", "what", "state"):
        table.add_column(name, no_wrap=name != "what")
    for row in rows:
        times = f" ({row['alerts']} times)" if row["alerts"] > 1 else ""
        level = row["level"]
        table.add_row(
            row["row_id"],
            datetime.fromisoformat(row["opened_at"]).astimezone(KST).strftime("%m-%d %H:%M:%S"),
            f"[{COLOURS[level]}]{level}[/]",
            f"{row['type']}: {row['message']}{times}".replace("[", "\\["),
            _state(row),
        )
    console().print(table)


def _state(row: dict[str, Any]) -> str:
    if row["recovered_at"]:
        return "recovered"
    if row["acknowledged_by"]:
        return f"seen by {row['acknowledged_by']}"
    return "told" if row["level"] == AlertLevel.INFO.value else "open"


async def _send_to_all(settings: Settings) -> dict[str, str | None]:
    """Channel → what went wrong, if anything did."""
    # The providers' libraries, which no other command should wait for.
    from tasks.alerting.channels import channels_of

    lines = (Line("info", "This is a test: nothing has happened."),)
    title = f"kimp {settings.mode.value}: test"
    clock = SystemClock()
    message = Message("info", title, lines, f"test-{clock.now():%Y%m%d%H%M%S}")
    results: dict[str, str | None] = {}
    for name, make in channels_of(settings, clock).items():
        channel = make()
        try:
            await channel.send(message)
            results[name] = None
        except DeliveryFailed as error:
            results[name] = str(error)
        finally:
            await channel.aclose()
    return results


def _name(text: str) -> str:
    if not 1 <= len(text.strip()) <= 100:
        raise argparse.ArgumentTypeError("expected a person's name")
    return text.strip()
