"""Frames of Binance's streams, and how long a connection is good."""

from __future__ import annotations

import asyncio

from exchanges.errors import BadReply
from exchanges.instrument import Venue
from exchanges.reply import Fields, document, fields
from exchanges.web_socket import Connection, Frame

LIFE_S = 23.5 * 3_600
"""The venue ends a connection after 24 h (Binance docs, USDⓈ-M futures, "Connect"); we go first,
at a moment of our own."""


def event_of(frame: Frame) -> Fields:
    """The event in a frame, with the wrapper of a combined stream or without.

    Raises BadReply, also for the venue's word that something was wrong with a stream.
    """
    text = frame.encode() if isinstance(frame, str) else frame
    row = fields(Venue.BINANCE, "frame", document(Venue.BINANCE, "frame", text))
    if row.has("error"):
        raise BadReply(Venue.BINANCE, "the stream answered with an error")
    return row.child("data") if row.has("data") else row


async def next_frame(connection: Connection, wait_s: float) -> Frame | None:
    """The next frame; None when there is none for ``wait_s`` seconds. Raises Disconnected."""
    try:
        async with asyncio.timeout(wait_s):
            return await connection.receive()
    except TimeoutError:
        return None
