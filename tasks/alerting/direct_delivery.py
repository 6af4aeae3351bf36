"""An alert for people while no executor lives to send it: straight to the channels.

The same channels, routes, messages and pace as the executor's own delivery, for one alert and a
bounded time. Nothing of it is in the journal, whose lease is an executor's alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

from exchanges.clock import Clock
from tasks.alert import Alert, AlertLevel
from tasks.alerting.channel import Channel
from tasks.alerting.channels import channels_of, routes_of
from tasks.alerting.courier import Courier, CourierState
from tasks.alerting.notice import Notice
from tasks.alerting.outbox import Outbox
from tasks.settings import Settings
from warehouse.alert_records import AlertsDelivered

WITHIN_S = 15.0


async def tell_directly(
    settings: Settings, clock: Clock, alert: Alert, heard_by: Callable[[str], bool]
) -> Collection[str]:
    """Tell ``alert``, a critical trouble or its end, in the channels where that belongs and of
    which ``heard_by`` does not say that they have it; the names of those that are done with it."""
    notice = Notice(
        1, clock.now(), alert, alert.subject or "", AlertLevel.CRITICAL, is_over=alert.is_over
    )
    routes = routes_of(settings)
    done: set[str] = set()
    await asyncio.gather(
        *(
            _carry(settings, clock, notice, name, make, done)
            for name, make in channels_of(settings, clock).items()
            if routes.leads_to(name, notice) and not heard_by(name)
        )
    )
    return done


async def _carry(
    settings: Settings,
    clock: Clock,
    notice: Notice,
    name: str,
    make: Callable[[], Channel],
    done: set[str],
) -> None:
    box = Outbox(clock, capacity=1, gather_s=0, repeat_s=0)
    box.put(notice)

    def settled(_: AlertsDelivered) -> None:
        done.add(name)

    courier = Courier(
        make(),
        box,
        clock,
        CourierState(name),
        desk=settings.mode.value,
        timeout_s=settings.alert_timeout_s,
        settled=settled,
        trouble=lambda channel, why: None,
    )
    courier.finish()
    with suppress(TimeoutError):
        async with asyncio.timeout(WITHIN_S):
            await courier.run()
