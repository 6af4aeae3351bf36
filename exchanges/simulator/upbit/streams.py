"""All WebSockets of the simulated Upbit: who is told what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.faults import FaultKind, Faults
from exchanges.simulator.front import Channel, Conversation
from exchanges.simulator.market import Quote
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.events import AssetEvent, Event, OrderEvent, PrintEvent
from exchanges.simulator.upbit.order_book import ShownBooks
from exchanges.simulator.upbit.session import GOING_AWAY, Session
from exchanges.simulator.upbit.stream_shapes import (
    asset_event,
    book_event,
    candle_event,
    order_event,
    ticker_event,
    trade_event,
)
from exchanges.simulator.upbit.subscription import CANDLES, Asked, Feed, parse_frame
from exchanges.web_socket import Frame


class Streams:
    """Tells sessions what their subscriptions cover; costs next to nothing while there are none."""

    def __init__(
        self, engine: UpbitEngine, books: ShownBooks, faults: Faults, clock: Clock
    ) -> None:
        self._engine = engine
        self._books = books
        self._faults = faults
        self._clock = clock
        self._natives = tuple(x.native for x in engine.market.listings(Venue.UPBIT))
        self._sessions: dict[Session, str | None] = {}
        """With the access key of a private one."""
        self._quotes: dict[str, Quote] = {}
        engine.market.subscribe(self._market_moved)
        faults.subscribe(self._faults_changed)

    def conversation(self, key: str | None) -> Conversation:
        """Serves one WebSocket: that of the account ``key``, or a public one."""

        async def converse(channel: Channel) -> None:
            session = Session(
                channel, self._parser(is_private=key is not None), self._state, self._faults,
                self._clock,
            )  # fmt: skip
            self._add(session, key)
            try:
                await session.serve()
            finally:
                self._remove(session)

        return converse

    def _parser(self, *, is_private: bool) -> Any:
        def parse(frame: Frame) -> Asked:
            return parse_frame(frame, self._natives, is_private=is_private)

        return parse

    def _add(self, session: Session, key: str | None) -> None:
        if not self._sessions:
            self._engine.news.subscribe(self._heard)
        self._sessions[session] = key

    def _remove(self, session: Session) -> None:
        del self._sessions[session]
        if not self._sessions:
            self._engine.news.unsubscribe(self._heard)

    # ---- what happens

    def _heard(self, event: Event) -> None:
        match event:
            case PrintEvent():
                self._printed(event)
            case OrderEvent():
                self._tell_owner(event.key, order_event(event), event.order.request.market)
            case AssetEvent():
                account = self._engine.account(event.key)
                if account is not None:
                    self._tell_owner(event.key, asset_event(event, account.asset_uuid), None)

    def _tell_owner(self, key: str, shape: Mapping[str, Any], native: str | None) -> None:
        for session, owner in self._sessions.items():
            if owner == key and any(
                feed.type == shape["type"] and (native is None or feed.covers(native))
                for feed in session.feeds
            ):
                session.offer(shape)

    def _printed(self, event: PrintEvent) -> None:
        native = event.native
        want_trades: dict[Session, None] = {}
        for session, feed in self._covering(native):
            if feed.type == "trade":
                want_trades[session] = None  # once, however often it was asked for
            elif feed.type != "orderbook":
                session.offer_state(feed, native)
        if want_trades:
            tape, book = self._engine.tapes[native], self._books.of(native)
            now_ms = self._engine.clock.now_ms()
            shape = trade_event(event.printed, native, tape, book, now_ms)
            for session in want_trades:
                session.offer(shape)

    def _market_moved(self) -> None:
        if not self._sessions:
            return
        for native in self._natives:
            quote = self._engine.market.quote(Venue.UPBIT, native)
            stale = self._faults.holds(FaultKind.STALE_BOOK, Venue.UPBIT, native)
            if stale or quote == self._quotes.get(native):
                continue
            self._quotes[native] = quote
            for session, feed in self._covering(native):
                if feed.type == "orderbook":
                    session.offer_state(feed, native)

    def _faults_changed(self) -> None:
        if self._faults.holds(FaultKind.MAINTENANCE, Venue.UPBIT):
            for session in self._sessions:
                session.hang_up(GOING_AWAY)

    def _covering(self, native: str) -> Iterable[tuple[Session, Feed]]:
        for session, key in self._sessions.items():
            if key is None:
                for feed in session.feeds:
                    if feed.covers(native):
                        yield session, feed

    def _state(self, feed: Feed, native: str) -> Mapping[str, Any] | None:
        """What a feed shows of a market right now; None: nothing (private feeds, and books at a
        level that does not exist)."""
        tape = self._engine.tapes[native]
        match feed.type:
            case "ticker":
                halted = self._engine.is_halted(native)
                return ticker_event(tape, native, self._engine.clock, is_halted=halted)
            case "trade":
                now_ms = self._engine.clock.now_ms()
                return trade_event(tape.last, native, tape, self._books.of(native), now_ms)
            case "orderbook":
                if feed.level not in self._books.levels(native):
                    return None
                return book_event(self._books.of(native), native, feed)
            case kind if kind in CANDLES:
                (candle,) = tape.candles(CANDLES[kind], 1)
                return candle_event(kind, native, candle)
        return None
