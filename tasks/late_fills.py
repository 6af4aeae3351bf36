"""Orders that trade after they had ended, and what is done about it.

A venue's word that an order is cancelled, or that it never came, can prove wrong. Whatever speaks
for it (news on the stream, a trade or a resting order that the reconciliation finds, the venue
asked again in time) leads to the same: the order is read, settled again, and its pair is open to
repair, also a pair that had ended. What was said is a hint; what the order shows is what counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from exchanges.errors import ExchangeError
from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.order import OrderReport
from tasks.order_watch import OrderWatch
from tasks.pair_transitions import PairEvent
from tasks.recovery import Recovery
from tasks.settled_order import SettledOrder
from tasks.trading import Trading
from tasks.unforeseen import Unforeseen
from tasks.wire_text import short_decimal_text

log = logging.getLogger(__name__)


class LateFills:
    """Finds them and has their pairs repaired."""

    def __init__(
        self,
        trading: Trading,
        recovery: Recovery,
        watch: OrderWatch,
        lock: Callable[[str], asyncio.Lock],
        unforeseen: Unforeseen,
    ) -> None:
        """``lock``: of a symbol, held by whoever trades it."""
        self._trading = trading
        self._unforeseen = unforeseen
        self._recovery = recovery
        self._watch = watch
        self._lock = lock

    def heard(self, report: OrderReport) -> None:
        """A stream has told of an order that nobody waits for. News that only repeats what is
        known, which is most of it, costs no question."""
        known = self._known(report.client_order_id)
        if known is None:
            self._trading.doubts.hurry(report.client_order_id)
            return
        is_alive = known.never_received and not report.is_terminal
        if report.filled > known.filled or is_alive:
            self._watch.hurry(known)

    async def found(self, venue: Venue, fills: Iterable[Fill]) -> list[Fill]:
        """Settle again the orders that own trades belong to which the journal does not have; the
        trades that are nobody's order are returned.

        The caller holds the locks of their symbols. What a late fill leaves unequal is repaired
        after they are given back.
        """
        by_order: dict[str, list[Fill]] = {}
        for fill in fills:
            by_order.setdefault(fill.client_order_id or "", []).append(fill)
        foreign: list[Fill] = []
        for client_order_id, trades in by_order.items():
            if self._is_ours(venue, client_order_id):
                await self._look(client_order_id)
            else:
                foreign.extend(trades)
        return foreign

    async def found_resting(self, venue: Venue, reports: Iterable[OrderReport]) -> Sequence[str]:
        """Settle again (which cancels it) each of the orders that rests although it had ended; the
        client ids of those that did. Locks as for :meth:`found`."""
        alive = [
            report.client_order_id
            for report in reports
            if self._is_ours(venue, report.client_order_id)
            and self._known(report.client_order_id) is not None
        ]
        for client_order_id in alive:
            await self._look(client_order_id)
        return alive

    async def run(self) -> None:
        """Ask about orders when they are due, until cancelled."""
        while True:
            await self._watch.wait()
            for settled in self._watch.due():
                await self._ask(settled)

    async def _ask(self, settled: SettledOrder) -> None:
        """One order's trouble must not keep the others from being asked about."""
        order = settled.leg_order
        name = order.order.client_order_id
        with self._unforeseen.survived(f"asking again about {name}"):
            async with self._lock(order.order.symbol):
                if await self._look(name):
                    await self._recovery.resolve(order.pair_id)

    async def _look(self, client_order_id: str) -> bool:
        """Read an order that has ended; did it trade more than was known, or is it alive?"""
        known = self._known(client_order_id)
        if known is None:  # somebody is settling it, and will see for himself
            return False
        leg_order = known.leg_order
        venue = self._trading.venues[leg_order.leg]
        try:
            report = await venue.call(venue.exchange.order(leg_order.order.symbol, client_order_id))
        except ExchangeError as error:
            log.debug("%s: cannot be read again: %s", client_order_id, error)
            return False
        if report.is_terminal and report.filled <= known.filled:
            return False
        settled = await self._trading.settle(leg_order, acknowledged=True)
        if settled.decided and settled.filled <= known.filled:
            return False
        self._reopen(known, settled)
        return True

    def _reopen(self, known: SettledOrder, settled: SettledOrder) -> None:
        leg_order = settled.leg_order
        order = leg_order.order
        more = short_decimal_text(settled.filled - known.filled)
        detail = (
            f"{order.client_order_id} ({leg_order.leg}, {leg_order.purpose}) traded {more} "
            f"{order.symbol} after it had ended"
        )
        if not settled.decided:
            detail += " and has not ended yet"
        self._trading.pairs.advance(leg_order.pair_id, PairEvent.LATE_FILL, detail)

    def _known(self, client_order_id: str) -> SettledOrder | None:
        return self._trading.pairs.ended_order(client_order_id)

    def _is_ours(self, venue: Venue, client_order_id: str) -> bool:
        """Is it in the journal, as an order of this venue?"""
        try:
            leg_order = self._trading.pairs.leg_order(client_order_id)
        except KeyError:
            return False
        return self._trading.venues[leg_order.leg].venue is venue
