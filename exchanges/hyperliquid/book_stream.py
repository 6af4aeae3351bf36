"""Books as they change.

Hyperliquid docs, "WebSocket, subscriptions": every ``l2Book`` message is a whole book of up to 20
levels a side, so there is no chain to break, and the first message after a gap closes it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.hyperliquid.parsing import book_of
from exchanges.hyperliquid.stream_frames import message_of, pinging, subscribe
from exchanges.instrument import Instrument
from exchanges.web_socket import Connection, Disconnected

STUCK_S = 10.0
"""Books are sent every half second even when they stand still. A market that is left out for so
long, on a connection that lives, is subscribed to anew."""


class BookStream:
    """The books of some markets."""

    def __init__(self, instruments: Sequence[Instrument], clock: Clock) -> None:
        self._instruments = {instrument.native: instrument for instrument in instruments}
        self._clock = clock

    async def serve(self, connection: Connection) -> AsyncGenerator[Book, None]:
        """The books of one connection. Raises Disconnected or BadReply."""
        for native in self._instruments:
            await subscribe(connection, {"type": "l2Book", "coin": native})
        heard_at = dict.fromkeys(self._instruments, self._clock.monotonic())
        async with pinging(connection):
            while True:
                message = message_of(await connection.receive())
                received = self._clock.monotonic()
                if message is not None and message.text("channel") == "l2Book":
                    row = message.child("data")
                    instrument = self._instruments.get(row.text("coin"))
                    if instrument is not None:
                        heard_at[instrument.native] = received
                        yield book_of(row, instrument.symbol, instrument.native, received)
                for native, at in heard_at.items():
                    if received - at > STUCK_S:
                        raise Disconnected(reason=f"no book of {native} for {STUCK_S:g} s")
