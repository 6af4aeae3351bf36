"""Holdings of a venue against the books: coin first, and cash where the coin agrees.

Every trade moves coin and cash together, so cash is compared where no coin differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from exchanges.instrument import InstrumentKind
from exchanges.side import Side
from tasks.leg_venue import LegVenue
from tasks.pair import LegName
from tasks.reconciling import differences
from tasks.reconciling.account_books import AccountBooks, Asset
from tasks.reconciling.holdings import Holdings
from tasks.reconciling.look import Look
from tasks.reconciling.pairs_coin import coin_of_pairs
from tasks.trading import Trading

ZERO = Decimal(0)
CASH_TOLERANCE = {"KRW": Decimal(1)}
"""What rounding may make of cash between two agreements; other currencies are dollars."""
DOLLAR_TOLERANCE = Decimal("0.01")


class Comparison:
    """Compares; changes nothing. Nobody trades meanwhile."""

    def __init__(self, trading: Trading, books: AccountBooks) -> None:
        self._trading = trading
        self._books = books

    def compare(self, venue: LegVenue, holdings: Holdings, look: Look) -> None:
        """Add to ``look`` what ``venue`` shows."""
        open_before, settled = len(look.open), True
        for symbol, found in holdings.coins.items():
            undecided = self._undecided(venue.leg, symbol)
            settled = settled and undecided is None
            self._compare_coin(venue, symbol, found, undecided, look)
        look.is_settled = look.is_settled and settled
        if settled and len(look.open) == open_before:
            self._compare_cash(venue, holdings, look)

    def _compare_coin(
        self,
        venue: LegVenue,
        symbol: str,
        found: Decimal,
        undecided: tuple[Decimal, Decimal] | None,
        look: Look,
    ) -> None:
        books, tolerance = self._books, self._trading.settings.position_tolerance
        is_spot = venue.exchange.kind is InstrumentKind.SPOT
        expected = books.expected(venue.venue, symbol)
        begun = books.has_begun(venue.venue, symbol)
        if is_spot and not begun:
            # Other coin on a spot account was there before the books; too little was not.
            pairs = self._trading.pairs.open_pairs(symbol)
            expected = max(found, coin_of_pairs(pairs, venue.leg))
        difference = found - expected
        if abs(difference) < tolerance:
            if not begun:
                opening = found - books.booked(venue.venue, symbol) if is_spot else ZERO
                look.openings[venue.venue, symbol] = opening
            return
        explained = None
        if _covers(undecided, difference, tolerance):
            explained = "an order is undecided: the venue is asked what it traded"
        kind = differences.BALANCE if is_spot else differences.POSITION
        look.add(differences.amounts(kind, venue.venue, symbol, expected, found, explained))

    def movable(
        self, venue: LegVenue, holdings: Holdings
    ) -> Iterator[tuple[str, Decimal, Decimal]]:
        """What differs and may have been moved: its currency, the difference, and what is none.
        Positions cannot be moved."""
        tolerance = self._trading.settings.position_tolerance
        is_spot = venue.exchange.kind is InstrumentKind.SPOT
        for symbol, found in holdings.coins.items() if is_spot else ():
            difference = found - self._books.expected(venue.venue, symbol)
            undecided = self._undecided(venue.leg, symbol)
            if (
                self._books.has_begun(venue.venue, symbol)
                and abs(difference) >= tolerance
                and not _covers(undecided, difference, tolerance)
            ):
                yield symbol, difference, tolerance
        left_over, (_, quote) = self.left_over(venue, holdings), self._cash(venue)
        if left_over is not None:
            yield quote, left_over, _cash_tolerance(quote)

    def left_over(self, venue: LegVenue, holdings: Holdings) -> Decimal | None:
        """Cash beyond what is expected, signed; None: no more than rounding makes."""
        asset = self._cash(venue)
        amount = holdings.cash - self._books.expected(*asset)
        is_small = abs(amount) <= _cash_tolerance(asset[1])
        return None if is_small or not self._books.has_begun(*asset) else amount

    def _cash(self, venue: LegVenue) -> Asset:
        return venue.venue, venue.exchange.instrument(self._trading.settings.symbols[0]).quote

    def _compare_cash(self, venue: LegVenue, holdings: Holdings, look: Look) -> None:
        asset, left_over = self._cash(venue), self.left_over(venue, holdings)
        if left_over is not None:
            look.left_over[asset] = left_over
        else:
            look.openings[asset] = holdings.cash - self._books.booked(*asset)

    def _undecided(self, leg: LegName, symbol: str) -> tuple[Decimal, Decimal] | None:
        """How far orders whose end is not known may have moved the coin: least and most, signed;
        None: there is none."""
        pairs = self._trading.pairs
        orders = [
            order.order
            for pair in pairs.open_pairs(symbol)
            for order in pairs.undecided(pair.pair_id)
            if order.leg is leg
        ]
        if not orders:
            return None
        bought = sum((one.quantity for one in orders if one.side is Side.BUY), ZERO)
        sold = sum((one.quantity for one in orders if one.side is Side.SELL), ZERO)
        return -sold, bought


def _covers(
    undecided: tuple[Decimal, Decimal] | None, difference: Decimal, tolerance: Decimal
) -> bool:
    """May undecided orders have made the difference?"""
    return undecided is not None and (
        undecided[0] - tolerance < difference < undecided[1] + tolerance
    )


def _cash_tolerance(currency: str) -> Decimal:
    return CASH_TOLERANCE.get(currency, DOLLAR_TOLERANCE)
