"""``kimp status`` and ``kimp pairs``."""

from __future__ import annotations

import argparse
import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deployments.commands.shared import console, home, print_json
from deployments.failure import CommandFailed
from deployments.prefect_address import prefect_api_url, prefect_http
from deployments.up_lock import RunningDesk
from tasks.errors import ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.krw_text import krw_text
from tasks.settings import Settings

if TYPE_CHECKING:
    from tasks.executor_answers import PairView


def add_commands(commands: Any) -> None:
    status = commands.add_parser("status", help="the desk at one look")
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(run=run_status)
    pairs = commands.add_parser("pairs", help="open pairs and what closing them would bring")
    pairs.add_argument("--all", action="store_true", help="ended ones too")
    pairs.add_argument("--json", action="store_true", help="for programs")
    pairs.set_defaults(run=run_pairs)


def run_status(given: argparse.Namespace) -> int:
    """0 when the executor and Prefect both answer, else 1."""
    settings, desk = home()
    status = asyncio.run(_status(settings, desk))
    if given.json:
        print_json(status)
    else:
        _print_status(status)
    return 0 if status["executor"] is not None and status["prefect"]["answers"] else 1


def run_pairs(given: argparse.Namespace) -> int:
    settings, _ = home()

    async def read() -> list[PairView]:
        async with ExecutorClient(settings.socket_file) as executor:
            return list(await executor.pairs(open_only=not given.all))

    pairs = asyncio.run(read())
    if given.json:
        print_json(pairs)
        return 0
    if not pairs:
        print("no pairs" if given.all else "no open pairs")
        return 0
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("pair", "state", "direction", "quantity", "opened", "now"):
        table.add_column(name)
    for pair in pairs:
        now = pair.get("now")
        table.add_row(
            pair["pair_id"],
            pair["state"],
            pair["direction"],
            f"{pair['target_quantity']} {pair['symbol']}",
            pair["opened_at"],
            f"{krw_text(Decimal(now['net_krw']))} KRW" if now else "-",
        )
    console().print(table)
    return 0


async def _status(settings: Settings, desk: RunningDesk | None) -> dict[str, Any]:
    executor, gone = None, ""
    try:
        async with ExecutorClient(settings.socket_file) as client:
            executor = await client.state()
    except ExecutorGone as error:
        gone = str(error)
    url, answers, why = None, False, ""
    try:
        url = prefect_api_url(settings, desk)
        async with prefect_http(settings, url) as api:
            await api.ask("GET", "/health")
        answers = True
    except CommandFailed as error:
        why = str(error)
    return {
        "up": None if desk is None else {"pid": desk.pid, "mode": desk.mode},
        "prefect": {
            "url": url and url.removesuffix("/api"),
            "answers": answers,
            "why": why,
        },
        "executor": executor,
        "executor_why": gone,
    }


def _print_status(status: dict[str, Any]) -> None:
    up, prefect, state = status["up"], status["prefect"], status["executor"]
    running = f"pid {up['pid']}, {up['mode']}" if up else "not running in this KIMP_HOME"
    print(f"up        {running}")
    print(f"Prefect   {prefect['url'] if prefect['answers'] else prefect['why']}")
    if state is None:
        print(f"executor  {status['executor_why']}")
        return
    takes = "takes entries" if state["accepting_entries"] else "takes no entries"
    print(f"executor  epoch {state['epoch']}, {takes}, {state['open_pairs']} open pairs")
    for block in state["blocks"]:
        print(f"          {block['message']}")
    if resuming := state.get("resuming"):  # an executor of an earlier version does not say
        waits = f", waiting for {resuming['waits_for']}" if resuming["waits_for"] else ""
        print(f"resume    asked for: the desk has been looking since {resuming['since']}{waits}")
    if refused := state["resume_refused"]:
        why = "; ".join(item["message"] for item in refused["reasons"])
        print(f"resume    refused at {refused['at']}: {why}")
    for pair_id in state["naked_pairs"]:
        print(f"naked     {pair_id}: no entries of its coin; run one-leg-recovery/live")
    if state["killed"]:
        print(f"killed    {state['killed']}; `kimp resume --reason …` ends it")
    for symbol, why in state["killed_symbols"].items():
        print(f"killed    {symbol} alone: {why}; `kimp resume --reason …` ends it")
    if state["open_alerts"]:
        print(f"alerts    {state['open_alerts']} wait for a person; `kimp alerts` lists them")
    paused = [name for name, is_paused in state["switches"].items() if is_paused is True]
    print(f"paused    {', '.join(paused) or 'nothing'}")
    for name, venue in state["venues"].items():
        print(f"{name:<9} circuit {venue['circuit']}, clock {venue['clock_offset_ms']} ms off")
    rates = state["rates"]
    tether = f"{rates['krw_per_usdt']} KRW/{rates['dollar']}"
    print(f"rates     {rates['krw_per_usd']} KRW/USD, {tether}")
    for symbol, premium in state["premium"].items():
        if premium:
            print(
                f"premium   {symbol} enter {premium['enter_tether_pct']} %, "
                f"leave {premium['leave_tether_pct']} % (tether basis)"
            )
