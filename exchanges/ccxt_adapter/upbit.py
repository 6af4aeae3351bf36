"""Upbit's KRW spot market through ccxt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import ccxt.pro

from exchanges.account import Balance, Position
from exchanges.ccxt_adapter import unified
from exchanges.ccxt_adapter.client import ExactClient
from exchanges.ccxt_adapter.dialect import Dialect
from exchanges.ccxt_adapter.requests import Requests
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import BadReply, ExchangeError
from exchanges.fill import Fill, KnownOrders
from exchanges.funding import FundingPayment
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport, TimeInForce
from exchanges.order_tracking import OrderKey
from exchanges.reply import Fields, consistent, fields
from exchanges.rules import Rules
from exchanges.transfer import Transfer
from exchanges.transport import Request, Response
from exchanges.upbit import limits, order_request, outcomes
from exchanges.upbit.client import REPLIES
from exchanges.upbit.market_state import CANDLE_MINUTES, CANDLES, parse_state
from exchanges.upbit.own_trades import TradesOfOrders, milliseconds
from exchanges.upbit.parsing import QUANTITY_STEP, ListedOrder, fee_shares, parse_date_header
from exchanges.upbit.signing import Parameters
from exchanges.upbit.ticks import bands_with
from exchanges.upbit.transfers import transfers_since
from exchanges.venue_client import Costs
from exchanges.web_socket import NotConnected

_ORDER: Costs = {limits.ORDER: 1}
_CONNECT: Costs = {limits.WEBSOCKET_CONNECT: 1}
_LONGEST_WAIT_S = 2.0
"""Two windows of the rate limit."""
_MESSAGE_S = limits.SECOND_S / 4
"""Between two messages on a WebSocket, which may be five a second."""
_PAGE = 100
"""Upbit docs, "List open orders": the longest."""


class UpbitClient(ExactClient, ccxt.pro.upbit):  # type: ignore[misc]
    def client(self, url: str) -> Any:
        """The WebSocket at ``url``: ccxt sends a message for each market, all at once."""
        is_new = url not in self.clients
        client = super().client(url)
        if is_new:
            client.send = _paced(client.send)
        return client

    def sign(self, path: str, api: Any = "public", method: str = "GET", params: Any = None) -> Any:
        """Of two own orders that meet, the one that rests ends. ccxt takes the mode and does not
        send it."""
        sent = {} if params is None else params
        if (method, path) == ("POST", "orders") and sent.get("time_in_force") != "post_only":
            sent = {**sent, "smp_type": "cancel_maker"}
        return super().sign(path, api, method, sent)


def _paced(send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    """``send``, as often as a connection may."""
    turn = asyncio.Lock()

    async def paced(message: Any) -> None:
        async with turn:
            await send(message)
            await asyncio.sleep(_MESSAGE_S)

    return paced


class Upbit(Dialect):
    venue = Venue.UPBIT
    kind = InstrumentKind.SPOT
    client_class = UpbitClient
    pools = limits.POOLS
    order_pools = (limits.ORDER,)
    place_costs = _ORDER
    connect_costs = _CONNECT
    levels = 30  # the most there are
    replies = REPLIES
    id_pattern = order_request.CLIENT_ORDER_ID

    def begin(self, ask: Requests) -> None:
        super().begin(ask)
        self._own_trades = _OwnTrades(self)

    def configuration(
        self, endpoints: Endpoints, credentials: Credentials | None
    ) -> dict[str, Any]:
        base, socket = endpoints.base, f"{endpoints.stream_base}/websocket/v1"
        return {
            "apiKey": credentials.access_key if credentials else None,
            "secret": credentials.secret_key if credentials else None,
            "urls": {"api": {"public": base, "private": base, "ws": socket}},
        }

    def costs(self, request: Request) -> Costs:
        if self.is_order(request):
            return _ORDER
        if request.path.startswith("/v1/candles"):
            return {limits.CANDLES: 1}
        if request.path == "/v1/ticker":
            return {limits.TICKER: 1}
        # The list of markets is a group of its own, as large as that of the books.
        is_public = request.path.startswith(("/v1/orderbook", "/v1/market"))
        return {limits.ORDERBOOK if is_public else limits.DEFAULT: 1}

    def is_order(self, request: Request) -> bool:
        return (request.method, request.path) == ("POST", "/v1/orders")

    def instrument(self, symbol: str) -> Instrument:
        return Instrument(Venue.UPBIT, InstrumentKind.SPOT, symbol, "KRW", f"KRW-{symbol}")

    def market_name(self, symbol: str) -> str:
        return f"{symbol}/KRW"

    def breach(self, order: Order) -> str | None:
        return order_request.breach(order)

    def parameters(self, order: Order) -> Mapping[str, object]:
        named = {"clientOrderId": order.client_order_id}
        if order.time_in_force is TimeInForce.POST_ONLY:
            return {**named, "postOnly": True}
        if order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            return {**named, "timeInForce": order.time_in_force.upper()}
        return named

    def report(self, row: Fields, symbol: str) -> OrderReport:
        """Where an amount of money was ordered (by hand), the quantity is what it bought; an order
        that self-trade prevention took a part off ends with less than all of it executed."""
        values, info = dict(row.values), row.child("info")
        if not row.has("amount"):
            values["amount"] = values.get("filled")
        if info.has("prevented_volume") and info.not_negative("prevented_volume"):
            values["status"] = "canceled" if row.text("status") == "closed" else row.text("status")
        return super().report(replace(row, values=values), symbol)

    def answering(self, report: OrderReport, client_order_id: str) -> OrderReport:
        """Upbit echoes the id, except for orders made before 2024-10-18."""
        if not report.client_order_id:
            report = replace(report, client_order_id=client_order_id)
        return super().answering(report, client_order_id)

    async def cancel(self, market: str, client_order_id: str) -> None:
        # ccxt's cancel_order and fetch_order name a uuid always.
        answer = self.ask.client.private_delete_order({"identifier": client_order_id})
        await self.ask.ask(answer, urgent=True)

    async def room_to_read(self) -> None:
        await self.room_to_ask()

    async def order(self, market: str, key: OrderKey, *, urgent: bool) -> OrderReport:
        if key.venue_order_id and not key.client_order_id:
            by_uuid = await self.read(key.symbol, {"uuid": key.venue_order_id}, urgent=urgent)
            return unified.of_id(self.venue, by_uuid, key.venue_order_id)
        which = {"identifier": key.client_order_id}
        report = await self.read(key.symbol, which, urgent=urgent)
        named = tuple(replace(it, client_order_id=key.client_order_id) for it in report.fills)
        return self.answering(replace(report, fills=named), key.client_order_id)

    async def read(self, symbol: str, which: Mapping[str, str], *, urgent: bool) -> OrderReport:
        """An order with its trades."""
        answer = await self.ask.ask(self.ask.client.private_get_order(which), urgent=urgent)
        row = fields(self.venue, "order", self.ask.parsed("parse_order", answer))
        return _with_fills(self.report(row, symbol), row)

    async def open_orders(self, market: str, symbol: str, *, urgent: bool) -> Sequence[OrderReport]:
        reports: list[OrderReport] = []
        for state in ("wait", "watch"):
            number, rows = 0, _PAGE
            while rows == _PAGE:
                number += 1
                more = {"state": state, "page": number}
                answer = self.ask.client.fetch_open_orders(market, None, _PAGE, more)
                page = await self.ask.rows("orders", answer, urgent=urgent)
                reports.extend(self.report(row, symbol) for row in page)
                rows = len(page)
        self._own_trades.saw_open(reports)
        return reports

    async def fills(
        self, market: str, symbol: str, since: datetime, known: KnownOrders, *, urgent: bool
    ) -> Sequence[Fill]:
        """See :class:`exchanges.upbit.own_trades.TradesOfOrders`: there is no list of trades."""
        still_open = await self.open_orders(market, symbol, urgent=urgent)
        native = self.instrument(symbol).native
        return await self._own_trades.since(symbol, native, since, still_open, known, urgent=urgent)

    async def funding(self, market: str, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        """Nothing: holding coins costs and earns no funding."""
        return ()

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        lists = {
            "deposits": self.ask.client.private_get_deposits,
            "withdraws": self.ask.client.private_get_withdraws,
        }  # ccxt's own methods leave out when a transfer was done

        async def ask(name: str, which: Parameters) -> Sequence[Fields]:
            await self.room_to_ask()
            return await self.ask.rows(name, lists[name](dict(which)))

        return await transfers_since(ask, since)

    async def balances(self) -> Sequence[Balance]:
        return unified.balances_of(await self._accounts())

    async def position(self, market: str, symbol: str, *, urgent: bool) -> Position:
        """The coin balance as a long position; a coin that is not listed is not held."""
        accounts = await self._accounts(urgent=urgent)
        for row in accounts.children("info"):
            if row.text("currency") == symbol:
                held = accounts.child("total").decimal(symbol)
                price = row.optional_price("avg_buy_price")
                return replace(unified.flat(symbol), quantity=held, entry_price=price)
        return unified.flat(symbol)

    async def rules(self, market: str, symbol: str) -> Rules:
        """Fees and minimum of the account, the stated tick, and the book to see where it holds."""
        fee = await self.ask.row("fee", self.ask.client.fetch_trading_fee(market))
        told = fee.child("info").child("market")
        tick = (await self._instrument(self.instrument(symbol).native)).step("tick_size")
        await self.room_to_ask(limits.ORDERBOOK)
        book = await self.book(market, symbol)
        prices = [level.price for level in (book.best_bid, book.best_ask) if level is not None]
        try:
            bands = bands_with(tick, prices)
        except ValueError as error:
            raise BadReply(self.venue, f"instruments.tick_size: {error}") from None
        return Rules(
            symbol=symbol,
            tick_bands=bands,
            quantity_step=QUANTITY_STEP,
            min_quantity=QUANTITY_STEP,
            max_market_quantity=None,
            min_notional=max(told.child(side).not_negative("min_total") for side in ("bid", "ask")),
            max_notional=told.positive("max_total") if told.has("max_total") else None,
            maker_fee=fee.decimal("maker"),
            taker_fee=fee.decimal("taker"),
            is_trading=told.text("state") == "active",
        )

    async def market_state(self, market: str, symbol: str) -> MarketState:
        native, client = self.instrument(symbol).native, self.ask.client
        which = {"market": native}
        chance = await self.ask.row("chance", client.private_get_orders_chance(which))
        wallets = await self.ask.rows("wallets", client.private_get_status_wallet())
        day = {**which, "unit": CANDLE_MINUTES, "count": CANDLES}
        candles = await self.ask.rows("candles", client.public_get_candles_minutes_unit(day))
        now = self.ask.venue_time()
        return parse_state(symbol, native, chance.child("market"), wallets, candles, now)

    async def time(self) -> datetime:
        """Upbit has no such call: the Date header of a small reply, right to half a second, which
        takes no place from the books."""
        await self.room_to_ask(limits.TICKER)
        await self.ask.rows("ticker", self.ask.client.public_get_ticker({"markets": "KRW-BTC"}))
        # Nothing ran between the reply and this.
        return parse_date_header(Response(200, self.ask.client.last_response_headers, b""))

    def stream_failure(
        self, refused: NotConnected, *, is_signed: bool
    ) -> ExchangeError | NotConnected:
        return outcomes.handshake_error(refused, is_signed=is_signed)

    async def room_to_ask(self, pool: str = limits.DEFAULT, *, urgent: bool = False) -> None:
        """Wait until one more question fits: for what takes many and has time; ``urgent`` may use
        the rate reserve. Raises RateLimited when the venue has silenced us for longer."""
        await self.ask.rest.room({pool: 1}, longest_s=_LONGEST_WAIT_S, urgent=urgent)

    async def _accounts(self, *, urgent: bool = False) -> Fields:
        return await self.ask.row("balance", self.ask.client.fetch_balance(), urgent=urgent)

    async def _instrument(self, native: str) -> Fields:
        """Shares its limit with the books, which go first: it waits."""
        await self.room_to_ask(limits.ORDERBOOK)
        answer = self.ask.client.public_get_orderbook_instruments({"markets": native})
        for row in await self.ask.rows("instruments", answer):
            if row.text("market") == native:
                return row
        raise BadReply(self.venue, f"instruments: expected a row for {native}")


class _OwnTrades(TradesOfOrders):
    """Over ccxt."""

    def __init__(self, dialect: Upbit) -> None:
        super().__init__(dialect.ask.clock)
        self._dialect = dialect

    async def read(
        self, venue_order_id: str, symbol: str, native: str, *, urgent: bool
    ) -> OrderReport:
        await self._dialect.room_to_ask(urgent=urgent)
        return await self._dialect.read(symbol, {"uuid": venue_order_id}, urgent=urgent)

    async def closed(
        self,
        symbol: str,
        native: str,
        start: datetime,
        end: datetime,
        limit: int,
        *,
        urgent: bool,
    ) -> Sequence[ListedOrder]:
        # ccxt's own methods list either the executed or the cancelled ones.
        ask = self._dialect.ask
        await self._dialect.room_to_ask(urgent=urgent)
        span = {"start_time": milliseconds(start), "end_time": milliseconds(end)}
        which = {"market": native, **span, "limit": limit, "order_by": "asc"}
        answer = await ask.ask(ask.client.private_get_orders_closed(which), urgent=urgent)
        parsed = ask.parsed("parse_orders", answer)
        rows = Fields(self._dialect.venue, "closed", {"orders": parsed}).children("orders")
        return [ListedOrder(self._dialect.report(row, symbol), _may_rest(row)) for row in rows]


def _may_rest(row: Fields) -> bool:
    is_limit = row.optional_text("type") in (None, "limit")
    return is_limit and row.optional_text("timeInForce") not in ("IOC", "FOK")


def _with_fills(report: OrderReport, row: Fields) -> OrderReport:
    """``report`` with the trades of the order and their shares of its fee, oldest first.

    Upbit states the fee of the order only. While the listed trades do not add up to the executed
    quantity, their shares cannot be known, and none is there.
    """
    trades = sorted(row.children("trades"), key=lambda trade: trade.integer("timestamp"))
    listed = sum((trade.positive("amount") for trade in trades), Decimal(0))
    if listed > report.filled:
        raise row.bad("trades", "no more than was executed")
    if listed != report.filled:
        return report
    if not trades:
        return report
    paid = row.child("fee")
    shares = fee_shares(paid.decimal("cost"), [trade.not_negative("cost") for trade in trades])
    fills = [
        unified.fill_of(
            replace(trade, values={**trade.values, "fee": {**paid.values, "cost": share}}),
            report.symbol,
        )
        for trade, share in zip(trades, shares, strict=True)
    ]
    named = tuple(replace(it, client_order_id=report.client_order_id or None) for it in fills)
    return consistent(row.venue, replace(report, fills=named))
