"""The market that a signed call is about."""

from __future__ import annotations

from exchanges.instrument import Venue
from exchanges.simulator.market import Listing, UnknownMarket
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.fields import Fields
from exchanges.simulator.upbit.refusal import validation_error


def asked_listing(engine: UpbitEngine, fields: Fields) -> Listing:
    """That of the parameter ``market``. Raises Refusal."""
    name = fields.one("market")
    if name is None:
        raise validation_error("market is missing")
    return known_listing(engine, name)


def known_listing(engine: UpbitEngine, name: str) -> Listing:
    """Raises Refusal."""
    try:
        return engine.market.listing(Venue.UPBIT, name)
    except UnknownMarket:
        raise validation_error("market does not have a valid value") from None
