"""Where the real venues are, by their REST address.

A venue that is not at its own address is a simulator, or a proxy in front of
it: there streams and WebSocket order entry are on the REST address too.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from exchanges.endpoints import Endpoints
from exchanges.instrument import Venue

REAL: Mapping[Venue, Endpoints] = {
    Venue.UPBIT: Endpoints("https://api.upbit.com", stream="wss://api.upbit.com"),
    Venue.BINANCE: Endpoints(
        "https://fapi.binance.com",
        stream="wss://fstream.binance.com",
        order_entry="wss://ws-fapi.binance.com",
    ),
    Venue.HYPERLIQUID: Endpoints("https://api.hyperliquid.xyz", stream="wss://api.hyperliquid.xyz"),
}
"""Upbit docs, WebSocket guide; Binance docs, USDⓈ-M general info and WebSocket API; Hyperliquid
docs, API."""


def endpoints_of(venue: Venue, rest: str) -> Endpoints:
    """All addresses that go with the REST address ``rest``. Raises ValueError."""
    real = REAL[venue]
    if urlsplit(rest).hostname == urlsplit(real.rest).hostname:
        return Endpoints(rest, stream=real.stream, order_entry=real.order_entry)
    return Endpoints(rest)
