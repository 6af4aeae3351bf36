"""What the account's coin says about an order that a venue claims not to know.

An order that has executed has moved coin, whatever the venue's lists of orders and trades say at
that moment. So it is noted, before an order is sent, how much of the account's coin belongs to no
pair; later the account must hold that and what the pairs hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from exchanges.clock import Clock
from exchanges.instrument import InstrumentKind, Venue
from exchanges.side import Side
from tasks.leg_venue import LegVenue
from tasks.pair import ZERO, LegName, Pair
from tasks.reconciling.pairs_coin import coin_of_pairs
from tasks.settled_order import Baseline, LegOrder, SettledOrder

Outside = Callable[[Venue, str, datetime | None], Decimal]
"""As :meth:`tasks.pair_book.PairBook.outside`."""


class CoinEvidence:
    """Of both legs' accounts."""

    def __init__(
        self,
        venues: Mapping[LegName, LegVenue],
        open_pairs: Callable[[str], list[Pair]],
        outside: Outside,
        clock: Clock,
    ) -> None:
        self._venues = venues
        self._open_pairs = open_pairs
        self._outside = outside
        self._clock = clock
        self._traded_at: dict[tuple[LegName, str], float] = {}

    def settled(self, order: SettledOrder) -> None:
        """An order has ended, or may be executing still: balances asked for before are old."""
        leg_order = order.leg_order
        self._traded_at[leg_order.leg, leg_order.order.symbol] = self._clock.monotonic()

    def baseline(self, leg_order: LegOrder) -> Baseline:
        """How things stand right before ``leg_order`` is sent, without asking the venue."""
        return Baseline(self._clock.now(), self._beside(leg_order.leg, leg_order.order.symbol))

    def shows(self, leg_order: LegOrder, held: Decimal, tolerance: Decimal) -> Decimal | None:
        """How much of ``leg_order`` an account that now holds ``held`` (signed coin) has executed,
        as far as coin can tell; None when nothing says that it has.

        A difference that the order cannot have made (the wrong way, or more than its quantity) says
        nothing about it: it is the reconciliation's. Below ``tolerance`` there is none.
        """
        order, beside = leg_order.order, self._beside_now(leg_order)
        if beside is None:
            return None
        change = held - coin_of_pairs(self._open_pairs(order.symbol), leg_order.leg) - beside
        executed = change if order.side is Side.BUY else -change
        least = min(tolerance, order.quantity)
        return executed if least <= executed < order.quantity + tolerance else None

    def _beside_now(self, leg_order: LegOrder) -> Decimal | None:
        """Coin of the account that is no pair's, if ``leg_order`` has executed nothing. Of a
        perpetual account the books know it all; of a spot account they know what has been adopted
        since the baseline."""
        venue, symbol = self._venues[leg_order.leg], leg_order.order.symbol
        if venue.exchange.kind is InstrumentKind.PERPETUAL:
            return self._outside(venue.venue, symbol, None)
        baseline = leg_order.baseline
        if baseline is None or baseline.beside is None:
            return None
        return baseline.beside + self._outside(venue.venue, symbol, baseline.at)

    def _beside(self, leg: LegName, symbol: str) -> Decimal | None:
        """Coin of the account that is no pair's. A perpetual position is all the desk's, but for
        what was adopted; of a spot account it is what the last balances say, if they are younger
        than the last trade."""
        venue = self._venues[leg]
        if venue.exchange.kind is InstrumentKind.PERPETUAL:
            return self._outside(venue.venue, symbol, None)
        traded_at = self._traded_at.get((leg, symbol))
        asked_at = venue.balances_asked_at
        if asked_at is None or (traded_at is not None and asked_at <= traded_at):
            return None
        balance = venue.balances.get(symbol)
        total = ZERO if balance is None else balance.total
        return total - coin_of_pairs(self._open_pairs(symbol), leg)
