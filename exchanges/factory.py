"""The one place that knows which adapter serves which venue."""

from __future__ import annotations

from pathlib import Path

from exchanges.adapter_names import AdapterName, OrderEntry
from exchanges.binance.adapter import BinancePerpetual
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.exchange import Exchange
from exchanges.http_transport import HttpTransport
from exchanges.http_web_socket import HttpConnector
from exchanges.hyperliquid.adapter import HyperliquidPerpetual
from exchanges.instrument import Venue
from exchanges.transport import Transport
from exchanges.upbit.adapter import UpbitSpot
from exchanges.web_socket import Connector


def create_exchange(
    venue: Venue,
    *,
    adapter: AdapterName = "direct",
    credentials: Credentials | None,
    endpoints: Endpoints,
    clock: Clock,
    transport: Transport | None = None,
    connector: Connector | None = None,
    order_entry: OrderEntry = "rest",
    timeout_s: float = 3.0,
    limits_file: Path | None = None,
) -> Exchange:
    """One account at ``venue``.

    Args:
        venue: Where.
        adapter: Whose code speaks to the venue; ``direct`` is ours, ``ccxt`` the library's.
        credentials: The account's key; None leaves only market data.
        endpoints: Addresses; not used for what a ``transport`` or ``connector`` is given for.
        clock: Where the time is read.
        transport: The wire, e.g. to a simulated venue in this process; None: HTTP.
        connector: The same for streams; None: WebSockets over TCP.
        order_entry: What orders travel over at Binance; ``websocket`` falls back to ``rest``.
        timeout_s: A venue's time to answer one request, seconds.
        limits_file: Where the use of the rate limits is counted, shared with every process that
            names the same file; ``clock`` must then be the machine's. None: in this process alone.

    Raises:
        ValueError: an argument is not one of those, or a secret is not of the venue's kind.
        AuthenticationFailed: order entry by WebSocket without a key.
        OSError: ``limits_file`` cannot be used.
    """
    if adapter not in ("direct", "ccxt"):
        raise ValueError(f"adapter: expected direct or ccxt, got {adapter!r}")
    if not timeout_s > 0:
        raise ValueError(f"timeout_s: expected seconds above 0, got {timeout_s}")
    if order_entry != "rest" and venue is not Venue.BINANCE:
        raise ValueError(f"order_entry: expected rest, {venue} takes orders no other way")
    if adapter == "ccxt":
        if transport is not None or connector is not None:
            raise ValueError("transport, connector: expected none, ccxt makes its own connections")
        if order_entry != "rest":
            raise ValueError("order_entry: expected rest, orders through ccxt go no other way")
        # The library takes seconds to import.
        from exchanges.ccxt_adapter.make import make_ccxt_exchange

        return make_ccxt_exchange(
            venue, credentials, endpoints, clock, timeout_s=timeout_s, limits_file=limits_file
        )
    wire = HttpTransport(endpoints) if transport is None else transport
    sockets = HttpConnector() if connector is None else connector
    match venue:
        case Venue.UPBIT:
            return UpbitSpot(
                wire,
                sockets,
                credentials,
                endpoints,
                clock,
                timeout_s=timeout_s,
                limits_file=limits_file,
            )
        case Venue.BINANCE:
            return BinancePerpetual(
                wire,
                sockets,
                credentials,
                endpoints,
                clock,
                timeout_s=timeout_s,
                order_entry=order_entry,
                limits_file=limits_file,
            )
        case Venue.HYPERLIQUID:
            return HyperliquidPerpetual(
                wire,
                sockets,
                credentials,
                endpoints,
                clock,
                timeout_s=timeout_s,
                limits_file=limits_file,
            )
