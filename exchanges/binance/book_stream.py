"""Whole books over one connection: changes each 100 ms, and the touch as it moves.

The difference stream is taken rather than the partial books because its events are chained: a
lost one is seen. It is up to 100 ms old; the best bid and ask come at once in ``bookTicker``, whose
update ids are of the same count, and are put on top (Binance docs, USDⓈ-M futures).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from exchanges.binance.book_sync import BookSync
from exchanges.binance.depth import DepthSnapshot, depth_event, touch
from exchanges.binance.stream_frames import LIFE_S, event_of
from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.errors import BadReply, VenueUnavailable
from exchanges.instrument import Instrument
from exchanges.reply import Fields
from exchanges.web_socket import Connection, Disconnected

log = logging.getLogger(__name__)

SHOWN_LEVELS = 20
SILENCE_S = 10.0
"""A traded market changes many times a second; a stream that is mute for so long is dead."""
SNAPSHOT_PAUSE_S = 1.0
"""Between two snapshots of a market, which weigh 20 each."""
WIDEN_PAUSE_S = 15.0
"""… when the book is whole, and merely wants levels farther out."""

ReadSnapshot = Callable[[str], Awaitable[DepthSnapshot]]
"""The deepest snapshot of a market by its native name. Raises VenueUnavailable or BadReply."""


class BookStream:
    """The books of some markets."""

    def __init__(
        self, instruments: Sequence[Instrument], read_snapshot: ReadSnapshot, clock: Clock
    ) -> None:
        self._instruments = {instrument.native: instrument for instrument in instruments}
        self._read_snapshot = read_snapshot
        self._clock = clock

    @property
    def path(self) -> str:
        """Where to connect; naming the streams there subscribes to them."""
        names = [native.lower() for native in self._instruments]
        streams = [f"{name}@{kind}" for name in names for kind in ("depth@100ms", "bookTicker")]
        return f"/public/stream?streams={'/'.join(streams)}"

    async def serve(self, connection: Connection) -> AsyncGenerator[Book, None]:
        """The books of one connection. While a snapshot is read, what comes waits in the
        connection, so that nothing between the two is lost."""
        began = self._clock.monotonic()
        markets = {
            native: _Market(instrument, began) for native, instrument in self._instruments.items()
        }
        for market in markets.values():
            if (book := await self._synchronised(market)) is not None:
                yield book
        while True:
            frame = await connection.receive()
            now = self._clock.monotonic()
            if now - began > LIFE_S:
                return
            self._check_all_speak(markets, now)
            event = event_of(frame)
            subject = markets.get(event.optional_text("s") or "")
            if subject is None or not subject.take(event, now):
                continue
            if (book := await self._synchronised(subject)) is not None:
                yield book

    async def _synchronised(self, market: _Market) -> Book | None:
        """The market's book, after a snapshot if one is due."""
        now = self._clock.monotonic()
        if not market.sync.is_whole:
            if now - market.asked_at < SNAPSHOT_PAUSE_S:
                return None
            await self._take_snapshot(market, now)
        elif market.sync.is_thin(SHOWN_LEVELS) and now - market.asked_at >= WIDEN_PAUSE_S:
            try:
                await self._take_snapshot(market, now)
            except (VenueUnavailable, BadReply) as error:
                log.info("%s: no deeper book: %s", market.instrument.native, error)
        return market.book(now)

    async def _take_snapshot(self, market: _Market, now: float) -> None:
        market.asked_at = now
        market.sync.on_snapshot(await self._read_snapshot(market.instrument.native))

    def _check_all_speak(self, markets: dict[str, _Market], now: float) -> None:
        for native, market in markets.items():
            if now - market.heard_at > SILENCE_S:
                raise Disconnected(reason=f"no changes of {native} for {SILENCE_S:g} s")


class _Market:
    """One market on one connection."""

    def __init__(self, instrument: Instrument, now: float) -> None:
        self.instrument = instrument
        self.sync = BookSync()
        self.heard_at = now
        self.asked_at = float("-inf")

    def take(self, event: Fields, now: float) -> bool:
        """Take in an event; False for one that is of no use here."""
        match event.text("e"):
            case "depthUpdate":
                self.heard_at = now
                self.sync.on_event(depth_event(event), now)
            case "bookTicker":
                self.sync.on_touch(touch(event), now)
            case _:
                return False
        return True

    def book(self, now: float) -> Book | None:
        view = self.sync.view(SHOWN_LEVELS, now)
        if view is None:
            return None
        bids, asks, time = view
        return Book(self.instrument.symbol, bids, asks, time, now)
