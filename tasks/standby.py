"""An executor that stands beside a living one, warm, until the lease is its own.

It has read the journal up to its end and keeps up, its connections are open; what is left to do
between two executors is to take the lease, read the last records and look at the world.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable

from exchanges.clock import Clock
from exchanges.errors import ExchangeError
from exchanges.exchange import Exchange
from tasks.assembled_desk import FINISH_S, AssembledDesk
from tasks.errors import ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.settings import Settings
from warehouse import Journal, JournalLocked, Record, read

log = logging.getLogger(__name__)

HEIR = "heir"
"""Subject of the alert that one was hung; the next executor is its end."""
LOOK_S = 0.02
ASK_AGAIN_S = 1.0
PATIENCE_S = 2 * FINISH_S
"""The living executor's time to give the lease back: it may have decisions under way."""


async def stand_by(
    parts: AssembledDesk,
    exchanges: Iterable[Exchange],
    settings: Settings,
    clock: Clock,
    stop: asyncio.Event,
) -> tuple[Journal | None, Record | None]:
    """The journal, once its lease is ours, and the last of its records that are in ``parts`` then;
    no journal when ``stop`` was set before.

    Raises:
        JournalLocked: the living executor did not give the lease back.
        ExecutorRefused: it hands over to another process.
    """
    last = parts.read_ahead(read(settings.journal_dir))
    await asyncio.gather(*map(_warm, exchanges))
    log.info("ready to take over; the journal is read up to record %d", last.seq if last else 0)
    deadline, ask_at = clock.monotonic() + PATIENCE_S, clock.monotonic()
    async with ExecutorClient(settings.socket_file) as living:
        while not stop.is_set():
            place = None if last is None else last.position
            last = parts.read_ahead(read(settings.journal_dir, place)) or last
            try:
                return Journal.open(settings.journal_dir, clock.now, after=last), last
            except JournalLocked:
                if clock.monotonic() > deadline:
                    raise
            if clock.monotonic() >= ask_at:
                ask_at = clock.monotonic() + ASK_AGAIN_S
                try:
                    await living.hand_over(os.getpid())
                except ExecutorGone as error:  # it starts, or has just ended
                    log.info("the living executor does not answer: %s", error)
            await asyncio.sleep(LOOK_S)
    return None, last


async def _warm(exchange: Exchange) -> None:
    """Open the connection that the first question would have to wait for."""
    try:
        await exchange.server_time()
    except ExchangeError as error:
        log.warning("%s: no connection yet: %s", exchange.venue, error)
