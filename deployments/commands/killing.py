"""``kimp kill`` and ``kimp reset``: the emergency stop, and its end by a person's word."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from deployments.commands.confirming import add_yes, confirm
from deployments.commands.shared import home, reason
from deployments.commands.stopping import SWITCHES, pause_switches
from deployments.failure import CommandFailed
from deployments.prefect_address import prefect_api_url
from deployments.up_lock import RunningDesk
from tasks.errors import DeskError
from tasks.executor_client import ExecutorClient
from tasks.kill_switch import phrase
from tasks.settings import Settings

RESET = "RESET"


def add_commands(commands: Any) -> None:
    kill = commands.add_parser("kill", help="cancel all orders and stay stopped until resume")
    kill.add_argument("--reason", type=reason, required=True, help="why; it stays in the books")
    kill.add_argument(
        "--symbol", type=_coin, metavar="COIN", help="this coin only; the others trade on"
    )
    kill.add_argument(
        "--liquidate", action="store_true", help="close every pair too, at a loss if need be"
    )
    add_yes(kill, "STOP or LIQUIDATE, and the coin if one is named")
    kill.set_defaults(run=run_kill)
    reset = commands.add_parser(
        "reset", help="end an emergency stop without the checks of resume, in your name"
    )
    reset.add_argument("--by", required=True, metavar="NAME", help="who answers for it")
    reset.add_argument("--reason", type=reason, required=True, help="why; it stays in the books")
    add_yes(reset, RESET)
    reset.set_defaults(run=run_reset)


def _coin(text: str) -> str:
    """An argparse type. Nothing, of a script whose variable is empty, may not mean everything."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected a coin such as BTC; without it all are meant")
    return text.strip()


def run_kill(given: argparse.Namespace) -> int:
    settings, desk = home()
    confirm(given, phrase(liquidate=given.liquidate, symbol=given.symbol), "nothing was stopped")
    return asyncio.run(_kill(settings, desk, given.reason, given.liquidate, given.symbol))


def run_reset(given: argparse.Namespace) -> int:
    if not given.by.strip():
        raise CommandFailed("by: expected the name of a person")
    settings, _ = home()
    confirm(given, RESET, "nothing was reset")
    lifted = asyncio.run(_reset(settings, given.by.strip(), given.reason))
    print(f"lifted by {given.by.strip()}: {'; '.join(lifted)}")
    print("the switches are as they were: `kimp resume --reason …` asks to trade again")
    return 0


async def _kill(
    settings: Settings, desk: RunningDesk | None, why: str, liquidate: bool, symbol: str | None
) -> int:
    """Both stops are tried, whatever becomes of the other. Of one coin only the executor knows."""

    async def executor_stops() -> str:
        async with ExecutorClient(settings.socket_file) as executor:
            report = await executor.kill(why, liquidate=liquidate, symbol=symbol)
        left = [item for item in report["outcomes"] if item["status"] != "closed"]
        troubles = list(report["not_cancelled"])
        if left:
            pairs = "; ".join(f"{item['pair_id']} {item['status']}" for item in left)
            troubles.append(f"not everything was closed: {pairs}")
        if troubles:
            raise CommandFailed(f"no entries are taken, but {'; '.join(troubles)}")
        return (
            f"{len(report['cancelled'])} orders cancelled, {len(report['outcomes'])} pairs closed"
        )

    async def switches_stop() -> None:
        if symbol is None:
            url = prefect_api_url(settings, desk)
            await pause_switches(settings, url, f"kill: {why}", "kimp kill")

    stopped, paused = await asyncio.gather(
        executor_stops(), switches_stop(), return_exceptions=True
    )
    failures = [error for error in (stopped, paused) if isinstance(error, BaseException)]
    for error in failures:
        if not isinstance(error, DeskError | CommandFailed):
            raise error
    if failures:
        told = list(map(str, failures))
        if stopped not in failures:
            told.append(
                f"the executor takes no entries ({stopped}) and tells Prefect as soon as it can"
            )
        elif symbol is None and paused not in failures:
            told.append(f"{' and '.join(SWITCHES)} are paused")
        raise CommandFailed("; ".join(told))
    what = "killed" if symbol is None else f"{symbol} killed"
    print(f"{what}: {stopped}; stopped until `kimp resume --reason …`")
    return 0


async def _reset(settings: Settings, by: str, why: str) -> list[str]:
    async with ExecutorClient(settings.socket_file) as executor:
        return (await executor.reset(by, why))["lifted"]
