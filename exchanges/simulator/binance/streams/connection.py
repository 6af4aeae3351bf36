"""The venue's side of one WebSocket, whatever is spoken on it.

Binance docs, USDⓈ-M WebSocket connections: a connection lives 24 hours; the server pings every
3 minutes and closes when no pong has come within 10. A client that does not read what is sent is
cut.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson

from exchanges.clock import Clock
from exchanges.simulator.faults import FaultKind
from exchanges.simulator.front import Channel, ChannelClosed
from exchanges.web_socket import Frame

LIFE_MS = 24 * 3_600_000
PING_EVERY_S = 180.0
PONG_WITHIN_S = 600.0
LONGEST_QUEUE = 5_000
"""Frames that may wait for one client; the venue's number is not published."""
LOOK_S = 0.25
"""How often the clock is looked at, at least."""

GOING_AWAY, POLICY_VIOLATION = 1001, 1008
TakeFault = Callable[[str], FaultKind | None]
"""What is to happen to the event of that name, which is about to be sent."""


class ServedConnection:
    """One client's frames in and out, its pings, its age and its pace."""

    def __init__(
        self,
        channel: Channel,
        clock: Clock,
        now_ms: Callable[[], int],
        take_fault: TakeFault,
        *,
        messages_per_second: int | None,
    ) -> None:
        """``messages_per_second``: more of them, and the client is disconnected (None: never)."""
        self._channel = channel
        self._clock = clock
        self._now_ms = now_ms
        self._take_fault = take_fault
        self._outbox: asyncio.Queue[tuple[str | None, str]] = asyncio.Queue(LONGEST_QUEUE)
        self._pace = messages_per_second
        self._heard: deque[float] = deque(maxlen=messages_per_second)
        self._goodbye: tuple[int, str] | None = None
        self._pinged_at = clock.monotonic()
        self._unanswered_since: float | None = None
        self._is_cut = False
        self.connected_ms = now_ms()

    def send(self, content: Any, event: str | None = None) -> None:
        """Queue a JSON frame; ``event`` is its name for faults (None: not an event)."""
        if self._is_cut:
            return
        try:
            self._outbox.put_nowait((event, orjson.dumps(content).decode()))
        except asyncio.QueueFull:
            self.cut()

    def end(self, code: int, reason: str) -> None:
        """Close politely, soon."""
        self._goodbye = self._goodbye or (code, reason)

    def cut(self) -> None:
        """Break the wire now."""
        self._is_cut = True
        self._channel.cut()

    async def serve(
        self, hear: Callable[[Frame], None], look: Callable[[], float] = lambda: LOOK_S
    ) -> None:
        """Until the connection ends: ``hear`` each message, and ``look`` at what is due, which
        returns after how many seconds to look again."""
        tasks = [
            asyncio.create_task(work)
            for work in (self._hear(hear), self._send_queued(), self._keep(look))
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, hear: Callable[[Frame], None]) -> None:
        while True:
            frame = await self._channel.receive()
            now = asyncio.get_running_loop().time()
            if self._pace is not None:
                if len(self._heard) == self._pace and now - self._heard[0] < 1:
                    self.end(POLICY_VIOLATION, "Too many requests")
                    continue
                self._heard.append(now)
            hear(frame)

    async def _send_queued(self) -> None:
        while True:
            event, frame = await self._outbox.get()
            match None if event is None else self._take_fault(event):
                case FaultKind.DROP_EVENT:
                    continue
                case FaultKind.DROP_STREAM:
                    self.cut()
                    raise ChannelClosed
                case FaultKind.DUPLICATE_EVENT:
                    await self._channel.send(frame)
            await self._channel.send(frame)

    async def _keep(self, look: Callable[[], float]) -> None:
        while not self._is_cut:
            if self._now_ms() - self.connected_ms >= LIFE_MS:
                self.end(GOING_AWAY, "24 hours are over")
            await self._ping_in_time()
            if self._goodbye is not None:
                await self._channel.close(*self._goodbye)
                return
            await asyncio.sleep(min(look(), LOOK_S))

    async def _ping_in_time(self) -> None:
        now = self._clock.monotonic()
        waiting = self._unanswered_since
        if waiting is not None and self._channel.heard_at >= waiting:
            self._unanswered_since = waiting = None
        if waiting is not None and now - waiting >= PONG_WITHIN_S:
            self.end(POLICY_VIOLATION, "Pong timeout")
        elif now - self._pinged_at >= PING_EVERY_S:
            self._pinged_at = now
            self._unanswered_since = now if waiting is None else waiting
            await self._channel.ping()
