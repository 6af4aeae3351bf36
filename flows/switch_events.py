"""What Prefect's event stream says about switches: deployments, work pools and their queues.

Not every way to pause something emits an event (``POST …/pause_deployment`` and a schedule's switch
do not), so an event only makes the desk quicker than its poll. It may also come late, and those of
the last minute come once more whenever a stream is opened: :func:`is_told_already` knows them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.events import Event

log = logging.getLogger(__name__)

DEPLOYMENT, POOL, QUEUE = "prefect.deployment.", "prefect.work-pool.", "prefect.work-queue."
UPDATED = f"{DEPLOYMENT}updated"
AUTOMATED = "prefect.automation.action.executed"
RESUMES = ("resume-deployment", "resume-work-pool", "resume-work-queue")
"""Actions of an automation that switch something on."""
PAUSED = "paused"
WATCHED = [
    *(f"{DEPLOYMENT}{what}" for what in ("created", "updated", "deleted")),
    *(f"{kind}{what}" for kind in (POOL, QUEUE) for what in (PAUSED, "ready", "not-ready")),
    AUTOMATED,
]
RECONNECT_S = 1.0


async def switch_events() -> AsyncGenerator[Event | None, None]:
    """Each event about a switch, for ever; None when a stream was opened: something may have been
    missed. A lost stream is opened again each second."""
    # Prefect takes seconds to load, and who only sets a switch does not listen.
    from prefect.events.clients import get_events_subscriber
    from prefect.events.filters import EventFilter, EventNameFilter

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
    """The id of the deployment that was paused, if that is what the event says."""
    updates = event.payload.get("updates")
    paused = updates.get(PAUSED) if isinstance(updates, dict) else None
    if event.event != UPDATED or not isinstance(paused, dict) or paused.get("to") is not True:
        return None
    return event.resource.id.removeprefix(DEPLOYMENT)


def paused_pool(event: Event) -> str | None:
    """The name of the work pool that was paused, or a queue of it."""
    if not event.event.endswith(f".{PAUSED}"):
        return None
    if event.event.startswith(POOL):
        return event.resource.name
    pools = [item.name for item in event.related if item.role == "work-pool"]
    return pools[0] if pools else None


def resumed_by_automation(event: Event) -> tuple[str, str] | None:
    """The id of the deployment, pool or queue that an automation has switched on and the
    automation's name, if that is what the event says. Prefect emits it once that was done
    (``server/events/actions.py`` of Prefect 3.8.8, ``Action.succeed``)."""
    if event.event != AUTOMATED or event.payload.get("action_type") not in RESUMES:
        return None
    targets = [row_id(item.id) for item in event.related if item.role == "target"]
    return (targets[0], event.resource.name or "?") if targets else None


def row_id(resource_id: str) -> str:
    """``prefect.deployment.1b4e…`` → ``1b4e…``."""
    return resource_id.rpartition(".")[2]


def is_told_already(row: str, occurred: datetime, seen: Mapping[str, datetime]) -> bool:
    """Was a row of Prefect read that is newer than an event about it? Then the row says more.

    ``seen``: id of a deployment, pool or queue → when the row that was read was last written, by
    Prefect's clock, as the time of the event is: the desk's own is not asked. Prefect writes a
    deployment or queue first and then notes the time of its event, and writers of one row wait for
    each other (``models/deployments.py``, ``models/work_queues.py`` of Prefect 3.8.8), so that a
    pause which is older than the row cannot have been made after it. The time of a pool's event is
    noted just before the write: of two who set it in the same moment the later one may be taken
    for the earlier, and the next poll tells.

    Without a time to compare with, and whenever that is the older one, the event is news.
    """
    written = seen.get(row)
    return written is not None and occurred < written
