"""The executor: one process, one lease, one loop on which the desk lives.

:func:`run_executor` may be awaited on any loop; the desk itself runs on a
uvloop loop of its own in a thread of its own, so that nothing of whoever
started it (a flow engine, its logging, its heartbeats) can delay an order.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

import uvloop

from exchanges.clock import Clock, SystemClock
from exchanges.endpoints import Endpoints
from exchanges.http_transport import HttpTransport
from exchanges.instrument import Venue
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.alerting.delivery import AlertDelivery
from tasks.assembled_desk import AssembledDesk
from tasks.control_api import ControlApi
from tasks.desk import OnDecided
from tasks.desk_assembly import assemble
from tasks.door_admission import DoorAdmission
from tasks.fast_door import FastDoor
from tasks.fx_source import FxSource
from tasks.metrics import Metrics
from tasks.processes import is_alive
from tasks.settings import Settings
from tasks.standby import HEIR, LOOK_S, stand_by
from tasks.switch_guard import Switches
from tasks.venue_connections import connect, leg_venues
from tasks.venue_keys.key_guard import demand_unable_to_withdraw
from tasks.venue_keys.key_sources import desk_keys
from tasks.venue_keys.permission import Permission
from tasks.venue_keys.venue_key import VenueKey
from warehouse import GroupSync, Journal, JournalError, JournalLocked, Record, read
from warehouse.lease import holder
from warehouse.lease_records import LeaseReleased
from warehouse.records import RecordType

log = logging.getLogger(__name__)

HEIR_S = 5.0
"""An heir's time to take the lease that was given back for it; it looks for it fifty times a
second."""


async def run_executor(
    settings: Settings,
    *,
    switches: Switches,
    on_decided: OnDecided,
    stop: asyncio.Event,
    take_over: bool = False,
) -> str:
    """Run the desk until ``stop`` is set or an heir has taken over, then bring it to an orderly
    end; why it ended, in words.

    ``switches`` and ``on_decided`` are used on the desk's own loop and thread.

    Args:
        take_over: If another executor holds this KIMP_HOME, ask it to hand over.

    Raises:
        JournalLocked: another executor holds this KIMP_HOME and keeps it.
        ExecutorRefused: it hands over to another process.
        JournalCorrupt: the journal is damaged; nothing was traded.
        SettingMissing: a venue key is not set.
        KeyRefused: a venue key is declared for reading only, can withdraw, or cannot be read.
    """
    # asyncio.to_thread carries the context over, so the desk's log lines belong to the run.
    desk_loop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    stop_asked = threading.Event()
    thread = asyncio.create_task(
        asyncio.to_thread(
            _run_on_uvloop, settings, switches, on_decided, desk_loop, stop_asked, take_over
        )
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
        ended = await asyncio.shield(thread)
    return ended


def _run_on_uvloop(
    settings: Settings,
    switches: Switches,
    on_decided: OnDecided,
    desk_loop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]],
    stop_asked: threading.Event,
    take_over: bool,
) -> str:
    async def main() -> str:
        stop = asyncio.Event()
        desk_loop.append((asyncio.get_running_loop(), stop))
        if stop_asked.is_set():  # asked before there was a loop to tell
            stop.set()
        heir: int | None = None
        # The lock of a process can outlive its end for a moment, so a dead heir's is waited for.
        while heir is None or not await _took_over(settings, heir, stop):
            if stop.is_set():
                return "asked to stop"
            if heir is not None:
                log.warning("process %d was to take over and did not: this one goes on", heir)
            may_wait = take_over if heir is None else not is_alive(heir)
            try:
                heir = await _serve(settings, switches, on_decided, stop, may_wait)
            except JournalLocked:
                if heir is None:
                    raise
                break  # it has taken the lease at last
            if heir is None:
                return "asked to stop"
        return f"process {heir} has taken over"

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


async def _serve(
    settings: Settings,
    switches: Switches,
    on_decided: OnDecided,
    stop: asyncio.Event,
    take_over: bool,
) -> int | None:
    """One life of a desk, from its lease to its end; the process id of the heir that it was ended
    for, None when it was ``stop``."""
    clock = SystemClock()
    journal: Journal | None = None
    try:
        journal = Journal.open(settings.journal_dir, clock.now)
    except JournalLocked:
        if not take_over:
            raise
    try:
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
        try:
            last: Record | None = None
            if journal is None:
                journal, last = await stand_by(parts, exchanges.values(), settings, clock, stop)
                if journal is None:
                    return None
                parts.write.begin(journal)
            if journal.torn_tail is not None:
                log.warning("the journal's last record was torn and has been cut off")
            parts.restore(read(settings.journal_dir, None if last is None else last.position))
            return await _trade(settings, parts, journal, metrics, stop)
        finally:
            for exchange in exchanges.values():
                await exchange.aclose()
            await fx.aclose()
    finally:
        if journal is not None:
            journal.close()


async def _trade(
    settings: Settings,
    parts: AssembledDesk,
    journal: Journal,
    metrics: Metrics,
    stop: asyncio.Event,
) -> int | None:
    """Open the doors and run the desk; as :func:`_serve`."""
    api = ControlApi(
        parts.desk,
        parts.operations,
        parts.stopping,
        parts.killing,
        parts.hand_over,
        parts.view,
        metrics,
        parts.alerts,
    )
    alerts = AlertDelivery(settings, parts.trading.clock, parts.alerts)

    clock = parts.trading.clock
    admission = DoorAdmission(settings.fast_door_allow, settings.fast_door_per_s, clock)
    fast_door = FastDoor(parts.desk, admission, clock)

    async def close_doors() -> None:
        await fast_door.stop()
        await api.stop(settings.socket_file)

    with GroupSync(journal):
        try:
            alerts.start()
            parts.alerts(_has_taken_over(journal.epoch))
            await api.start(settings.socket_file)
            if settings.fast_door is not None:
                await fast_door.start(settings.fast_door)
            log.info("epoch %d: the executor listens at %s", journal.epoch, settings.socket_file)
            cancelled = await parts.run(stop, close_doors)
        finally:
            await close_doors()
            await alerts.stop(flush=stop.is_set() or parts.hand_over.heir is None)
        heir = None if stop.is_set() else parts.hand_over.heir
        released = LeaseReleased(
            pid=os.getpid(),
            reason="asked to stop" if heir is None else f"process {heir} takes over",
            heir=heir,
            cancelled=cancelled,
            open_pairs=[pair.pair_id for pair in parts.trading.pairs.open_pairs()],
        )
        try:
            parts.write(RecordType.LEASE_RELEASED, released)
        except JournalError as error:
            log.error("the journal does not tell of this orderly end: %s", error)
    # Before the connections are closed: an heir waits for it.
    journal.close()
    log.info("epoch %d: the lease is given back", journal.epoch)
    return heir


def _has_taken_over(epoch: int) -> Alert:
    """The end of the trouble with an heir that did not, if there was one."""
    said = f"An executor has taken over: epoch {epoch}."
    return Alert(AlertType.SYSTEM_ERROR, AlertLevel.INFO, said, None, HEIR, is_over=True)


async def _took_over(settings: Settings, heir: int, stop: asyncio.Event) -> bool:
    """Has the heir taken the lease? Waited for while it lives and has not used up its time; False:
    nobody guards, so take the lease again."""
    clock = SystemClock()
    deadline = clock.monotonic() + HEIR_S
    while not stop.is_set():
        if holder(settings.journal_dir) == heir:
            return True
        if not is_alive(heir) or clock.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK_S)
    return False


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
