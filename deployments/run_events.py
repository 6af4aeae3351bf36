"""What Prefect's event stream says about one work pool: its flow runs, and that it is paused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventAnyResourceFilter, EventFilter, EventNameFilter

log = logging.getLogger(__name__)

SCHEDULED = "prefect.flow-run.Scheduled"
CANCELLING = "prefect.flow-run.Cancelling"
CANCELLED = "prefect.flow-run.Cancelled"
PAUSED = ("prefect.work-pool.paused", "prefect.work-queue.paused")
"""Of the pool, or a queue of it."""
RECONNECT_S = 1.0
OLD = timedelta(seconds=10)
"""What was scheduled so long before the stream was opened is in Prefect's list of due runs."""


async def run_events(pool_id: UUID) -> AsyncIterator[tuple[str, UUID]]:
    """``SCHEDULED``, ``CANCELLING`` or ``CANCELLED`` and the flow run's id, and each of ``PAUSED``
    with the id of what was paused, for ever.

    A lost stream is opened again each second. Prefect then repeats the events of the last
    minute, so the same event may come more than once; of old ones ``SCHEDULED`` is left out.
    """
    watched = EventFilter(
        event=EventNameFilter(name=[SCHEDULED, CANCELLING, CANCELLED, *PAUSED]),
        any_resource=EventAnyResourceFilter(id=[f"prefect.work-pool.{pool_id}"]),
    )
    lost = False
    while True:
        try:
            # No attempts of its own: it would stay silent about a lost stream.
            async with get_events_subscriber(filter=watched, reconnection_attempts=0) as stream:
                if lost:
                    log.warning("the event stream is back")
                lost = False
                new = datetime.now(UTC) - OLD
                async for event in stream:
                    if event.event == SCHEDULED and event.occurred < new:
                        continue
                    yield event.event, UUID(event.resource.id.rpartition(".")[2])
        # The subscriber also raises bare Exception, for instance on a refused handshake.
        except Exception as error:
            if not lost:
                log.warning("no event stream, polling alone finds runs now: %s", error)
            lost = True
        await asyncio.sleep(RECONNECT_S)
