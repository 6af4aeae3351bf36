"""Hyperliquid's answers about market and account as our types.

Amounts are strings, ids and times whole numbers. Shapes: Hyperliquid docs, "Info endpoint", and
the recorded replies in its Python SDK. Everything here raises BadReply and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from exchanges.account import Balance, Position
from exchanges.book import Book, Level
from exchanges.errors import BadReply
from exchanges.funding import FundingPayment
from exchanges.hyperliquid.numbers import MAX_DECIMALS, price_bands, size_step
from exchanges.instrument import Venue
from exchanges.reply import Fields, document, fields, objects, sorted_book
from exchanges.rules import Rules

QUOTE = "USDC"
MIN_NOTIONAL = Decimal(10)
"""Hyperliquid docs, "Error responses": orders under $10 are refused. No answer states it."""

_VENUE = Venue.HYPERLIQUID


@dataclass(frozen=True, slots=True)
class Market:
    """A perpetual. ``asset`` is its place in the universe, by which actions name it; a market that
    is taken off keeps its place."""

    asset: int
    size_decimals: int
    is_trading: bool


def parse_market(meta: bytes, native: str) -> Market:
    return market_of(_object("meta", meta), native)


def market_of(meta: Fields, native: str) -> Market:
    for asset, row in enumerate(meta.children("universe")):
        if row.text("name") != native:
            continue
        size_decimals = row.integer("szDecimals")
        if not 0 <= size_decimals <= MAX_DECIMALS:
            raise row.bad("szDecimals", f"a number from 0 to {MAX_DECIMALS}")
        return Market(asset, size_decimals, row.values.get("isDelisted") is not True)
    raise BadReply(_VENUE, f"meta.universe: expected {native} among it")


def parse_rules(market: Market, user_fees: bytes, symbol: str) -> Rules:
    """``user_fees``: the account's own rates, discounts included."""
    fees = _object("userFees", user_fees)
    step = size_step(market.size_decimals)
    return Rules(
        symbol=symbol,
        tick_bands=price_bands(market.size_decimals),
        quantity_step=step,
        min_quantity=step,
        max_market_quantity=None,
        min_notional=MIN_NOTIONAL,
        maker_fee=fees.decimal("userAddRate"),
        taker_fee=fees.decimal("userCrossRate"),
        is_trading=market.is_trading,
    )


def parse_address_use(user_rate_limit: bytes) -> tuple[int, int]:
    """Actions used and allowed since the address exists."""
    row = _object("userRateLimit", user_rate_limit)
    return row.integer("nRequestsUsed"), row.integer("nRequestsCap")


def parse_time(clearinghouse_state: bytes) -> datetime:
    """When the venue answered."""
    return _object("clearinghouseState", clearinghouse_state).milliseconds("time")


def parse_balances(clearinghouse_state: bytes) -> tuple[Balance, ...]:
    """The account's USDC.

    ``total`` is what was paid in and earned, funding and fees included, open profit not:
    ``accountValue`` less the unrealised profits. ``available`` is ``withdrawable``, at most the
    total; the rest serves as margin, for positions and for resting orders.
    """
    row = _object("clearinghouseState", clearinghouse_state)
    open_profit = sum(
        (position.decimal("unrealizedPnl") for position in _positions(row)), Decimal(0)
    )
    # An account whose margin is one with its spot balances was seen without marginSummary.
    name = "marginSummary" if row.has("marginSummary") else "crossMarginSummary"
    total = row.child(name).decimal("accountValue") - open_profit
    return (Balance(QUOTE, total, min(row.decimal("withdrawable"), total)),)


def parse_position(clearinghouse_state: bytes, symbol: str, native: str) -> Position:
    """The position; an absent row means flat. The mark price is not stated: it is the position's
    value for one coin."""
    for row in _positions(_object("clearinghouseState", clearinghouse_state)):
        quantity = row.decimal("szi")
        if row.text("coin") == native and quantity:
            return Position(
                symbol,
                quantity,
                row.optional_price("entryPx"),
                row.not_negative("positionValue") / abs(quantity) or None,
                row.decimal("liquidationPx") if row.has("liquidationPx") else None,
                row.decimal("unrealizedPnl"),
                isolated_margin(row),
            )
    return Position(symbol, Decimal(0), None, None, None, Decimal(0))


def isolated_margin(position: Fields) -> Decimal | None:
    """What stands behind an isolated position alone, its open profit included."""
    leverage = position.values.get("leverage")
    is_isolated = isinstance(leverage, dict) and leverage.get("type") == "isolated"
    return position.decimal("marginUsed") if is_isolated else None


def parse_book(body: bytes, symbol: str, native: str, received: float) -> Book:
    return book_of(_object("l2Book", body), symbol, native, received)


def book_of(row: Fields, symbol: str, native: str, received: float) -> Book:
    """A whole book, at most 20 levels a side, from REST or a stream."""
    if row.text("coin") != native:
        raise row.bad("coin", native)
    sides = row.items("levels")
    if len(sides) != 2:
        raise row.bad("levels", "two sides")
    bids, asks = (_levels(side) for side in sides)
    return sorted_book(_VENUE, Book(symbol, bids, asks, row.milliseconds("time"), received))


def parse_funding(body: bytes, symbol: str, native: str) -> tuple[FundingPayment, ...]:
    """Hourly settlements. Their hash is not always a hash (zeros were seen), so the venue's time
    names them: a market settles once at a time."""
    payments = []
    for row in rows("userFunding", body):
        delta = row.child("delta")
        if delta.text("type") != "funding" or delta.text("coin") != native:
            continue
        name = f"{native}-{row.integer('time')}"
        payments.append(
            FundingPayment(name, symbol, delta.decimal("usdc"), QUOTE, row.milliseconds("time"))
        )
    return tuple(payments)


def parse_times(what: str, body: bytes) -> tuple[datetime, ...]:
    """When each row of a history was, in the venue's order."""
    return tuple(row.milliseconds("time") for row in rows(what, body))


def rows(what: str, body: bytes) -> Sequence[Fields]:
    """A list of objects."""
    return objects(_VENUE, what, document(_VENUE, what, body))


def _object(what: str, body: bytes) -> Fields:
    return fields(_VENUE, what, document(_VENUE, what, body))


def _positions(row: Fields) -> Sequence[Fields]:
    return [item.child("position") for item in row.children("assetPositions")]


def _levels(side: object) -> tuple[Level, ...]:
    told = objects(_VENUE, "l2Book.levels", side)
    levels = (Level(row.positive("px"), row.not_negative("sz")) for row in told)
    return tuple(level for level in levels if level.quantity)
