"""What opening, closing and repairing a pair have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from exchanges.clock import Clock
from tasks.alert import Alert
from tasks.funding_ledger import FundingLedger
from tasks.leg_execution import LegExecution
from tasks.leg_venue import LegVenue
from tasks.pair import LegName, Pair
from tasks.pair_book import PairBook
from tasks.settings import Settings
from tasks.settled_order import LegOrder, SettledOrder


@dataclass(frozen=True, slots=True)
class Trading:
    """The desk's means of trading, handed to entry, exit and recovery."""

    venues: Mapping[LegName, LegVenue]
    pairs: PairBook
    execution: LegExecution
    funding: FundingLedger
    settings: Settings
    clock: Clock
    alert: Callable[[Alert], None]

    async def execute(self, leg_orders: Sequence[LegOrder]) -> list[SettledOrder]:
        """Journal all orders, then send them together, and note each end as it is known."""
        for leg_order in leg_orders:
            self.execution.intend(self.venues[leg_order.leg], leg_order)
            self.pairs.intended(leg_order)
        return list(await asyncio.gather(*(self._send(item) for item in leg_orders)))

    async def settle_again(self, pair_id: str) -> bool:
        """Ask once more for every undecided order of the pair. True when none is left."""
        orders = self.pairs.undecided(pair_id)
        settled = await asyncio.gather(
            *(
                self.execution.settle(self.venues[item.leg], item, acknowledged=False)
                for item in orders
            )
        )
        for result in settled:
            self.pairs.settled(result)
        return all(result.decided for result in settled)

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
        return all(pair.held(leg) < lot for leg in LegName)

    async def _send(self, leg_order: LegOrder) -> SettledOrder:
        settled = await self.execution.send(self.venues[leg_order.leg], leg_order)
        self.pairs.settled(settled)
        return settled
