"""Carries one channel's alerts: a message at a time, at the provider's pace, until it has them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchanges.clock import Clock
from tasks.alerting.channel import (
    Channel,
    ChannelAway,
    ChannelBusy,
    ChannelRefused,
    DeliveryFailed,
    MessageRefused,
)
from tasks.alerting.message import compose
from tasks.alerting.outbox import Batch, Outbox
from warehouse.alert_records import AlertsDelivered

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""Between two tries at a channel that is away; one that refuses is asked as seldom at once."""
TROUBLE_AFTER = 3
"""Failures in a row after which the desk is told that its alerts do not get through."""
GRACE_S = 2.0
"""A library's own time-out comes first."""


@dataclass(slots=True)
class CourierState:
    """How it goes, for who looks from another thread."""

    channel: str
    sent: int = 0
    """Messages."""
    failures: int = 0
    """In a row."""
    error: str | None = None
    """Of the last try, if it failed."""

    def to_json(self, waiting: int) -> dict[str, Any]:
        return {
            "channel": self.channel,
            "waiting": waiting,
            "sent": self.sent,
            "failures": self.failures,
            "error": self.error,
        }


class Courier:
    """Belongs to the loop that runs it; ``settled`` and ``trouble`` are called there and must not
    block."""

    def __init__(
        self,
        channel: Channel,
        outbox: Outbox,
        clock: Clock,
        state: CourierState,
        *,
        desk: str,
        timeout_s: float,
        settled: Callable[[AlertsDelivered], None],
        trouble: Callable[[str, str | None], None],
    ) -> None:
        """``trouble`` hears the channel's name and why it takes nothing, or None: it does again."""
        self._channel = channel
        self._outbox = outbox
        self._clock = clock
        self._desk = desk
        self._timeout_s = timeout_s
        self._settled = settled
        self._trouble = trouble
        self._not_before = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._is_in_trouble: bool | None = None
        """As it was told; None: in this life nothing was, but in the one before perhaps."""
        self._attempts = 0
        """At what is being delivered."""
        self._news = asyncio.Event()
        self._is_finishing = False
        self.state = state

    async def run(self) -> None:
        """Deliver until cancelled, or until all is delivered once :meth:`finish` was called."""
        loop = asyncio.get_running_loop()
        self._outbox.on_news = lambda: _poke(loop, self._news)
        try:
            while not self._is_finishing or self._outbox.due_in_s() is not None:
                await self._until_due()
                batch = self._outbox.take(early=self._is_finishing)
                if batch is not None:
                    await self._deliver(batch)
        finally:
            self._outbox.on_news = lambda: None
            await self._channel.aclose()

    def finish(self) -> None:
        """What waits to be gathered or repeated is told now, and then no more."""
        self._is_finishing = True
        self._news.set()

    async def _until_due(self) -> None:
        while True:
            self._news.clear()
            pace = self._not_before - self._clock.monotonic()
            due = self._outbox.due_in_s()
            if due is not None and self._is_finishing:
                due = 0.0
            if pace > 0:
                await asyncio.sleep(pace)
            elif due is None or due > 0:
                if due is None and self._is_finishing:
                    return
                try:
                    async with asyncio.timeout(due):
                        await self._news.wait()
                except TimeoutError:
                    continue
            else:
                return

    async def _deliver(self, batch: Batch) -> None:
        self._attempts += 1
        try:
            pause_s = await self._send(batch)
        except MessageRefused as error:
            log.error("%s: %s", self._channel.name, error)
            self._done(batch, "refused", str(error))
        except DeliveryFailed as error:
            self._outbox.give_back(batch)
            self._failed(error)
        except asyncio.CancelledError:
            self._outbox.give_back(batch)
            raise
        else:
            self._wait(max(pause_s, self._channel.pace_s))
            self.state.sent += 1
            self._done(batch, "sent", None)

    async def _send(self, batch: Batch) -> float:
        """Every failure leaves as one of ours: a library's text may hold a secret."""
        kind: str
        try:
            async with asyncio.timeout(self._timeout_s + GRACE_S):
                return await self._channel.send(compose(batch, self._desk))
        except DeliveryFailed:
            raise
        except TimeoutError:
            kind = "no answer in time"
        except Exception as error:
            kind = f"unforeseen {type(error).__name__}"
        raise ChannelAway(f"{self._channel.name}: {kind}")

    def _failed(self, error: DeliveryFailed) -> None:
        state = self.state
        state.error = str(error)
        if isinstance(error, ChannelBusy):
            # The provider is well and says when: that is no trouble.
            log.info("%s", error)
            self._wait(max(error.retry_after_s, self._channel.pace_s))
            return
        state.failures += 1
        is_refusal = isinstance(error, ChannelRefused)
        log.warning("%d alerts wait: %s", len(self._outbox), error)
        self._wait(LONGEST_PAUSE_S if is_refusal else self._pause_s)
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        if (is_refusal or state.failures >= TROUBLE_AFTER) and not self._is_in_trouble:
            self._is_in_trouble = True
            self._trouble(self._channel.name, state.error)

    def _done(self, batch: Batch, how: str, error: str | None) -> None:
        state = self.state
        attempts, self._attempts = self._attempts, 0
        state.failures, state.error = 0, error
        self._pause_s = FIRST_PAUSE_S
        self._outbox.settle(batch)
        for numbers, what in ((batch.numbers(), how), (batch.dropped_numbers, "dropped")):
            if len(numbers):
                self._settled(
                    AlertsDelivered(
                        channel=self._channel.name,
                        settled=list(numbers),
                        how=what,
                        attempts=attempts,
                        error=error,
                    )
                )
        if self._is_in_trouble is not False:
            self._is_in_trouble = False
            self._trouble(self._channel.name, None)

    def _wait(self, seconds: float) -> None:
        self._not_before = self._clock.monotonic() + seconds


def _poke(loop: asyncio.AbstractEventLoop, news: asyncio.Event) -> None:
    """From any thread. An event that is set already needs no second call."""
    if not news.is_set() and not loop.is_closed():
        loop.call_soon_threadsafe(news.set)
