"""Every WebSocket that is open at the venue, and how one is opened."""

from __future__ import annotations

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.streams.address import Address
from exchanges.simulator.binance.streams.connection import GOING_AWAY, ServedConnection
from exchanges.simulator.binance.streams.session import StreamSession
from exchanges.simulator.faults import FaultKind, Faults
from exchanges.simulator.front import Channel, Conversation

MESSAGES_PER_SECOND = 10
"""From a client of streams (Binance docs); the WebSocket API counts requests instead."""


class StreamHub:
    """Opens connections, and ends them all when maintenance begins."""

    def __init__(self, engine: BinanceEngine, faults: Faults, clock: Clock) -> None:
        self._engine = engine
        self._faults = faults
        self._clock = clock
        self._open: set[ServedConnection] = set()
        engine.books.stands_still = lambda symbol: faults.holds(
            FaultKind.STALE_BOOK, Venue.BINANCE, symbol
        )
        faults.subscribe(self._faults_changed)

    def streams(self, address: Address) -> Conversation:
        """Serves the streams of ``address``."""

        async def converse(channel: Channel) -> None:
            connection = self.connect(channel, messages_per_second=MESSAGES_PER_SECOND)
            try:
                await StreamSession(self._engine, address, connection).serve()
            finally:
                self.disconnect(connection)

        return converse

    def connect(
        self, channel: Channel, *, messages_per_second: int | None = None
    ) -> ServedConnection:
        """The venue's side of ``channel``, to be given back with :meth:`disconnect`."""
        connection = ServedConnection(
            channel,
            self._clock,
            self._engine.now_ms,
            lambda event: self._faults.take_event(Venue.BINANCE, event),
            messages_per_second=messages_per_second,
        )
        self._open.add(connection)
        return connection

    def disconnect(self, connection: ServedConnection) -> None:
        self._open.discard(connection)

    def _faults_changed(self) -> None:
        for symbol in self._engine.contracts:
            self._engine.books.view(symbol)  # a book that is stopped is stopped as it is now
        if self._faults.holds(FaultKind.MAINTENANCE, Venue.BINANCE):
            for connection in self._open:
                connection.end(GOING_AWAY, "Maintenance")
