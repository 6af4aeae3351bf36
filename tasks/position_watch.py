"""The perpetual position against the books, every few seconds: did somebody close a leg?

A venue that closes a position by force says so on the orders' stream, which is acted on at once; a
stream can be down just then, so the position itself is read as well. A difference counts when it is
still there a moment later and while nobody trades the coin. What trades explain it is taken over
into the pairs, and these are repaired here and now. What no trade explains is for the
reconciliation, which blocks entries and calls a person.

Where a pair is open its questions may use the reserve of the rate limits: a busy minute must not
keep a lost leg unseen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal

from exchanges.errors import ExchangeError
from exchanges.order import OrderReport
from tasks.late_fills import LateFills
from tasks.leg_venue import LegVenue
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tasks.reconciling.account_books import AccountBooks
from tasks.reconciling.unknown_trades import UnknownTrades, UnknownTradesFound
from tasks.recovery import Recovery
from tasks.trading import Trading
from tasks.unforeseen import Unforeseen

log = logging.getLogger(__name__)

CHECK_S = 3.5
"""Between two readings; with the moment after it a difference is acted on within 5 s."""
CONFIRM_S = 0.5
"""After so long a difference is looked at again: an own order may just have traded."""
LISTED_S = 0.25
"""Between two looks for the trades of a forced close that the stream has told of."""
LOOKS = 8


class PositionWatch:
    """Runs one task per coin until cancelled."""

    def __init__(
        self,
        trading: Trading,
        books: AccountBooks,
        unknown: UnknownTrades,
        late_fills: LateFills,
        recovery: Recovery,
        lock: Callable[[str], asyncio.Lock],
        reconcile: Callable[[], Awaitable[object]],
        unforeseen: Unforeseen,
    ) -> None:
        """``lock``: of a symbol, held by whoever trades it. ``reconcile``: compares everything, and
        says what cannot be explained."""
        self._trading = trading
        self._books = books
        self._unknown = unknown
        self._late_fills = late_fills
        self._recovery = recovery
        self._lock = lock
        self._reconcile = reconcile
        self._unforeseen = unforeseen
        self._told = {symbol: asyncio.Event() for symbol in trading.settings.symbols}
        self._closes: dict[str, OrderReport] = {}
        """Forced closes that the stream has told of and that are not in the books, by order."""
        self._unexplained: dict[str, Decimal] = {}
        """Differences that nothing explained when they were last looked at."""
        self._reported: dict[str, Decimal] = {}

    def heard(self, report: OrderReport) -> None:
        """The venue's stream has told of an order. Only a forced close that is not in the books is
        news."""
        if report.forced is None or not report.filled or report.symbol not in self._told:
            return
        if not self._is_booked(report):
            self._closes[report.venue_order_id] = report
            self._told[report.symbol].set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for symbol in self._told:
                group.create_task(self._watch(symbol))

    async def check(self, symbol: str) -> None:
        """Compare now, and do what follows. Raises ExchangeError and what the journal raises."""
        if self._unknown.has_torn(symbol):
            async with self._lock(symbol):
                self._unknown.take(LegName.PERPETUAL, symbol, ())
                await self._repair(symbol)
        if await self._difference(symbol) is None:
            await self._report(symbol, None)
            return
        await asyncio.sleep(CONFIRM_S)
        async with self._lock(symbol):
            left = await self._difference(symbol)
            if left is not None:
                await self._take_over(symbol)
                left = await self._difference(symbol)
            if self._is_undecided(symbol):
                return  # an order whose end is not known yet explains any difference
        await self._report(symbol, left)

    async def closed_by_force(self, symbol: str) -> None:
        """The stream says so: find the trades, which a venue may list a moment later. Raises as
        :meth:`check`."""
        for _ in range(LOOKS):
            closes = [close for close in self._closes.values() if close.symbol == symbol]
            for close in closes:
                if self._is_booked(close):
                    del self._closes[close.venue_order_id]
            if all(self._is_booked(close) for close in closes):
                return
            async with self._lock(symbol):
                await self._take_over(symbol)
            await asyncio.sleep(LISTED_S)

    async def take_in(self, symbol: str) -> None:
        """For one who holds the symbol's lock and is about to trade: book the forced closes that
        the stream has told of and that wait for the lock. What they leave unequal is repaired once
        the lock is given back, or by him."""
        closes = [close for close in self._closes.values() if close.symbol == symbol]
        if all(self._is_booked(close) for close in closes):
            return
        try:
            await self._take_over_leg(LegName.PERPETUAL, symbol)
        except ExchangeError as error:
            log.info("%s: a forced close cannot be read yet: %s", symbol, error)

    def _is_booked(self, close: OrderReport) -> bool:
        venue = self._venue.venue
        return close.fills_complete and not any(
            self._books.missing(venue, fill) for fill in close.fills
        )

    @property
    def _venue(self) -> LegVenue:
        return self._trading.venues[LegName.PERPETUAL]

    async def _watch(self, symbol: str) -> None:
        while True:
            is_told = await self._is_told_within(symbol, CHECK_S)
            with self._unforeseen.survived(f"the look at the position in {symbol}"):
                if is_told:
                    await self.closed_by_force(symbol)
                elif self._is_worth_a_look(symbol):
                    await self.check(symbol)

    async def _is_told_within(self, symbol: str, seconds: float) -> bool:
        told = self._told[symbol]
        try:
            async with asyncio.timeout(seconds):
                await told.wait()
        except TimeoutError:
            return False
        told.clear()
        return True

    def _is_worth_a_look(self, symbol: str) -> bool:
        """Is anything held? What comes where nothing is held is found by the reconciliation."""
        is_held = self._is_urgent(symbol) or bool(self._expected(symbol))
        return is_held and self._venue.breaker.allow()

    def _is_urgent(self, symbol: str) -> bool:
        """Can a pair have lost a leg?"""
        return bool(self._trading.pairs.open_pairs(symbol))

    async def _take_over(self, symbol: str) -> None:
        """Take over the trades that the books do not have, and repair the pairs they changed.

        Somebody who trades one leg by hand may trade the other too, so that is looked at before
        anything is done about it; after a forced close nothing is waited for.
        """
        found = await self._take_over_leg(LegName.PERPETUAL, symbol)
        knows_spot = True
        if any(fill.forced is None for fill, _ in found.adopted):
            try:
                await self._take_over_leg(LegName.SPOT, symbol)
            except ExchangeError as error:
                knows_spot = False
                log.warning("%s: spot trades made by hand cannot be read: %s", symbol, error)
        await self._repair(symbol, only_forced=not knows_spot)

    async def _repair(self, symbol: str, *, only_forced: bool = False) -> None:
        for pair in self._trading.pairs.open_pairs(symbol):
            if pair.state is PairState.RECOVERING and (pair.forced or not only_forced):
                await self._recovery.resolve(pair.pair_id)

    async def _take_over_leg(self, leg: LegName, symbol: str) -> UnknownTradesFound:
        found = await self._unknown.take_over(leg, symbol, urgent=self._is_urgent(symbol))
        if found.late:
            await self._late_fills.found(self._trading.venues[leg].venue, found.late)
        return found

    async def _difference(self, symbol: str) -> Decimal | None:
        """Signed coin that the venue shows beyond the books; None: they agree."""
        venue = self._venue
        urgent = self._is_urgent(symbol)
        position = await venue.call(venue.exchange.position(symbol, urgent=urgent))
        difference = position.quantity - self._expected(symbol)
        is_small = abs(difference) < self._trading.settings.position_tolerance
        return None if is_small else difference

    def _expected(self, symbol: str) -> Decimal:
        return self._books.expected(self._venue.venue, symbol)

    def _is_undecided(self, symbol: str) -> bool:
        pairs = self._trading.pairs
        return any(pairs.undecided(pair.pair_id) for pair in pairs.open_pairs(symbol))

    async def _report(self, symbol: str, left: Decimal | None) -> None:
        """Have everything compared once a difference stays, and once it has gone: a venue may list
        a trade later than it shows the position."""
        before = self._unexplained.pop(symbol, None)
        if left is not None:
            self._unexplained[symbol] = left
        reported = self._reported.get(symbol)
        if left is None and reported is not None:
            del self._reported[symbol]
        elif left is not None and left == before and left != reported:
            self._reported[symbol] = left
        else:
            return
        await self._reconcile()
