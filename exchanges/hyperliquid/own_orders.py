"""Questions about the account's orders and trades."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from exchanges.errors import BadReply
from exchanges.fill import Fill
from exchanges.funding import FundingPayment
from exchanges.hyperliquid import limits, order_parsing, parsing
from exchanges.hyperliquid.client import HyperliquidClient
from exchanges.hyperliquid.client_order_ids import cloid_of
from exchanges.hyperliquid.history import pages
from exchanges.hyperliquid.nonces import milliseconds
from exchanges.hyperliquid.transfers import LEDGER, transfers_of
from exchanges.instrument import Instrument, Venue
from exchanges.order import OrderReport
from exchanges.order_tracking import OrderKey
from exchanges.reply import document, objects
from exchanges.transfer import Transfer
from exchanges.venue_client import Costs

log = logging.getLogger(__name__)

_VENUE = Venue.HYPERLIQUID
_TRADES = "userFillsByTime"
_AFTER_END_MS = 60_000
"""Trades of an order are looked for until so long after its end: rows that come along cost weight,
and an order that has ended trades no more."""
_AHEAD_MS = 86_400_000
_RECENT = timedelta(minutes=5)
"""Older trades come with a page of others, whose rows weigh."""


class OwnOrders:
    """Every method raises as :meth:`HyperliquidClient.info` does, and BadReply."""

    def __init__(self, client: HyperliquidClient) -> None:
        self._client = client

    async def by_client_id(
        self, instrument: Instrument, client_order_id: str, *, urgent: bool
    ) -> OrderReport:
        """The order and its trades; ``urgent`` may use the rate reserve. Raises OrderNotFound."""
        key = OrderKey(instrument.symbol, client_order_id, "")
        told = await self._status(key, urgent=urgent)
        if told.never_traded:
            return told.report
        ended = milliseconds(told.report.updated_at) + _AFTER_END_MS
        until = ended if told.report.is_terminal else self._end()
        fills: dict[str, Fill] = {}
        oid = int(told.report.venue_order_id)
        async with aclosing(
            self._pages(_TRADES, told.made_at, until, limits.ORDER_FILLS, urgent=urgent)
        ) as bodies:
            async for body in bodies:
                own = order_parsing.parse_order_fills(
                    body, instrument.symbol, instrument.native, oid
                )
                fills.update((fill.trade_id, fill) for fill in own)
        return order_parsing.with_fills(told.report, tuple(fills.values()))

    async def told(self, key: OrderKey) -> order_parsing.ToldOrder:
        """An order by whichever of its ids is known, without its trades. Raises OrderNotFound."""
        return await self._status(key, urgent=False)

    async def resting(self, instrument: Instrument, *, urgent: bool) -> Sequence[OrderReport]:
        body = await self.listing(urgent=urgent)
        return order_parsing.parse_open_orders(body, instrument.symbol, instrument.native)

    async def listing(self, *, urgent: bool = False) -> bytes:
        """What rests in all markets: ``frontendOpenOrders`` and not ``openOrders``, which leaves
        out what was ordered."""
        question = {"type": "frontendOpenOrders", "user": self._client.account}
        return await self._client.info(question, limits.QUESTION, urgent=urgent)

    async def trades(
        self, instrument: Instrument, since: datetime, *, urgent: bool
    ) -> Sequence[Fill]:
        """Own trades at or after ``since``, oldest first; the venue keeps the latest 10,000."""
        found: dict[str, Fill] = {}
        async with aclosing(self._history(_TRADES, since, urgent=urgent)) as bodies:
            async for body in bodies:
                fills = order_parsing.parse_fills(body, instrument.symbol, instrument.native)
                found.update((fill.trade_id, fill) for fill in fills if fill.time >= since)
        return sorted(found.values(), key=lambda fill: (fill.time, int(fill.trade_id)))

    async def trades_of(self, orders: Collection[int], since: datetime) -> Sequence[Fill]:
        """The trades at or after ``since`` of orders by their ids. One that cannot be understood is
        left out: its order's trades do not add up then, and the others' do."""
        found: dict[str, Fill] = {}
        is_recent = self._client.venue_time() - since < _RECENT
        costs = limits.ORDER_FILLS if is_recent else limits.HISTORY
        async with aclosing(
            self._pages(_TRADES, since, self._end(), costs, urgent=False)
        ) as bodies:
            async for body in bodies:
                for row in objects(_VENUE, _TRADES, document(_VENUE, _TRADES, body)):
                    try:
                        if row.integer("oid") in orders:
                            coin = row.text("coin")
                            fills = order_parsing.fills_of([row], coin, coin)
                            found.update((fill.trade_id, fill) for fill in fills)
                    except BadReply as error:
                        log.warning("hyperliquid trades: passed over (%s)", error)
        return sorted(found.values(), key=lambda fill: (fill.time, int(fill.trade_id)))

    async def funding(self, instrument: Instrument, since: datetime) -> Sequence[FundingPayment]:
        """Settlements at or after ``since``, oldest first."""
        found: dict[str, FundingPayment] = {}
        async with aclosing(self._history("userFunding", since, urgent=False)) as bodies:
            async for body in bodies:
                rows = parsing.parse_funding(body, instrument.symbol, instrument.native)
                found.update((row.transaction_id, row) for row in rows if row.time >= since)
        return sorted(found.values(), key=lambda payment: payment.time)

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        """Of the account's USDC at or after ``since``, oldest first."""
        found: dict[str, Transfer] = {}
        async with aclosing(
            self._pages(LEDGER, since, self._end(), limits.LEDGER, urgent=False)
        ) as bodies:
            async for body in bodies:
                told = transfers_of(parsing.rows(LEDGER, body), self._client.account)
                found.update((it.transfer_id, it) for it in told if it.time >= since)
        return sorted(found.values(), key=lambda it: (it.time, it.transfer_id))

    def _history(self, kind: str, since: datetime, *, urgent: bool) -> AsyncGenerator[bytes, None]:
        return self._pages(kind, since, self._end(), limits.HISTORY, urgent=urgent)

    def _end(self) -> int:
        """After everything, also when our clock is behind the venue's."""
        return milliseconds(self._client.venue_time()) + _AHEAD_MS

    async def _status(self, key: OrderKey, *, urgent: bool) -> order_parsing.ToldOrder:
        name = key.client_order_id
        order_id: int | str = cloid_of(name) if name else int(key.venue_order_id)
        question = {"type": "orderStatus", "user": self._client.account, "oid": order_id}
        body = await self._client.info(question, limits.LIGHT, urgent=urgent)
        told = order_parsing.parse_order_status(body, key.symbol, key.symbol)
        if name and told.report.client_order_id != name:
            raise BadReply(_VENUE, f"orderStatus.cloid: expected {name}")
        if not name and told.report.venue_order_id != key.venue_order_id:
            raise BadReply(_VENUE, f"orderStatus.oid: expected {key.venue_order_id}")
        return told

    def _pages(
        self, kind: str, since: datetime, until: int, costs: Costs, urgent: bool
    ) -> AsyncGenerator[bytes, None]:
        async def ask(start: int, end: int) -> bytes:
            user = self._client.account
            question = {"type": kind, "user": user, "startTime": start, "endTime": end}
            return await self._client.info(question, costs, urgent=urgent)

        def times(body: bytes) -> Sequence[int]:
            return [milliseconds(time) for time in parsing.parse_times(kind, body)]

        return pages(ask, times, milliseconds(since), until)
