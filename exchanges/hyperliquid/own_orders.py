"""Questions about the account's orders and trades."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime

from exchanges.errors import BadReply
from exchanges.fill import Fill
from exchanges.funding import FundingPayment
from exchanges.hyperliquid import limits, order_parsing, parsing
from exchanges.hyperliquid.client import HyperliquidClient
from exchanges.hyperliquid.client_order_ids import cloid_of
from exchanges.hyperliquid.history import pages
from exchanges.hyperliquid.nonces import milliseconds
from exchanges.instrument import Instrument, Venue
from exchanges.order import OrderReport
from exchanges.venue_client import Costs

_AFTER_END_MS = 60_000
"""Trades of an order are looked for until so long after its end: rows that come along cost weight,
and an order that has ended trades no more."""
_AHEAD_MS = 86_400_000


class OwnOrders:
    """Every method raises as :meth:`HyperliquidClient.info` does, and BadReply."""

    def __init__(self, client: HyperliquidClient) -> None:
        self._client = client

    async def by_client_id(
        self, instrument: Instrument, client_order_id: str, *, urgent: bool
    ) -> OrderReport:
        """The order and its trades; ``urgent`` may use the rate reserve. Raises OrderNotFound."""
        report = await self._read(instrument, cloid_of(client_order_id), urgent)
        if report.client_order_id != client_order_id:
            raise BadReply(Venue.HYPERLIQUID, f"orderStatus.cloid: expected {client_order_id}")
        return report

    async def by_venue_id(self, instrument: Instrument, venue_order_id: str) -> OrderReport:
        """The order and its trades. Raises OrderNotFound."""
        report = await self._read(instrument, int(venue_order_id), urgent=False)
        if report.venue_order_id != venue_order_id:
            raise BadReply(Venue.HYPERLIQUID, f"orderStatus.oid: expected {venue_order_id}")
        return report

    async def resting(self, instrument: Instrument) -> Sequence[OrderReport]:
        """``frontendOpenOrders`` and not ``openOrders``, which leaves out what was ordered."""
        question = {"type": "frontendOpenOrders", "user": self._client.account}
        body = await self._client.info(question, limits.QUESTION)
        return order_parsing.parse_open_orders(body, instrument.symbol, instrument.native)

    async def trades(self, instrument: Instrument, since: datetime) -> Sequence[Fill]:
        """Own trades at or after ``since``, oldest first; the venue keeps the latest 10,000."""
        found: dict[str, Fill] = {}
        async with aclosing(self._history("userFillsByTime", since)) as bodies:
            async for body in bodies:
                fills = order_parsing.parse_fills(body, instrument.symbol, instrument.native)
                found.update((fill.trade_id, fill) for fill in fills if fill.time >= since)
        return sorted(found.values(), key=lambda fill: (fill.time, int(fill.trade_id)))

    async def funding(self, instrument: Instrument, since: datetime) -> Sequence[FundingPayment]:
        """Settlements at or after ``since``, oldest first."""
        found: dict[str, FundingPayment] = {}
        async with aclosing(self._history("userFunding", since)) as bodies:
            async for body in bodies:
                rows = parsing.parse_funding(body, instrument.symbol, instrument.native)
                found.update((row.transaction_id, row) for row in rows if row.time >= since)
        return sorted(found.values(), key=lambda payment: payment.time)

    def _history(self, kind: str, since: datetime) -> AsyncGenerator[bytes, None]:
        return self._pages(kind, since, self._end(), limits.HISTORY, urgent=False)

    def _end(self) -> int:
        """After everything, also when our clock is behind the venue's."""
        return milliseconds(self._client.venue_time()) + _AHEAD_MS

    async def _read(self, instrument: Instrument, order_id: int | str, urgent: bool) -> OrderReport:
        question = {"type": "orderStatus", "user": self._client.account, "oid": order_id}
        body = await self._client.info(question, limits.LIGHT, urgent=urgent)
        told = order_parsing.parse_order_status(body, instrument.symbol, instrument.native)
        if told.never_traded:
            return told.report
        ended = milliseconds(told.report.updated_at) + _AFTER_END_MS
        until = ended if told.report.is_terminal else self._end()
        fills: dict[str, Fill] = {}
        oid = int(told.report.venue_order_id)
        async with aclosing(
            self._pages("userFillsByTime", told.made_at, until, limits.ORDER_FILLS, urgent)
        ) as bodies:
            async for body in bodies:
                own = order_parsing.parse_order_fills(
                    body, instrument.symbol, instrument.native, oid
                )
                fills.update((fill.trade_id, fill) for fill in own)
        return order_parsing.with_fills(told.report, tuple(fills.values()))

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
