"""Which venue trades which leg, and the adapter that it is reached by."""

from __future__ import annotations

from collections.abc import Mapping

from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from exchanges.transport import Transport
from exchanges.venue_addresses import endpoints_of
from exchanges.web_socket import Connector
from tasks.errors import SettingsRefused
from tasks.pair import LegName
from tasks.settings import Settings

Wire = tuple[Transport, Connector]


def leg_venues(settings: Settings) -> Mapping[LegName, Venue]:
    """Spot is traded at Upbit, the perpetual where the settings say."""
    return {LegName.SPOT: Venue.UPBIT, LegName.PERPETUAL: settings.perpetual_venue}


def connect(
    settings: Settings,
    credentials: Mapping[Venue, Credentials],
    clock: Clock,
    wires: Mapping[Venue, Wire] | None = None,
) -> dict[LegName, Exchange]:
    """An adapter for each leg.

    ``wires`` lead to venues in this process, whose limits nobody else draws on; None: HTTP and
    WebSockets, within limits that every process of this KIMP_HOME shares.

    Raises SettingsRefused when the shared limits cannot be written down.
    """
    return {
        leg: _connect(settings, venue, credentials[venue], clock, wires)
        for leg, venue in leg_venues(settings).items()
    }


def _connect(
    settings: Settings,
    venue: Venue,
    credentials: Credentials,
    clock: Clock,
    wires: Mapping[Venue, Wire] | None,
) -> Exchange:
    transport, connector = (None, None) if wires is None else wires[venue]
    try:
        return create_exchange(
            venue,
            adapter=getattr(settings, f"{venue}_adapter"),
            credentials=credentials,
            endpoints=endpoints_of(venue, getattr(settings, f"{venue}_url")),
            clock=clock,
            transport=transport,
            connector=connector,
            order_entry=settings.binance_order_entry if venue is Venue.BINANCE else "rest",
            timeout_s=settings.request_timeout_ms / 1000,
            limits_file=settings.limits_dir / venue if wires is None else None,
        )
    except OSError as error:
        raise SettingsRefused(
            f"KIMP_HOME: expected a folder that can be written, because the rate limits of {venue} "
            f"are counted in {settings.limits_dir.absolute()}: {error.strerror}"
        ) from None
