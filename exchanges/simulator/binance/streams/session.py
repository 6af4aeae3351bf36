"""One stream connection: its subscriptions, and what they deliver."""

from __future__ import annotations

import asyncio
from typing import Any

from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.streams.address import Address, Wanted
from exchanges.simulator.binance.streams.catalog import Road, market_feed
from exchanges.simulator.binance.streams.connection import (
    LOOK_S,
    POLICY_VIOLATION,
    ServedConnection,
)
from exchanges.simulator.binance.streams.control_frame import (
    BAD_REQUEST,
    UNKNOWN_PROPERTY,
    WRONG_VALUE,
    BadFrame,
    ControlFrame,
    parse_control_frame,
)
from exchanges.simulator.binance.streams.feed import Feed
from exchanges.simulator.binance.streams.user_feed import UserFeed
from exchanges.web_socket import Frame

MOST_STREAMS = 1_024
"""Of one connection (Binance docs). What happens beyond is not documented: here a request for
more is refused, an address with more closed."""
_NORMAL = 1000


class StreamSession:
    """Serves ``connection``; names that deliver nothing are kept in the list all the same."""

    def __init__(
        self, engine: BinanceEngine, address: Address, connection: ServedConnection
    ) -> None:
        self._engine = engine
        self._road = address.road
        self._combined = address.combined
        self._connection = connection
        self._feeds: dict[str, Feed | None] = {}
        self._due: dict[str, float] = {}
        self._wanted = address.streams

    async def serve(self) -> None:
        """Until the connection ends."""
        try:
            for wanted in self._wanted:
                self._subscribe(wanted)
            if len(self._feeds) > MOST_STREAMS:
                self._connection.end(POLICY_VIOLATION, "Too many streams")
            await self._connection.serve(self._hear, self._look)
        finally:
            for feed in self._feeds.values():
                if feed is not None:
                    feed.close()

    # ---- what the client says

    def _hear(self, frame: Frame) -> None:
        try:
            request = parse_control_frame(frame)
            result = self._carry_out(request)
        except BadFrame as bad:
            self._connection.send(bad.answer)
        else:
            self._connection.send({"result": result, "id": request.id})

    def _carry_out(self, request: ControlFrame) -> Any:
        match request.method:
            case "SUBSCRIBE":
                if len(self._feeds.keys() | set(request.params)) > MOST_STREAMS:
                    message = f"Invalid request: more than {MOST_STREAMS} streams"
                    raise BadFrame(BAD_REQUEST, message, request.id)
                for name in request.params:
                    self._subscribe(Wanted(name))
            case "UNSUBSCRIBE":
                for name in request.params:
                    self._unsubscribe(name)
            case "LIST_SUBSCRIPTIONS":
                return list(self._feeds)
            case "SET_PROPERTY":
                self._set_combined(request)
            case "GET_PROPERTY":
                if request.params != ["combined"]:
                    raise BadFrame(UNKNOWN_PROPERTY, "Unknown property", request.id)
                return self._combined
        return None

    def _set_combined(self, request: ControlFrame) -> None:
        if request.params[:1] != ["combined"]:
            raise BadFrame(UNKNOWN_PROPERTY, "Unknown property", request.id)
        if len(request.params) != 2 or not isinstance(request.params[1], bool):
            raise BadFrame(WRONG_VALUE, "Invalid value type: expected Boolean", request.id)
        self._combined = request.params[1]

    def _subscribe(self, wanted: Wanted) -> None:
        name = wanted.name
        if name in self._feeds:
            return
        if self._road is Road.PRIVATE:
            self._feeds[name] = UserFeed(
                self._engine,
                name,
                lambda event, payload: self._send(name, event, payload),
                self._hang_up,
                only=wanted.events,
            )
        else:
            self._feeds[name] = market_feed(
                self._engine, self._road, name, lambda payload: self._send(name, name, payload)
            )
        self._due[name] = asyncio.get_running_loop().time()

    def _unsubscribe(self, name: str) -> None:
        feed = self._feeds.pop(name, None)
        if feed is not None:
            feed.close()

    # ---- what the venue says

    def _send(self, stream: str, event: str, payload: Any) -> None:
        content = {"stream": stream, "data": payload} if self._combined else payload
        self._connection.send(content, event)

    def _hang_up(self) -> None:
        self._connection.end(_NORMAL, "")

    def _look(self) -> float:
        """Poll what is due; seconds until something is again."""
        now = asyncio.get_running_loop().time()
        feeds = {name: feed for name, feed in self._feeds.items() if feed is not None}
        due = [name for name in feeds if self._due[name] <= now]
        if due and self._road is not Road.PRIVATE:
            self._engine.market.tick()
        for name in due:
            self._due[name] = max(self._due[name] + feeds[name].interval_s, now)
            feeds[name].poll()
        return min((self._due[name] - now for name in feeds), default=LOOK_S)
