"""Questions about the account's orders and trades."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from exchanges.errors import BadReply
from exchanges.fill import Fill
from exchanges.funding import FundingPayment
from exchanges.hyperliquid import limits, order_parsing, parsing
from exchanges.hyperliquid.client import HyperliquidClient
from exchanges.hyperliquid.client_order_ids import cloid_of
from exchanges.hyperliquid.history import pages
from exchanges.instrument import Instrument, Venue
from exchanges.order import OrderReport
from exchanges.venue_client import Costs

_AFTER_END = timedelta(minutes=1)
"""Trades of an order are looked for until so long after its end: rows that come along cost weight,
and an order that has ended trades no more."""


class OwnOrders:
    """Every method raises as :meth:`HyperliquidClient.info` does, and BadReply."""

    def __init__(self, client: HyperliquidClient) -> None:
        self._client = client

    async def by_client_id(self, instrument: Instrument, client_order_id: str) -> OrderReport:
        """The order and its trades. Raises OrderNotFound."""
        report = await self._read(instrument, cloid_of(client_order_id))
        if report.client_order_id != client_order_id:
            raise BadReply(Venue.HYPERLIQUID, f"orderStatus.cloid: expected {client_order_id}")
        return report

    async def by_venue_id(self, instrument: Instrument, venue_order_id: str) -> OrderReport:
        """The order and its trades. Raises OrderNotFound."""
        report = await self._read(instrument, int(venue_order_id))
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
        until = self._client.venue_time()
        fills = await self._fills(instrument, since, until, limits.HISTORY, urgent=False)
        return [fill for fill in fills if fill.time >= since]

    async def funding(self, instrument: Instrument, since: datetime) -> Sequence[FundingPayment]:
        """Settlements at or after ``since``, oldest first."""
        found: dict[str, FundingPayment] = {}

        async def ask(start: int, end: int) -> bytes:
            return await self._history("userFunding", start, end, limits.HISTORY, urgent=False)

        until = self._client.venue_time()
        async with aclosing(pages("userFunding", ask, since, until)) as bodies:
            async for body in bodies:
                rows = parsing.parse_funding(body, instrument.symbol, instrument.native)
                found.update((row.transaction_id, row) for row in rows if row.time >= since)
        return sorted(found.values(), key=lambda payment: payment.time)

    async def _read(self, instrument: Instrument, order_id: int | str) -> OrderReport:
        question = {"type": "orderStatus", "user": self._client.account, "oid": order_id}
        body = await self._client.info(question, limits.LIGHT, urgent=True)
        told = order_parsing.parse_order_status(body, instrument.symbol, instrument.native)
        if told.never_traded:
            return told.report
        now = self._client.venue_time()
        ended = told.report.updated_at + _AFTER_END if told.report.is_terminal else now
        fills = await self._fills(
            instrument, told.made_at, min(ended, now), limits.ORDER_FILLS, urgent=True
        )
        return order_parsing.with_fills(told.report, fills)

    async def _fills(
        self,
        instrument: Instrument,
        since: datetime,
        until: datetime,
        costs: Costs,
        *,
        urgent: bool,
    ) -> Sequence[Fill]:
        found: dict[str, Fill] = {}

        async def ask(start: int, end: int) -> bytes:
            return await self._history("userFillsByTime", start, end, costs, urgent=urgent)

        async with aclosing(pages("userFillsByTime", ask, since, until)) as bodies:
            async for body in bodies:
                fills = order_parsing.parse_fills(body, instrument.symbol, instrument.native)
                found.update((fill.trade_id, fill) for fill in fills)
        return sorted(found.values(), key=lambda fill: (fill.time, int(fill.trade_id)))

    async def _history(
        self, kind: str, start: int, end: int, costs: Costs, *, urgent: bool
    ) -> bytes:
        question = {
            "type": kind,
            "user": self._client.account,
            "startTime": start,
            "endTime": end,
        }
        return await self._client.info(question, costs, urgent=urgent)
