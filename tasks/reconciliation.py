"""Journal against venues: do both tell the same story?

Compares the perpetual position with what the open pairs hold, the resting
orders with those the journal knows, and the coin on the spot account with
what the open pairs need. Reports; changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import TypeVar
from uuid import uuid4

from exchanges.clock import Clock
from exchanges.errors import ExchangeError, RateLimited
from exchanges.side import Side
from tasks.client_order_id import PREFIX
from tasks.leg_venue import LegVenue
from tasks.pair import LegName, Pair
from tasks.pair_book import PairBook
from tasks.settings import Settings
from tasks.wire_text import decimal_text
from warehouse.records import Difference, ReconciliationRecord

T = TypeVar("T")

PATIENCE_S = 10.0
"""How long a question may wait for room in the rate limits: not having asked is no disagreement."""


class Reconciliation:
    """Reads both venues afresh on each :meth:`run`."""

    def __init__(
        self,
        venues: Mapping[LegName, LegVenue],
        pairs: PairBook,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._venues = venues
        self._pairs = pairs
        self._clock = clock
        self._settings = settings

    async def run(self) -> ReconciliationRecord:
        """One comparison. A venue that cannot be read is itself a difference."""
        differences: list[Difference] = []
        for symbol in self._settings.symbols:
            differences += await self._perpetual_position(symbol)
            differences += await self._spot_holding(symbol)
            for venue in self._venues.values():
                differences += await self._resting_orders(venue, symbol)
        return ReconciliationRecord(
            reconciliation_id=str(uuid4()),
            agreed=all(item["explained"] is not None for item in differences),
            differences=differences,
        )

    async def _perpetual_position(self, symbol: str) -> list[Difference]:
        venue = self._venues[LegName.PERPETUAL]
        try:
            position = await self._ask(venue, lambda: venue.exchange.position(symbol))
        except ExchangeError as error:
            return [_unreadable(venue, symbol, "position", error)]
        expected = sum(
            (_signed(pair, LegName.PERPETUAL) for pair in self._pairs.open_pairs(symbol)),
            Decimal(0),
        )
        return self._compare("position", venue, symbol, expected, position.quantity)

    async def _spot_holding(self, symbol: str) -> list[Difference]:
        """Less coin than the long pairs hold is a difference; more belongs to somebody else."""
        venue = self._venues[LegName.SPOT]
        try:
            balances = await self._ask(venue, venue.exchange.balances)
        except ExchangeError as error:
            return [_unreadable(venue, symbol, "balance", error)]
        total = next((item.total for item in balances if item.currency == symbol), Decimal(0))
        needed = sum(
            (_signed(pair, LegName.SPOT) for pair in self._pairs.open_pairs(symbol)), Decimal(0)
        )
        if total >= needed - self._settings.position_tolerance:
            return []
        return self._compare("balance", venue, symbol, needed, total)

    async def _resting_orders(self, venue: LegVenue, symbol: str) -> list[Difference]:
        """Our orders never rest, except for moments while they are being settled."""
        try:
            resting = await self._ask(venue, lambda: venue.exchange.open_orders(symbol))
        except ExchangeError as error:
            return [_unreadable(venue, symbol, "order", error)]
        known = {
            item.order.client_order_id
            for pair in self._pairs.open_pairs(symbol)
            for item in self._pairs.undecided(pair.pair_id)
        }
        return [
            Difference(
                kind="order",
                venue=venue.venue,
                symbol=symbol,
                journal="none resting",
                venue_says=f"{order.client_order_id} rests",
                difference=decimal_text(order.quantity - order.filled),
                explained="being settled" if order.client_order_id in known else None,
            )
            for order in resting
            if order.client_order_id.startswith(PREFIX)
        ]

    async def _ask(self, venue: LegVenue, question: Callable[[], Awaitable[T]]) -> T:
        """The answer, asked again when it could not be asked for a moment. Raises ExchangeError."""
        give_up = self._clock.monotonic() + PATIENCE_S
        while True:
            try:
                return await venue.call(question())
            except RateLimited as error:
                if error.banned or self._clock.monotonic() + error.retry_after_s > give_up:
                    raise
                wait_s = error.retry_after_s
            await asyncio.sleep(wait_s)

    def _compare(
        self, kind: str, venue: LegVenue, symbol: str, expected: Decimal, found: Decimal
    ) -> list[Difference]:
        difference = found - expected
        if abs(difference) < self._settings.position_tolerance:
            return []
        return [
            Difference(
                kind=kind,
                venue=venue.venue,
                symbol=symbol,
                journal=decimal_text(expected),
                venue_says=decimal_text(found),
                difference=decimal_text(difference),
                explained=None,
            )
        ]


def _signed(pair: Pair, leg: LegName) -> Decimal:
    """What the pair's leg means for the account: bought coin is positive."""
    held = pair.held(leg)
    return held if pair.side(leg, True) is Side.BUY else -held


def _unreadable(venue: LegVenue, symbol: str, kind: str, error: ExchangeError) -> Difference:
    return Difference(
        kind=kind,
        venue=venue.venue,
        symbol=symbol,
        journal="expected an answer",
        venue_says=str(error),
        difference="unknown",
        explained=None,
    )
