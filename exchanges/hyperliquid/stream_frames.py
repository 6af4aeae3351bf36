"""What all of Hyperliquid's streams share: subscribing, frames, and the pings that keep a quiet
connection open.

Hyperliquid docs, "WebSocket": one address for everything, ``{"channel", "data"}`` in every
message; the venue closes a connection that it has had nothing to send on for a minute, which a
ping of the application's own (not of the protocol's) prevents.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress

import orjson

from exchanges.errors import BadReply
from exchanges.instrument import Venue
from exchanges.reply import Fields, document, fields, quoted
from exchanges.web_socket import Connection, Frame, WebSocketError

PATH = "/ws"
PING_S = 1.0
"""Often, so that a dead connection is found soon and lost events are looked for: the venue takes
2,000 messages a minute from one IP address (Hyperliquid docs, "Rate limits and user limits")."""
SILENCE_S = 5.0
"""A connection that answers so many pings with nothing is dead."""
ACKNOWLEDGED = "subscriptionResponse"

_VENUE = Venue.HYPERLIQUID
_PING = '{"method":"ping"}'
_GREETING = "Websocket connection established."


async def subscribe(connection: Connection, subscription: Mapping[str, object]) -> None:
    """Raises Disconnected."""
    wish = {"method": "subscribe", "subscription": subscription}
    await connection.send(orjson.dumps(wish).decode())


def message_of(frame: Frame) -> Fields | None:
    """The message in a frame; None for the greeting.

    Raises BadReply, also for the venue's word that something was wrong with what we sent.
    """
    if frame == _GREETING:
        return None
    text = frame.encode("utf-8", "replace") if isinstance(frame, str) else frame
    row = fields(_VENUE, "message", document(_VENUE, "message", text))
    if row.text("channel") == "error":
        said = row.values.get("data")
        words = quoted(said) if isinstance(said, str) else ""
        raise BadReply(_VENUE, f"the stream answered with an error ({words})")
    return row


@asynccontextmanager
async def pinging(connection: Connection) -> AsyncGenerator[None, None]:
    """Ping now and then while the block runs."""
    task = asyncio.create_task(_ping(connection))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _ping(connection: Connection) -> None:
    with suppress(WebSocketError):  # whoever receives hears of it too
        while True:
            await asyncio.sleep(PING_S)
            await connection.send(_PING)
