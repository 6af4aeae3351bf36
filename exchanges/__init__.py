"""Venues behind one protocol, and what the desk says to them.

Adapters are made by :func:`exchanges.factory.create_exchange`.
"""

from exchanges.account import Balance, Position
from exchanges.book import Book, Executable, Level
from exchanges.clock import Clock, SystemClock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    ExchangeError,
    OrderDenied,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.exchange import Exchange
from exchanges.fill import Fill
from exchanges.forced_close import ForcedClose
from exchanges.funding import FundingPayment
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport, OrderStatus, OrderType, TimeInForce
from exchanges.rules import Rules, TickBand
from exchanges.side import Side
from exchanges.transfer import Transfer, TransferKind

__all__ = [
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
