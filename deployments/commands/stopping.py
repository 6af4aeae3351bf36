"""``kimp stop`` and ``kimp resume``.

What is stopped is the ``paused`` flag of Prefect's deployments, so the UI always shows it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pwd
from typing import Any

from deployments.commands.shared import home, reason
from deployments.failure import CommandFailed
from deployments.prefect_address import prefect_api_url
from deployments.prefect_password import read_password
from deployments.up_lock import RunningDesk
from flows.prefect_switches import PrefectSwitches
from tasks.errors import ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.settings import Settings
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE
from tasks.told_resume import told_resume

SWITCHES = (ENTRY, SIGNAL_INTAKE)


def add_commands(commands: Any) -> None:
    stop = commands.add_parser("stop", help="no new pairs; exits and recovery go on")
    stop.add_argument("--reason", type=reason, required=True, help="why; it stays in Prefect")
    stop.set_defaults(run=run_stop)
    resume = commands.add_parser("resume", help="ask to trade again, after a stop or a kill")
    resume.add_argument("--reason", type=reason, required=True, help="why it is over")
    resume.set_defaults(run=run_resume)


def run_stop(given: argparse.Namespace) -> int:
    settings, desk = home()
    print(asyncio.run(_stop(settings, desk, given.reason)))
    return 0


def run_resume(given: argparse.Namespace) -> int:
    settings, _ = home()
    return asyncio.run(_resume(settings, given.reason))


async def _stop(settings: Settings, desk: RunningDesk | None, why: str) -> str:
    """Through the executor, where it holds at once; where there is none the next one finds it in
    Prefect."""
    paused = f"paused {' and '.join(SWITCHES)}: no new pairs; open pairs are kept"
    try:
        async with ExecutorClient(settings.socket_file) as executor:
            report = await executor.stop(why)
    except ExecutorGone as error:
        await pause_switches(settings, prefect_api_url(settings, desk), why, "kimp stop")
        return f"{paused} ({error})"
    if report["in_prefect"]:
        return paused
    return f"{paused}. Prefect does not answer: the executor tells it as soon as it does"


async def pause_switches(settings: Settings, url: str, why: str, command: str) -> None:
    """The reason is left in Prefect for the executor that finds the switches so."""
    by = f"{command}, user {_user()}"
    async with PrefectSwitches(url, read_password(settings), by=by) as switches:
        await switches.pause(SWITCHES, why)


def _user() -> str:
    """Who types, as this machine knows them."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # of a container, perhaps
        return str(os.getuid())


async def _resume(settings: Settings, why: str) -> int:
    async with ExecutorClient(settings.socket_file) as executor:
        report = await told_resume(executor, why, print)
    if not report["resumed"]:
        reasons = "; ".join(refusal["message"] for refusal in report["reasons"])
        raise CommandFailed(f"still stopped: {reasons}")
    print("resumed: entries and signals are on again")
    return 0
