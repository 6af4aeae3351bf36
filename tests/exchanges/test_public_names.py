from __future__ import annotations

import exchanges


def test_public_names_are_these() -> None:
    """A name that disappears breaks somebody: take it off this list on purpose only."""
    assert sorted(exchanges.__all__) == [
        "AuthenticationFailed",
        "BadReply",
        "Balance",
        "Book",
        "Clock",
        "Credentials",
        "Endpoints",
        "Exchange",
        "ExchangeError",
        "Executable",
        "Fill",
        "ForcedClose",
        "FundingPayment",
        "Instrument",
        "InstrumentKind",
        "Level",
        "MarketState",
        "Order",
        "OrderDenied",
        "OrderNotFound",
        "OrderRejected",
        "OrderReport",
        "OrderStatus",
        "OrderType",
        "OutcomeUnknown",
        "Position",
        "RateLimited",
        "Rules",
        "Side",
        "SystemClock",
        "TickBand",
        "TimeInForce",
        "Transfer",
        "TransferKind",
        "Venue",
        "VenueUnavailable",
    ]
    assert all(hasattr(exchanges, name) for name in exchanges.__all__)
