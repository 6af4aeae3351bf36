"""What a venue shows that the account holds, in terms that only trades and transfers change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from exchanges.account import Position
from exchanges.instrument import InstrumentKind
from tasks.leg_venue import LegVenue
from tasks.reconciling.asking import Asking

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Holdings:
    """Of one venue at one moment."""

    coins: Mapping[str, Decimal]
    """By symbol: coin on a spot account, the signed position of a perpetual one."""
    cash: Decimal
    """Of the quote currency, *at cost*: the wallet and what the open positions were bought for.

    A venue books what a perpetual was bought for only when it is closed, as profit or loss. Less
    the cost of what is open, the wallet changes with each trade by -side x price x quantity - fee,
    like a spot account's, and by nothing that prices do.
    """


async def read_holdings(asking: Asking, venue: LegVenue, symbols: Sequence[str]) -> Holdings:
    """Raises ExchangeError. What is traded between the questions shows as a difference that the
    next reading does not have."""
    exchange = venue.exchange
    quote = exchange.instrument(symbols[0]).quote
    if exchange.kind is InstrumentKind.SPOT:
        totals = {item.currency: item.total for item in await asking.ask(venue, exchange.balances)}
        return Holdings(
            {symbol: totals.get(symbol, ZERO) for symbol in symbols}, totals.get(quote, ZERO)
        )
    positions = {
        symbol: await asking.ask(venue, partial(exchange.position, symbol)) for symbol in symbols
    }
    totals = {item.currency: item.total for item in await asking.ask(venue, exchange.balances)}
    cost = sum((_cost(position) for position in positions.values()), ZERO)
    coins = {symbol: position.quantity for symbol, position in positions.items()}
    return Holdings(coins, totals.get(quote, ZERO) - cost)


def _cost(position: Position) -> Decimal:
    """Signed: what the position was bought for. Value less profit, as of one answer, and not the
    entry price, which venues round."""
    if not position.quantity:
        return ZERO
    if position.mark_price is None:
        return position.quantity * (position.entry_price or ZERO)
    return position.quantity * position.mark_price - position.unrealized_pnl
