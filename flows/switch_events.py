"""What Prefect's event stream says about switches: deployments, work pools and their queues.

Not every way to pause something emits an event (``POST …/pause_deployment`` and a schedule's switch
do not), so an event only makes the desk quicker than its poll.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

from prefect.events import Event
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter

log = logging.getLogger(__name__)

DEPLOYMENT, POOL, QUEUE = "prefect.deployment.", "prefect.work-pool.", "prefect.work-queue."
UPDATED = f"{DEPLOYMENT}updated"
PAUSED = "paused"
WATCHED = [
    *(f"{DEPLOYMENT}{what}" for what in ("created", "updated", "deleted")),
    *(f"{kind}{what}" for kind in (POOL, QUEUE) for what in (PAUSED, "ready", "not-ready")),
]
RECONNECT_S = 1.0
FRESH = timedelta(seconds=1)
"""Prefect repeats the events of the last minute when a stream is opened: an older one may have been
taken back since."""


async def switch_events() -> AsyncGenerator[Event | None, None]:
    """Each event about a switch, for ever; None when a stream was opened: something may have been
    missed. A lost stream is opened again each second."""
    watched = EventFilter(event=EventNameFilter(name=WATCHED))
    lost = False
    while True:
        try:
            # No attempts of its own: it would stay silent about a lost stream.
            async with get_events_subscriber(filter=watched, reconnection_attempts=0) as stream:
                if lost:
                    log.warning("Prefect's events about switches are heard again")
                lost = False
                yield None
                async for event in stream:
                    yield event
        # The subscriber also raises bare Exception, for instance on a refused handshake.
        except Exception as error:
            if not lost:
                log.warning("no events about switches, polling alone hears of them: %s", error)
            lost = True
        await asyncio.sleep(RECONNECT_S)


def paused_deployment(event: Event) -> str | None:
    """The id of the deployment that was paused just now, if that is what the event says."""
    updates = event.payload.get("updates")
    paused = updates.get(PAUSED) if isinstance(updates, dict) else None
    if event.event != UPDATED or not isinstance(paused, dict) or paused.get("to") is not True:
        return None
    return event.resource.id.removeprefix(DEPLOYMENT) if _is_fresh(event) else None


def paused_pool(event: Event) -> str | None:
    """The name of the work pool that was paused just now, or a queue of it."""
    if not event.event.endswith(f".{PAUSED}") or not _is_fresh(event):
        return None
    if event.event.startswith(POOL):
        return event.resource.name
    pools = [item.name for item in event.related if item.role == "work-pool"]
    return pools[0] if pools else None


def _is_fresh(event: Event) -> bool:
    return datetime.now(UTC) - event.occurred < FRESH
