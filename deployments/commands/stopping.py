"""``kimp stop``, ``kimp resume`` and ``kimp kill``.

What is stopped is the ``paused`` flag of Prefect's deployments, so the UI always shows it.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, Any

from deployments.commands.shared import home, is_terminal, reason
from deployments.failure import CommandFailed
from deployments.prefect_address import prefect_api_url
from deployments.prefect_password import read_password
from deployments.up_lock import RunningDesk
from tasks.errors import DeskError
from tasks.executor_client import ExecutorClient
from tasks.settings import Settings
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE

if TYPE_CHECKING:
    from flows.prefect_switches import PrefectSwitches

SWITCHES = (ENTRY, SIGNAL_INTAKE)


def add_commands(commands: Any) -> None:
    stop = commands.add_parser("stop", help="no new pairs; exits and recovery go on")
    stop.add_argument("--reason", type=reason, required=True, help="why; it stays in Prefect")
    stop.set_defaults(run=run_stop)
    resume = commands.add_parser("resume", help="ask to trade again, after a stop or a kill")
    resume.add_argument("--reason", type=reason, required=True, help="why it is over")
    resume.set_defaults(run=run_resume)
    kill = commands.add_parser("kill", help="cancel all orders and stay stopped until resume")
    kill.add_argument("--reason", type=reason, required=True, help="why; it stays in the books")
    kill.add_argument(
        "--liquidate", action="store_true", help="close every pair too, at a loss if need be"
    )
    kill.add_argument("--yes", action="store_true", help="do not ask (needed without a terminal)")
    kill.set_defaults(run=run_kill)


def run_stop(given: argparse.Namespace) -> int:
    settings, desk = home()
    asyncio.run(_pause(settings, prefect_api_url(settings, desk), given.reason))
    print(f"paused {' and '.join(SWITCHES)}: no new pairs; open pairs are kept")
    return 0


def run_resume(given: argparse.Namespace) -> int:
    settings, desk = home()
    return asyncio.run(_resume(settings, prefect_api_url(settings, desk), given.reason))


def run_kill(given: argparse.Namespace) -> int:
    settings, desk = home()
    phrase = "LIQUIDATE" if given.liquidate else "STOP"
    if not given.yes:
        if not is_terminal():
            raise CommandFailed("kill: expected --yes, because there is no terminal to ask on")
        if input(f"type {phrase} to go on: ").strip() != phrase:
            raise CommandFailed(f"kill: expected {phrase}; nothing was stopped")
    return asyncio.run(_kill(settings, desk, given.reason, given.liquidate))


async def _switches(settings: Settings, url: str) -> PrefectSwitches:
    """Importing Prefect takes seconds: in a thread, because the event loop has a kill to deliver,
    and a connection that waits so long is given up."""

    def load() -> type[PrefectSwitches]:
        from flows.prefect_switches import PrefectSwitches

        return PrefectSwitches

    return (await asyncio.to_thread(load))(url, read_password(settings))


async def _pause(settings: Settings, url: str, why: str) -> None:
    async with await _switches(settings, url) as switches:
        await switches.pause(SWITCHES, why)


async def _resume(settings: Settings, url: str, why: str) -> int:
    async with ExecutorClient(settings.socket_file) as executor:
        report = await executor.resume(why)
    if not report["resumed"]:
        reasons = "; ".join(refusal["message"] for refusal in report["reasons"])
        raise CommandFailed(f"still stopped: {reasons}")
    async with await _switches(settings, url) as switches:
        await switches.resume(SWITCHES)
    print("resumed: entries and signals are on again")
    return 0


async def _kill(settings: Settings, desk: RunningDesk | None, why: str, liquidate: bool) -> int:
    """Both stops are tried, whatever becomes of the other."""

    async def executor_stops() -> str:
        async with ExecutorClient(settings.socket_file) as executor:
            report = await executor.kill(why, liquidate=liquidate)
        failed = [outcome for outcome in report["outcomes"] if outcome["status"] != "closed"]
        if failed:
            raise CommandFailed(
                "not everything was closed: "
                + "; ".join(f"{item['pair_id']} {item['status']}" for item in failed)
            )
        return (
            f"{len(report['cancelled'])} orders cancelled, {len(report['outcomes'])} pairs closed"
        )

    async def switches_stop() -> None:
        await _pause(settings, prefect_api_url(settings, desk), f"kill: {why}")

    stopped, paused = await asyncio.gather(
        executor_stops(), switches_stop(), return_exceptions=True
    )
    failures = [error for error in (stopped, paused) if isinstance(error, BaseException)]
    for error in failures:
        if not isinstance(error, DeskError | CommandFailed):
            raise error
    if failures:
        raise CommandFailed("; ".join(str(error) for error in failures))
    print(f"killed: {stopped}; stopped until `kimp resume --reason …`")
    return 0
