"""``kimp up``: the whole desk with one command, until Ctrl-C or until its story is told."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deployments.desk_environment import PROJECT
from deployments.desk_startup import DeskStartup
from deployments.executor_watch import stop_executor, watch_executor
from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.open_doors import keep_to_owner, open_doors
from deployments.prefect_address import prefect_http
from deployments.prefect_door import PrefectDoor
from deployments.progress import Progress
from deployments.replay_watch import demand_history, watch_replay
from deployments.state_folder import claim_for, demand_usable, wipe
from deployments.story import Story
from deployments.supervisor import GRACE_S, Supervisor
from deployments.up_lock import RunningDesk, UpLock
from deployments.venue_credentials import demand_trading_keys
from deployments.venue_simulators import VenueSimulators
from tasks.errors import DeskError
from tasks.executor_client import ExecutorClient
from tasks.key_store import KeyStore
from tasks.settings import Mode, Settings
from tasks.signing import PrivateKey
from warehouse import Warehouse

OPERATOR = "operator"
RESEARCH = "research"

STORY_SETTINGS = {"KIMP_AUTO_EXIT_PROFIT_BPS": "1000"}
"""The story's pairs are closed by its own signals, not by the automatic exit."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    once: bool
    """Tell the story, then stop."""
    speed: float
    """Market seconds per second of the replay."""
    fresh: bool


async def up(settings: Settings, options: UpOptions, progress: Progress) -> None:
    """Returns when the story was told, or when it was asked to stop.

    Raises:
        CommandFailed: it could not start, a part died, or a step of the story failed.
    """
    if settings.mode is Mode.LIVE and (options.once or options.fresh):
        raise CommandFailed("--once and --fresh work in paper mode only: leave out --live")
    if settings.mode is Mode.LIVE:
        demand_trading_keys(settings)
    demand_usable(settings)
    lock = UpLock.take(settings.home)
    try:
        keep_to_owner(settings.home)
        with _asked_to_stop() as stop:
            working = asyncio.ensure_future(_run_desk(settings, options, progress, lock))
            stopping = asyncio.ensure_future(stop.wait())
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set() and not working.done():
                progress.line("stopping")
                working.cancel()
            stopping.cancel()
            await asyncio.wait({working})
            if not working.cancelled():
                working.result()
    finally:
        lock.release()
    progress.line("stopped; nothing is left running")


async def _run_desk(
    settings: Settings,
    options: UpOptions,
    progress: Progress,
    lock: UpLock,
) -> None:
    if options.fresh:
        wipe(settings.home)
    claim_for(settings.home, settings.mode)
    research = _signing_keys(settings)
    desk = RunningDesk(
        pid=os.getpid(),
        mode=settings.mode,
        upbit_url=settings.upbit_url,
        binance_url=settings.binance_url,
        hyperliquid_url=settings.hyperliquid_url,
        fx_url=settings.fx_url,
    )
    lock.publish(desk)
    progress.line(f"starting in {settings.mode} mode, state in {settings.home.absolute()}")
    async with Supervisor(settings.logs_dir.absolute(), PROJECT) as supervisor:
        startup = DeskStartup(
            settings,
            supervisor,
            lock,
            progress,
            desk=desk,
            extra=STORY_SETTINGS if options.once else {},
        )
        try:
            if settings.mode is Mode.PAPER:
                await startup.simulators(options.speed)
            if options.once:
                async with HttpJson("the simulators", startup.desk.control_url) as control:
                    await demand_history(VenueSimulators(control))
            await startup.prefect_server()
            await startup.deployments()
            await startup.executor()
            await startup.batch_worker()
            await startup.hot_worker()
            if options.once:
                await supervisor.guarded(_tell(settings, options, progress, startup.desk, research))
            else:
                _say_where(progress, settings, startup.desk)
                startup.keep_alive()
                await supervisor.guarded(_stay(settings, progress, startup.desk))
        finally:
            await startup.stop_hot_worker()
            await stop_executor(settings.socket_file.absolute(), GRACE_S)


async def _tell(
    settings: Settings,
    options: UpOptions,
    progress: Progress,
    desk: RunningDesk,
    research: PrivateKey,
) -> None:
    async with (
        prefect_http(settings, f"{desk.prefect_url}/api") as api,
        HttpJson("the simulators", desk.control_url) as control,
        ExecutorClient(settings.socket_file.absolute()) as executor,
    ):
        story = Story(
            progress,
            PrefectDoor(api),
            executor,
            VenueSimulators(control),
            Warehouse(settings.warehouse_file, settings.journal_dir),
            research=research,
            perpetual=settings.perpetual_venue,
            speed=options.speed,
        )
        try:
            await story.tell()
        except DeskError as error:
            raise CommandFailed(str(error)) from error
    progress.line("every step ended as it should", style="bold green")


async def _stay(settings: Settings, progress: Progress, desk: RunningDesk) -> None:
    async with prefect_http(settings, f"{desk.prefect_url}/api") as api:
        replay = asyncio.ensure_future(_watch_replay(desk, progress))
        try:
            await watch_executor(settings, PrefectDoor(api), progress)
        finally:
            replay.cancel()


async def _watch_replay(desk: RunningDesk, progress: Progress) -> None:
    if desk.control_url:
        async with HttpJson("the simulators", desk.control_url) as control:
            await watch_replay(VenueSimulators(control), progress)


def _say_where(progress: Progress, settings: Settings, desk: RunningDesk) -> None:
    progress.line("the desk is up; Ctrl-C stops everything", style="bold")
    progress.note(f"Prefect UI          {desk.prefect_url}  (its password: kimp password)")
    progress.note(f"stop entries        {desk.prefect_url}/deployments  (pause entry/live)")
    for door in open_doors(settings):
        progress.note(f"open: {door.check}: {door.found}")
    if desk.control_url:
        progress.note(f"simulators' control {desk.control_url}/state")


def _signing_keys(settings: Settings) -> PrivateKey:
    """The operator's and research's keys, made when they are missing; research's is returned."""
    keys = KeyStore(settings.keys_dir)
    for key_id in (OPERATOR, RESEARCH) if settings.mode is Mode.PAPER else (OPERATOR,):
        if key_id not in keys.trusted():
            keys.generate(key_id)
    return keys.private_key(RESEARCH if settings.mode is Mode.PAPER else OPERATOR)


@contextmanager
def _asked_to_stop() -> Iterator[asyncio.Event]:
    """Set by Ctrl-C, SIGTERM and a closed terminal."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, asked.set)
    try:
        yield asked
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
