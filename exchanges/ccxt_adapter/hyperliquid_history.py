"""Own trades and funding at Hyperliquid through ccxt, over any span of time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from exchanges.ccxt_adapter import unified
from exchanges.ccxt_adapter.requests import Requests
from exchanges.errors import BadReply
from exchanges.fill import Fill
from exchanges.funding import FundingPayment
from exchanges.hyperliquid.history import pages
from exchanges.hyperliquid.nonces import milliseconds
from exchanges.hyperliquid.order_parsing import forced_close, id_told
from exchanges.hyperliquid.transfers import LEDGER, transfers_of
from exchanges.instrument import Instrument
from exchanges.order import OrderReport
from exchanges.reply import Fields, objects
from exchanges.transfer import Transfer

_AHEAD = timedelta(days=1)
_AFTER_END = timedelta(minutes=1)
"""Trades of an order are looked for until so long after its end."""
_ORDERS_KEPT = 1_000


class HyperliquidHistory:
    """What the account did. ccxt's own methods sort a page and pick a market out of it; then they
    tell no more whether it was full, nor what it left out. Raises as questions do."""

    def __init__(self, ask: Requests) -> None:
        self._ask = ask
        self._seen: dict[str, dict[str, Fill]] = {}
        """Trades that were read or streamed, by their orders."""

    async def fills(
        self, market: str, symbol: str, since: datetime, *, urgent: bool
    ) -> Sequence[Fill]:
        """Own trades at or after ``since``; the venue keeps the latest 10,000 of the account."""
        trades = await self._trades(market, since, self._end(), urgent=urgent)
        fills = [self.trade(trade, symbol) for trade in trades]
        found = [fill for fill in fills if fill.time >= since]
        return sorted(found, key=lambda fill: (fill.time, int(fill.trade_id)))

    def trade(self, row: Fields, symbol: str) -> Fill:
        """A trade of ccxt's, read or streamed."""
        told = row.child("info")
        fill = replace(
            unified.numbered_fill_of(row, symbol),
            client_order_id=id_told(told, "cloid"),
            forced=forced_close(told.optional_text("dir")),
        )
        self._seen.setdefault(fill.venue_order_id, {})[fill.trade_id] = fill
        if len(self._seen) > _ORDERS_KEPT:
            del self._seen[next(iter(self._seen))]
        return fill

    async def of_order(
        self, market: str, report: OrderReport, made_at: datetime, *, urgent: bool
    ) -> Sequence[Fill]:
        """The trades behind ``report``. They are not asked for when no decision waits for them and
        all that an ended order has traded was seen: to ask by each order would use up the weight of
        a minute on those of one gap of a stream."""
        if report.is_terminal and not urgent:
            seen = self._seen.get(report.venue_order_id, {}).values()
            if sum((fill.quantity for fill in seen), Decimal(0)) == report.filled:
                return list(seen)
        until = report.updated_at + _AFTER_END if report.is_terminal else self._end()
        own: list[Fill] = []
        for trade in await self._trades(market, made_at, until, urgent=urgent):
            if trade.text("order") == report.venue_order_id:
                own.append(self.trade(trade, report.symbol))
            else:
                with suppress(BadReply):  # need not be understood
                    self.trade(trade, report.symbol)
        return own

    async def funding(self, instrument: Instrument, since: datetime) -> Sequence[FundingPayment]:
        """Hourly settlements. The hash that ccxt names them by can be zeros."""
        found: dict[str, FundingPayment] = {}
        async with aclosing(
            self._rows("userFunding", "parse_incomes", since, self._end(), urgent=False)
        ) as rows:
            async for row in rows:
                if row.child("info").child("delta").text("coin") == instrument.native:
                    name = f"{instrument.native}-{row.integer('timestamp')}"
                    payment = unified.payment_of(row, instrument.symbol)
                    found[name] = replace(payment, transaction_id=name)
        kept = [payment for payment in found.values() if payment.time >= since]
        return sorted(kept, key=lambda payment: payment.time)

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        """Of the account's USDC. ccxt's own methods list deposits and withdrawals alone."""
        found: dict[str, Transfer] = {}
        async with aclosing(self._lists(LEDGER, since, self._end(), urgent=False)) as lists:
            async for rows in lists:
                told = transfers_of(rows, self._ask.client.walletAddress)
                found.update((it.transfer_id, it) for it in told if it.time >= since)
        return sorted(found.values(), key=lambda it: (it.time, it.transfer_id))

    async def _trades(
        self, market: str, since: datetime, until: datetime, *, urgent: bool
    ) -> Sequence[Fields]:
        """The account's trades in this market, each once."""
        found: dict[str, Fields] = {}
        history = self._rows("userFillsByTime", "parse_trades", since, until, urgent=urgent)
        async with aclosing(history) as rows:
            async for row in rows:
                if row.optional_text("symbol") == market:
                    found[row.text("id")] = row
        return list(found.values())

    async def _rows(
        self, kind: str, parser: str, since: datetime, until: datetime, *, urgent: bool
    ) -> AsyncGenerator[Fields, None]:
        """Everything of a history through a parser of ccxt's; a row may come twice."""
        async with aclosing(self._lists(kind, since, until, urgent=urgent)) as lists:
            async for rows in lists:
                parsed = self._ask.parsed(parser, [row.values for row in rows])
                for row in objects(self._ask.venue, kind, parsed):
                    yield row

    async def _lists(
        self, kind: str, since: datetime, until: datetime, *, urgent: bool
    ) -> AsyncGenerator[Sequence[Fields], None]:
        """A history page by page."""
        client = self._ask.client

        async def page(start: int, end: int) -> Sequence[Fields]:
            span = {"startTime": start, "endTime": end}
            question = {"type": kind, "user": client.walletAddress, **span}
            return await self._ask.rows(kind, client.public_post_info(question), urgent=urgent)

        async with aclosing(pages(page, _times, milliseconds(since), milliseconds(until))) as found:
            async for rows in found:
                yield rows

    def _end(self) -> datetime:
        """After everything, also when our clock is behind the venue's."""
        return self._ask.venue_time() + _AHEAD


def _times(rows: Sequence[Fields]) -> Sequence[int]:
    return [row.integer("time") for row in rows]
