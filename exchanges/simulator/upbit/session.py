"""One client of a stream of the simulated Upbit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.faults import FaultKind, Faults
from exchanges.simulator.front import Channel, ChannelClosed
from exchanges.simulator.upbit.number_json import to_bytes
from exchanges.simulator.upbit.rate_limits import MessageLimit
from exchanges.simulator.upbit.stream_shapes import shortened, subscriptions_json
from exchanges.simulator.upbit.subscription import Asked, Feed, Format, StreamError
from exchanges.web_socket import Frame

IDLE_S = 120.0
"""Without a frame either way for so long the venue hangs up (Upbit docs, WebSocket guide)."""
UP_EVERY_S = 10.0
"""How often ``{"status":"UP"}`` follows, once the client has sent the text PING."""
BOOK_EVERY_S = 1.0
"""A book that does not move is sent again so often, as others' orders would move a real one."""
LOOK_EVERY_S = 0.5
"""How often an idle session looks at the clock."""
MAX_WAITING = 5_000
"""Events that a client may be behind before it is cut off."""
GOING_AWAY, POLICY_VIOLATION = 1001, 1008

Due = tuple[Feed, str]
"""A feed and the market of it whose state is to be sent as it then is."""


class Session:
    """Sends what is offered to it. Events (trades, orders, assets) wait in line; of states (books,
    tickers, candles) only the latest is sent."""

    def __init__(
        self,
        channel: Channel,
        parse: Callable[[Frame], Asked],
        snapshot: Callable[[Feed, str], Mapping[str, Any] | None],
        faults: Faults,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._parse = parse
        self._snapshot = snapshot
        self._faults = faults
        self._clock = clock
        self._limit = MessageLimit(clock)
        self._wake = asyncio.Event()
        self._is_over = False
        self._farewell: int | None = None
        self._format = Format.DEFAULT
        self.feeds: tuple[Feed, ...] = ()
        """What is still to be sent as it happens."""
        self._waiting: deque[tuple[Mapping[str, Any], str]] = deque()
        """(shape, SNAPSHOT or REALTIME), or ("", …) for an answer that is no event."""
        self._due: dict[Due, None] = {}
        self._book_sent: dict[Due, float] = {}
        self._sent_at = clock.monotonic()
        self._next_up: float | None = None

    # ---- called by whoever has news; none of it waits

    def offer(self, shape: Mapping[str, Any]) -> None:
        """An event that must not be left out."""
        self._line_up(shape, "REALTIME")

    def offer_state(self, feed: Feed, native: str) -> None:
        """The state of a market has changed."""
        self._due[feed, native] = None
        self._wake.set()

    def hang_up(self, code: int) -> None:
        """Say goodbye as soon as possible."""
        self._farewell = code
        self._wake.set()

    # ---- serving

    async def serve(self) -> None:
        """Until either side ends it. Raises ChannelClosed."""
        listening = asyncio.create_task(self._listen())
        try:
            await self._deliver()
        finally:
            listening.cancel()
            await asyncio.wait([listening])

    async def _listen(self) -> None:
        try:
            while True:
                self._hear(await self._channel.receive())
        except ChannelClosed:
            self._is_over = True
            self._wake.set()

    def _hear(self, frame: Frame) -> None:
        if frame in ("PING", b"PING"):
            self._next_up = self._clock.monotonic()
            self._wake.set()
            return
        if not self._limit.take():
            # What the venue says to this is not published.
            self.hang_up(POLICY_VIOLATION)
            return
        try:
            self._take_up(self._parse(frame))
        except StreamError as error:
            self._line_up({"error": {"name": error.name, "message": error.message}}, "")

    def _take_up(self, asked: Asked) -> None:
        """A subscription replaces the one before; a format holds for the whole connection."""
        self._format = asked.format
        if asked.feeds is None:
            self._line_up(subscriptions_json(self.feeds, asked.ticket), "")
            return
        self.feeds = tuple(feed for feed in asked.feeds if not feed.is_only_snapshot)
        self._due.clear()
        self._book_sent.clear()
        for feed in asked.feeds:
            if feed.is_only_realtime:
                continue
            for native in feed.natives:
                shape = self._snapshot(feed, native)
                if shape is not None:
                    self._line_up(shape, "SNAPSHOT")

    def _line_up(self, shape: Mapping[str, Any], stream_type: str) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._is_over = True
            self._channel.cut()
        else:
            self._waiting.append((shape, stream_type))
        self._wake.set()

    async def _deliver(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            while self._waiting and not self._is_over:
                await self._send(*self._waiting.popleft())
            if self._is_over:
                raise ChannelClosed
            if self._farewell is not None:
                await self._channel.close(self._farewell)
                return
            await self._send_states()
            await self._send_up()
            heard_or_sent = max(self._channel.heard_at, self._sent_at)
            if self._clock.monotonic() - heard_or_sent >= IDLE_S:
                await self._channel.close(GOING_AWAY)
                return

    async def _send_states(self) -> None:
        now = self._clock.monotonic()
        for feed in self.feeds:
            if feed.type == "orderbook":
                for native in feed.natives:
                    if now - self._book_sent.setdefault((feed, native), now) >= BOOK_EVERY_S:
                        self._due[feed, native] = None
        due, self._due = self._due, {}
        for feed, native in due:
            shape = self._snapshot(feed, native) if feed in self.feeds else None
            if shape is not None:
                self._book_sent[feed, native] = now
                await self._send(shape, "REALTIME")

    async def _send_up(self) -> None:
        now = self._clock.monotonic()
        if self._next_up is not None and now >= self._next_up:
            self._next_up = now + UP_EVERY_S
            await self._send({"status": "UP"}, "")

    async def _send(self, shape: Mapping[str, Any], stream_type: str) -> None:
        """An event is subject to the faults that are set for its type."""
        if stream_type:
            shape = {**shape, "stream_type": stream_type}
        times = self._times_sent(shape) if stream_type else 1
        for _ in range(times):
            await self._channel.send(to_bytes(self._formatted(shape)))
            self._sent_at = self._clock.monotonic()

    def _times_sent(self, shape: Mapping[str, Any]) -> int:
        """Raises ChannelClosed where the wire is cut instead."""
        match self._faults.take_event(Venue.UPBIT, str(shape["type"])):
            case FaultKind.DUPLICATE_EVENT:
                return 2
            case FaultKind.DROP_EVENT:
                return 0
            case FaultKind.DROP_STREAM:
                self._channel.cut()
                raise ChannelClosed
            case _:
                return 1

    def _formatted(self, shape: Mapping[str, Any]) -> Any:
        """Errors and ``{"status":"UP"}`` look the same in every format."""
        if "error" in shape or "status" in shape:
            return shape
        content = shortened(shape) if self._format.is_simple else shape
        return [content] if self._format.is_list else content
