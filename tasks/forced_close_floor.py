"""How far spot may be traded after the venue has closed the perpetual leg by force.

Forced closes come when markets are torn: Korean prices then stand far from those abroad for
minutes, and who sells his coin into that (or buys it back) pays for the panic of others. So the
premium at which it is traded is bounded: sold not below ``forced_close_floor_pct``, bought back not
above ``forced_close_ceiling_pct``. Beyond that nothing is traded and the pair is a person's.

A dollar has two prices in Korea, and either can be a single venue's nonsense for some seconds; of
those that are known the one counts that allows less.
"""

from __future__ import annotations

import logging
from decimal import Decimal

from exchanges.side import Side
from tasks.pair import LegName, Pair
from tasks.premium import HUNDRED
from tasks.rates import Rates
from tasks.trading import Trading

log = logging.getLogger(__name__)

NEVER = {Side.SELL: Decimal("Infinity"), Side.BUY: Decimal(0)}
"""Bounds that no price is within."""


class ForcedCloseFloor:
    """Tells the bound as it is at the moment of asking: prices run away meanwhile."""

    def __init__(self, trading: Trading, rates: Rates) -> None:
        self._trading = trading
        self._rates = rates

    def of(self, pair: Pair) -> Decimal | None:
        """The worst spot price, KRW: a floor where spot is sold, a ceiling where it is bought back.
        None when nothing of ``pair`` was closed by force that is not repaired."""
        if not pair.forced:
            return None
        side = pair.side(LegName.SPOT, purpose_is_entry=False)
        perpetual = self._perpetual_price(pair)
        known = (self._rates.krw_per_usdt, self._rates.krw_per_usd)
        rates = [rate for rate in known if rate is not None]
        if perpetual is None or not rates:
            log.error("%s: no price or rate to measure a premium with", pair.pair_id)
            return NEVER[side]
        settings = self._trading.settings
        if side is Side.SELL:
            return spot_price_at(settings.forced_close_floor_pct, perpetual, max(rates))
        return spot_price_at(settings.forced_close_ceiling_pct, perpetual, min(rates))

    def _perpetual_price(self, pair: Pair) -> Decimal | None:
        """The touch that closing the leg would meet; while there is no fresh book, what the venue
        closed it at."""
        trading = self._trading
        book = trading.venues[LegName.PERPETUAL].books.get(pair.symbol)
        oldest = trading.clock.monotonic() - trading.settings.max_book_age_ms / 1000
        if book is not None and book.received >= oldest and not book.is_crossed:
            side = pair.side(LegName.PERPETUAL, purpose_is_entry=False)
            touch = book.best_ask if side is Side.BUY else book.best_bid
            if touch is not None:
                return touch.price
        forced = [
            adoption.price
            for adoption in trading.pairs.adoptions()
            if adoption.pair_id == pair.pair_id
            and adoption.kind.is_forced
            and adoption.price is not None
        ]
        return forced[-1] if forced else None


def spot_price_at(premium_pct: Decimal, perpetual: Decimal, krw_per_dollar: Decimal) -> Decimal:
    """The spot price, KRW, that stands ``premium_pct`` above the perpetual's (negative: below)."""
    return perpetual * krw_per_dollar * (1 + premium_pct / HUNDRED)
