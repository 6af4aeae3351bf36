"""One WebSocket to Upbit: what is asked over it, what keeps it open, and its messages."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Mapping

import orjson

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.rate_budget import RateBudget
from exchanges.reply import Fields, fields
from exchanges.upbit import limits, outcomes
from exchanges.upbit.stream_parsing import message_of
from exchanges.venue_client import wait_for_room
from exchanges.web_socket import Connection, Frame

PING_S = 10.0
"""Upbit docs, "WebSocket guide": idle connections are closed after 120 s; the text ``PING`` is
answered ``{"status":"UP"}``, which also shows that the venue behind the connection is alive."""
SILENCE_S = 30.0
"""A connection that left three pings unanswered is dead."""
TICK_S = 1.0

_LONGEST_WAIT_S = 60.0
"""The longer window of the limits on messages."""
_ONE_MESSAGE = {limits.WEBSOCKET_MESSAGE: 1, limits.WEBSOCKET_MESSAGE_1M: 1}


class UpbitSocket:
    """An open connection. Everything raises WebSocketError when it breaks."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._budget = RateBudget(limits.CONNECTION_POOLS, clock)
        self._pinged_at = clock.monotonic()

    async def subscribe(self, what: Mapping[str, object]) -> None:
        """Ask for data; takes the place of what was asked for before."""
        await self._ask(what, {"format": "DEFAULT"})

    async def ask_subscriptions(self) -> None:
        """Have the venue list what it has understood; it answers after what came before."""
        await self._ask({"method": "LIST_SUBSCRIPTIONS"}, {"format": "DEFAULT"})

    async def messages(self) -> AsyncGenerator[Fields | None, None]:
        """Each message but the answers to pings, and None after each second without one, so that
        the reader can do its chores.

        Raises BadReply for a frame that is no message, AuthenticationFailed or VenueUnavailable
        for an error of the venue.
        """
        receiving: asyncio.Task[Frame] | None = None
        try:
            while True:
                await self._ping_when_due()
                if receiving is None:
                    receiving = asyncio.create_task(self._connection.receive())
                await asyncio.wait([receiving], timeout=TICK_S)
                if not receiving.done():
                    yield None
                    continue
                frame, receiving = receiving.result(), None
                message = message_of(frame)
                _refuse_error(message)
                if "status" not in message.values:
                    yield message
        finally:
            if receiving is not None:
                receiving.cancel()
                await asyncio.gather(receiving, return_exceptions=True)

    async def _ping_when_due(self) -> None:
        if self._clock.monotonic() - self._pinged_at >= PING_S:
            self._pinged_at = self._clock.monotonic()
            await self._send("PING")

    async def _ask(self, *parts: Mapping[str, object]) -> None:
        await self._send(orjson.dumps([{"ticket": str(uuid.uuid4())}, *parts]).decode())

    async def _send(self, frame: str) -> None:
        await wait_for_room(
            Venue.UPBIT, self._budget, _ONE_MESSAGE, longest_s=_LONGEST_WAIT_S, urgent=False
        )
        self._budget.take(_ONE_MESSAGE, urgent=False).use()
        await self._connection.send(frame)


def _refuse_error(message: Fields) -> None:
    """Raise what an error frame (``{"error": {"name", "message"}}``) means."""
    if message.has("error"):
        error = fields(message.venue, "stream.error", message.values["error"])
        raise outcomes.stream_error(
            error.text("name"), error.optional_text("message") or "without a word"
        )
