"""The one place that knows which adapter serves which venue."""

from __future__ import annotations

from typing import Literal

from exchanges.binance.adapter import BinancePerpetual
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.exchange import Exchange
from exchanges.http_transport import HttpTransport
from exchanges.http_web_socket import HttpConnector
from exchanges.instrument import Venue
from exchanges.transport import Transport
from exchanges.upbit.adapter import UpbitSpot
from exchanges.web_socket import Connector


def create_exchange(
    venue: Venue,
    *,
    adapter: Literal["direct"] = "direct",
    credentials: Credentials | None,
    endpoints: Endpoints,
    clock: Clock,
    transport: Transport | None = None,
    connector: Connector | None = None,
    timeout_s: float = 3.0,
) -> Exchange:
    """One account at ``venue``.

    Args:
        venue: Where.
        adapter: Whose code speaks to the venue; ``direct`` is ours.
        credentials: The account's key; None leaves only market data.
        endpoints: Addresses; not used when a ``transport`` is given.
        clock: Where the time is read.
        transport: The wire, e.g. to a simulated venue in this process; None: HTTP.
        connector: The wire of streams; None: WebSockets to ``endpoints``.
        timeout_s: A venue's time to answer one request, seconds.

    Raises:
        ValueError: ``adapter`` is not known or ``timeout_s`` is not above 0.
    """
    if adapter != "direct":
        raise ValueError(f"adapter: expected direct, got {adapter!r}")
    if not timeout_s > 0:
        raise ValueError(f"timeout_s: expected seconds above 0, got {timeout_s}")
    wire = HttpTransport(endpoints) if transport is None else transport
    match venue:
        case Venue.UPBIT:
            return UpbitSpot(wire, credentials, clock, timeout_s=timeout_s)
        case Venue.BINANCE:
            return BinancePerpetual(
                wire,
                HttpConnector() if connector is None else connector,
                credentials,
                endpoints,
                clock,
                timeout_s=timeout_s,
            )
