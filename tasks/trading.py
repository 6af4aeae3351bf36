"""What opening, closing and repairing a pair have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from exchanges.clock import Clock
from exchanges.errors import RateLimited
from exchanges.rate_budget import Booking
from tasks.alert import Alert
from tasks.coin_evidence import CoinEvidence
from tasks.doubts import Doubts
from tasks.funding_ledger import FundingLedger
from tasks.leg_execution import LegExecution
from tasks.leg_venue import LegVenue
from tasks.order_watch import OrderWatch
from tasks.pair import LegName, Pair
from tasks.pair_book import PairBook
from tasks.settings import Settings
from tasks.settled_order import LegOrder, Purpose, SettledOrder


@dataclass(frozen=True, slots=True)
class Trading:
    """The desk's means of trading, handed to entry, exit and recovery."""

    venues: Mapping[LegName, LegVenue]
    pairs: PairBook
    execution: LegExecution
    watch: OrderWatch
    doubts: Doubts
    coin: CoinEvidence
    funding: FundingLedger
    settings: Settings
    clock: Clock
    alert: Callable[[Alert], None]

    async def execute(self, leg_orders: Sequence[LegOrder]) -> list[SettledOrder]:
        """Book a place in the rate limits for every order, journal all, then send them together,
        and note each end as it is known. Without room for one of them none is sent."""
        leg_orders = [replace(it, baseline=self.coin.baseline(it)) for it in leg_orders]
        bookings, refusal = self._book(leg_orders)
        try:
            for leg_order in leg_orders:
                self.execution.intend(self.venues[leg_order.leg], leg_order)
                self.pairs.intended(leg_order)
        except BaseException:
            for booking in bookings:
                booking.release()
            raise
        if refusal is not None:
            return [self._deny(leg_order, refusal) for leg_order in leg_orders]
        sends = zip(leg_orders, bookings, strict=True)
        return await _all(self._send(item, booking) for item, booking in sends)

    def _book(self, leg_orders: Sequence[LegOrder]) -> tuple[list[Booking], str | None]:
        """Places for all orders, or none and why not. Only an entry stays out of the reserve."""
        bookings: list[Booking] = []
        try:
            for leg_order in leg_orders:
                urgent = leg_order.purpose is not Purpose.ENTRY
                exchange = self.venues[leg_order.leg].exchange
                bookings.append(exchange.book_order(urgent=urgent))
        except RateLimited as error:
            for booking in bookings:
                booking.release()
            return [], str(error)
        return bookings, None

    def _deny(self, leg_order: LegOrder, reason: str) -> SettledOrder:
        return self._note(self.execution.deny(self.venues[leg_order.leg], leg_order, reason))

    async def settle_again(self, pair_id: str) -> bool:
        """Ask once more for every undecided order of the pair. True when none is left."""
        settled = await _all(self._settle(item) for item in self.pairs.undecided(pair_id))
        return all(result.decided for result in settled)

    def is_time_to_ask(self, pair_id: str) -> bool:
        """May the pair's undecided orders, if it has any, be asked for again?"""
        return self.doubts.are_due(self.pairs.undecided(pair_id))

    async def settle(self, leg_order: LegOrder, *, acknowledged: bool) -> SettledOrder:
        """Ask what became of an order that was sent, and note it."""
        venue = self.venues[leg_order.leg]
        again = self.doubts.has(leg_order)
        return self._note(
            await self.execution.settle(venue, leg_order, acknowledged=acknowledged, again=again)
        )

    def lot(self, symbol: str) -> Decimal:
        """The coarser quantity step of both venues."""
        return max(venue.rules[symbol].quantity_step for venue in self.venues.values())

    def is_matched(self, pair: Pair) -> bool:
        """Do both legs hold the same, to within one lot?"""
        difference = pair.held(LegName.SPOT) - pair.held(LegName.PERPETUAL)
        return abs(difference) < self.lot(pair.symbol)

    def is_flat(self, pair: Pair) -> bool:
        """Does neither leg hold a lot any more?"""
        lot = self.lot(pair.symbol)
        return all(abs(pair.held(leg)) < lot for leg in LegName)

    async def _send(self, leg_order: LegOrder, booking: Booking) -> SettledOrder:
        venue = self.venues[leg_order.leg]
        return self._note(await self.execution.send(venue, leg_order, booking))

    async def _settle(self, leg_order: LegOrder) -> SettledOrder:
        return await self.settle(leg_order, acknowledged=self.pairs.is_acknowledged(leg_order))

    def _note(self, settled: SettledOrder) -> SettledOrder:
        self.pairs.settled(settled)
        self.watch.note(settled)
        self.coin.settled(settled)
        self.doubts.note(settled)
        return settled


async def _all(orders: Iterable[Coroutine[Any, Any, SettledOrder]]) -> list[SettledOrder]:
    """Wait for every order before the first error is raised: no order is left to itself while
    its pair is taken further."""
    results = await asyncio.gather(*orders, return_exceptions=True)
    settled = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        settled.append(result)
    return settled
