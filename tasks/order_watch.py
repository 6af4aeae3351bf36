"""Orders that have ended short of their quantity, and when their venue is asked about them again.

A venue can be wrong about an end: a cancel is answered before the last match is booked, a request
that was lost arrives after all. Such an order is asked for again at growing pauses. One that the
venue said it never received is asked for longest, since nothing but that word speaks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from exchanges.clock import Clock
from tasks.settled_order import SettledOrder

AGAIN_S: Sequence[float] = (10, 30, 60, 120, 300, 600)
"""Seconds after its end at which an order is asked for again."""
NEVER_RECEIVED_EVERY_S = 300.0
"""How often after those an order that was never received is asked for: as often as the journal is
compared with the venues."""
NEVER_RECEIVED_FOR_S = 86_400.0
"""… and for how long: no request is under way for a day."""


@dataclass(slots=True)
class _Watched:
    settled: SettledOrder
    ended: float
    """Monotonic, seconds."""
    due: float


class OrderWatch:
    """By client order id. Forgets what filled whole, what was never sent, and what is old."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watched: dict[str, _Watched] = {}
        self._woken = asyncio.Event()

    def note(self, settled: SettledOrder, at: datetime | None = None) -> None:
        """What became of an order, just now or ``at`` (when the journal says so)."""
        client_order_id = settled.leg_order.order.client_order_id
        self._watched.pop(client_order_id, None)
        if not settled.may_have_more:
            return
        ago = timedelta(0) if at is None else max(self._clock.now() - at, timedelta(0))
        now = self._clock.monotonic()
        ended = now - ago.total_seconds()
        longest = NEVER_RECEIVED_FOR_S if settled.never_received else AGAIN_S[-1]
        if now - ended < longest:
            self._watched[client_order_id] = _Watched(settled, ended, ended + AGAIN_S[0])
            self._woken.set()

    def hurry(self, settled: SettledOrder) -> None:
        """Something speaks for asking about this order now, however long ago it ended."""
        client_order_id = settled.leg_order.order.client_order_id
        now = self._clock.monotonic()
        known = self._watched.get(client_order_id)
        ended = now if known is None else known.ended
        self._watched[client_order_id] = _Watched(settled, ended, now)
        self._woken.set()

    def due(self) -> list[SettledOrder]:
        """Those to be asked for now; each comes up again at its next time. What was due several
        times while nobody asked comes up once."""
        now = self._clock.monotonic()
        found = [item for item in self._watched.values() if item.due <= now]
        for item in found:
            due = _next_due(item.settled, item.ended, now)
            if due is None:
                del self._watched[item.settled.leg_order.order.client_order_id]
            else:
                item.due = due
        return [item.settled for item in found]

    async def wait(self) -> None:
        """Until an order is due."""
        while True:
            self._woken.clear()
            next_due = min((item.due for item in self._watched.values()), default=None)
            pause = None if next_due is None else next_due - self._clock.monotonic()
            if pause is not None and pause <= 0:
                return
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                return


def _next_due(settled: SettledOrder, ended: float, now: float) -> float | None:
    """The first time after ``now``, on the same clock as ``ended``; None: never again."""
    for again in AGAIN_S:
        if ended + again > now:
            return ended + again
    after = now + NEVER_RECEIVED_EVERY_S
    if settled.never_received and after <= ended + NEVER_RECEIVED_FOR_S:
        return after
    return None
