"""The executor: one process, one lease, one loop on which the desk lives.

:func:`run_executor` may be awaited on any loop; the desk itself runs on a
uvloop loop of its own in a thread of its own, so that nothing of whoever
started it (a flow engine, its logging, its heartbeats) can delay an order.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

import uvloop

from exchanges.clock import Clock, SystemClock
from exchanges.endpoints import Endpoints
from exchanges.http_transport import HttpTransport
from exchanges.instrument import Venue
from tasks.control_api import ControlApi
from tasks.desk import OnDecided
from tasks.desk_assembly import assemble
from tasks.fx_source import FxSource
from tasks.metrics import Metrics
from tasks.settings import Settings
from tasks.switch_guard import Switches
from tasks.venue_connections import connect, leg_venues
from tasks.venue_keys.key_guard import demand_unable_to_withdraw
from tasks.venue_keys.key_sources import desk_keys
from tasks.venue_keys.venue_key import Permission, VenueKey
from warehouse import GroupSync, Journal, read

log = logging.getLogger(__name__)


async def run_executor(
    settings: Settings, *, switches: Switches, on_decided: OnDecided, stop: asyncio.Event
) -> None:
    """Run the desk until ``stop`` is set, then bring it to an orderly end.

    ``switches`` and ``on_decided`` are used on the desk's own loop and thread.

    Raises:
        JournalLocked: another executor holds this KIMP_HOME.
        JournalCorrupt: the journal is damaged; nothing was traded.
        SettingMissing: a venue key is not set.
        KeyRefused: a venue key is declared for reading only, can withdraw, or cannot be read.
    """
    # asyncio.to_thread carries the context over, so the desk's log lines belong to the run.
    desk_loop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    stop_asked = threading.Event()
    thread = asyncio.create_task(
        asyncio.to_thread(_run_on_uvloop, settings, switches, on_decided, desk_loop, stop_asked)
    )
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({thread, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        stop_asked.set()
        if desk_loop and not thread.done():
            loop, stop_desk = desk_loop[0]
            loop.call_soon_threadsafe(stop_desk.set)
        await asyncio.shield(thread)


def _run_on_uvloop(
    settings: Settings,
    switches: Switches,
    on_decided: OnDecided,
    desk_loop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]],
    stop_asked: threading.Event,
) -> None:
    async def main() -> None:
        stop = asyncio.Event()
        desk_loop.append((asyncio.get_running_loop(), stop))
        if stop_asked.is_set():  # asked before there was a loop to tell
            stop.set()
        await _serve(settings, switches, on_decided, stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def _serve(
    settings: Settings, switches: Switches, on_decided: OnDecided, stop: asyncio.Event
) -> None:
    clock = SystemClock()
    journal = Journal.open(settings.journal_dir, clock.now)
    try:
        if journal.torn_tail is not None:
            log.warning("the journal's last record was torn and has been cut off")
        keys = await _trading_keys(settings, clock)
        credentials = {venue: key.credentials for venue, key in keys.items()}
        exchanges = connect(settings, credentials, clock)
        fx = fx_source(settings)
        metrics = Metrics()
        parts = assemble(
            settings,
            exchanges,
            fx,
            switches,
            journal,
            clock,
            on_decided=on_decided,
            metrics=metrics,
        )
        api = ControlApi(parts.desk, parts.operations, parts.killing, parts.view, metrics)
        with GroupSync(journal):
            try:
                parts.restore(read(settings.journal_dir))
                await api.start(settings.socket_file, settings.fast_door)
                log.info(
                    "epoch %d: the executor listens at %s", journal.epoch, settings.socket_file
                )
                await parts.run(stop)
            finally:
                await api.stop(settings.socket_file)
                for exchange in exchanges.values():
                    await exchange.aclose()
                await fx.aclose()
    finally:
        journal.close()


async def _trading_keys(settings: Settings, clock: Clock) -> Mapping[Venue, VenueKey]:
    """One key a venue, declared for trading, and in live mode unable to withdraw."""
    venues = tuple(leg_venues(settings).values())
    keys = await asyncio.to_thread(desk_keys, settings, venues, Permission.TRADE, clock)
    await demand_unable_to_withdraw(keys.values(), settings, clock)
    return keys


def fx_source(settings: Settings) -> FxSource:
    """The bank rate over HTTP."""
    parts = urlsplit(settings.fx_url)
    transport = HttpTransport(Endpoints(f"{parts.scheme}://{parts.netloc}"))
    return FxSource(settings.fx_url, transport, settings.request_timeout_ms / 1000)
