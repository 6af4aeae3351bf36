"""Hyperliquid's perpetuals through ccxt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from exchanges.account import Balance, Position
from exchanges.book import Book
from exchanges.ccxt_adapter import unified
from exchanges.ccxt_adapter.client import exact_json
from exchanges.ccxt_adapter.dialect import Dialect, Watch
from exchanges.ccxt_adapter.hyperliquid_client import HyperliquidClient
from exchanges.ccxt_adapter.hyperliquid_history import HyperliquidHistory
from exchanges.ccxt_adapter.requests import Requests
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import BadReply, OrderNotFound, RateLimited, VenueUnavailable
from exchanges.fill import Fill, KnownOrders
from exchanges.funding import FundingPayment
from exchanges.hyperliquid import limits, order_request, outcomes
from exchanges.hyperliquid.address import parse_address
from exchanges.hyperliquid.address_budget import AddressBudget
from exchanges.hyperliquid.client_order_ids import CLIENT_ORDER_ID, cloid_of
from exchanges.hyperliquid.market_state import candles_question, parse_state
from exchanges.hyperliquid.nonces import milliseconds
from exchanges.hyperliquid.numbers import market_bound, price_bands
from exchanges.hyperliquid.order_parsing import ToldOrder, id_told, with_fills
from exchanges.hyperliquid.order_stream import QUIET_S
from exchanges.hyperliquid.parsing import MIN_NOTIONAL, QUOTE, isolated_margin, market_of
from exchanges.hyperliquid.signing import parse_key
from exchanges.hyperliquid.transfers import LEDGER
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport, OrderStatus
from exchanges.order_tracking import OrderKey
from exchanges.reply import Fields
from exchanges.rules import Rules
from exchanges.transfer import Transfer
from exchanges.transport import Request, Response
from exchanges.venue_client import Costs

_BOOK_AGE_S = 1.0
"""The bound of a market order is not taken from an older book."""
_FEW_ROWS_MS = 3_600_000
"""A span in which an account has not many trades."""
_NOBODY = "0x" + "0" * 40
"""An address like any other, to ask for the time without an account."""
_LIGHT = ("l2Book", "clearinghouseState", "orderStatus")
_HISTORIES = ("userFillsByTime", "userFunding")


class Hyperliquid(Dialect):
    venue = Venue.HYPERLIQUID
    kind = InstrumentKind.PERPETUAL
    client_class = HyperliquidClient
    pools = limits.POOLS
    order_pools = (limits.WEIGHT,)
    place_costs = limits.ACTION
    margin_costs = limits.ACTION
    acknowledges = True
    quiet_s = QUIET_S  # open orders weigh a sixtieth of a minute's questions
    levels = 20  # as many as there are
    replies = outcomes.REPLIES
    clock_codes = ("expired", "nonce")
    id_pattern = CLIENT_ORDER_ID

    def is_ours(self, market: Mapping[str, Any], symbol: str) -> bool:
        # The id is the place in the venue's list.
        return bool(market["baseName"] == self.instrument(symbol).native)

    def begin(self, ask: Requests) -> None:
        super().begin(ask)
        self._history = HyperliquidHistory(ask)
        self._address_budget = AddressBudget(ask.clock)
        self._books: dict[str, Book] = {}
        self._rules: dict[str, Rules] = {}

    def configuration(
        self, endpoints: Endpoints, credentials: Credentials | None
    ) -> dict[str, Any]:
        if credentials is not None:
            parse_key(credentials.secret_key)
            parse_address(credentials.access_key)
        base, socket = endpoints.base, f"{endpoints.stream_base}/ws"
        # Anywhere but on the test network signatures are those of the main one.
        is_testnet = "testnet" in (urlsplit(endpoints.rest).hostname or "")
        return {
            "walletAddress": credentials.access_key.lower() if credentials else None,
            "privateKey": credentials.secret_key if credentials else None,
            "urls": {"api": {"public": base, "private": base, "ws": {"public": socket}}},
            "options": {
                "sandboxMode": is_testnet,
                "fetchMarkets": {"types": ["swap"]},  # one's own, and nobody else's
                "marketHelperProps": [],  # nothing else to share between clients
            },
        }

    def costs(self, request: Request) -> Costs:
        if request.path == "/exchange":
            return limits.ACTION
        question = exact_json(request.body)
        if question["type"] in _LIGHT:
            return limits.LIGHT
        if question["type"] in _HISTORIES:
            now = milliseconds(self.ask.venue_time())  # no row is younger, whatever is asked for
            span = min(question.get("endTime", now), now) - question.get("startTime", 0)
            return limits.ORDER_FILLS if span <= _FEW_ROWS_MS else limits.HISTORY
        if question["type"] == LEDGER:
            return limits.LEDGER
        return limits.CANDLES if question["type"] == "candleSnapshot" else limits.QUESTION

    def is_order(self, request: Request) -> bool:
        return request.path == "/exchange" and _action(request) == "order"

    def goes_once(self, request: Request) -> bool:
        return self.is_order(request) or self._moves_margin(request)

    def sending(self, request: Request) -> None:
        if request.path == "/exchange":
            self._address_budget.spend()

    def judge(self, request: Request, response: Response) -> None:
        """What the venue has judged it answers with HTTP 200."""
        try:
            if request.path == "/info":
                _refuse_unknown_order(request, response)
            elif self.is_order(request):
                outcomes.placed(response.body)
            elif self._moves_margin(request):
                outcomes.margin_moved(response.body)
            else:
                outcomes.cancel_taken(response.body)
        except outcomes.NothingMatched:
            return  # an end like any other, see placed()
        except RateLimited:
            self._address_budget.refused()
            raise

    def instrument(self, symbol: str) -> Instrument:
        return Instrument(self.venue, self.kind, symbol, QUOTE, symbol)

    def market_name(self, symbol: str) -> str:
        return f"{symbol.upper()}/{QUOTE}:{QUOTE}"

    def coin(self, market: Mapping[str, Any]) -> str | None:
        symbol = str(market["baseName"])
        return symbol if self.market_name(symbol) == market["symbol"] else None

    def breach(self, order: Order) -> str | None:
        return order_request.breach(order)

    def before_order(self, *, urgent: bool) -> None:
        wait_s = self._address_budget.wait_s(urgent=urgent)
        if wait_s > 0:
            reason = "not sent: the address has used up its actions"
            raise RateLimited(self.venue, reason, retry_after_s=wait_s, banned=False)

    def order_room(self) -> int | None:
        return self._address_budget.room()

    async def limit(self, order: Order) -> Decimal:
        """A market order is an IOC order at most 5 % through the middle of the book, which is read
        first when the last one seen is older than a second."""
        if order.price is not None:
            return order.price
        seen = self._books.get(order.symbol)
        try:
            if seen is None or self.ask.clock.monotonic() - seen.received > _BOOK_AGE_S:
                seen = await self.book(self.market_name(order.symbol), order.symbol, urgent=True)
        except BadReply as error:
            raise VenueUnavailable(
                self.venue, f"not sent without a book: {error.message}"
            ) from None
        if seen.best_bid is None or seen.best_ask is None or seen.is_crossed:
            raise VenueUnavailable(self.venue, "not sent: the book has no middle")
        middle = (seen.best_bid.price + seen.best_ask.price) / 2
        return market_bound(self._rules[order.symbol], order.side, middle)

    def seen(self, book: Book) -> Book:
        self._books[book.symbol] = book
        return book

    def parameters(self, order: Order) -> Mapping[str, object]:
        at_once = order_request.ends_at_once(order)
        return {
            "clientOrderId": cloid_of(order.client_order_id),
            "timeInForce": "Ioc" if at_once else order_request.TIMES_IN_FORCE[order.time_in_force],
            "reduceOnly": order.reduce_only,
        }

    def placed(self, order: Order, row: Fields) -> OrderReport:
        """The reply tells of an order only its id and what has traded."""
        if row.values.get("status") == "rejected":  # judge() has let nothing pass but an order that
            return _empty_end(order, self.ask.venue_time())  # found nothing to match
        filled = row.positive("filled") if row.child("info").has("filled") else Decimal(0)
        if filled > order.quantity:
            raise row.bad("filled", "no more than was ordered")
        if filled == order.quantity:
            status = OrderStatus.FILLED
        elif filled and order_request.ends_at_once(order):
            status = OrderStatus.EXPIRED
        else:
            # An IOC order that rests is no IOC order: it is told as what it is, and is cancelled.
            status = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
        return replace(
            _empty_end(order, self.ask.venue_time()),
            venue_order_id=row.text("id"),
            status=status,
            filled=filled,
        )

    def report(self, row: Fields, symbol: str) -> OrderReport:
        name = id_told(row, "clientOrderId")
        status = row.child("info").optional_text("status")
        told = "canceled" if status == "scheduledCancel" else row.text("status")
        values = {
            **row.values,
            "status": told,
            "clientOrderId": name,
        }
        if told == "closed":
            filled = row.not_negative("filled")
            if not filled:
                values["filled"] = row.values["amount"]  # seen so of orders that filled in one go
            elif filled < row.not_negative("amount"):
                values["status"] = "expired"  # an IOC order's rest is gone while it is called so
        report = unified.report_of(replace(row, values=values), symbol)
        if status == "iocCancelRejected":
            return replace(report, status=OrderStatus.EXPIRED)
        return report

    async def cancel(self, market: str, client_order_id: str) -> None:
        which = {"clientOrderId": self._cloid(client_order_id)}
        await self.ask.ask(self.ask.client.cancel_order(None, market, which), urgent=True)

    async def order(self, market: str, key: OrderKey, *, urgent: bool) -> OrderReport:
        which = {"clientOrderId": self._cloid(key.client_order_id)} if key.client_order_id else {}
        answer = self.ask.client.fetch_order(key.venue_order_id or None, market, which)
        row = await self.ask.row("order", answer, urgent=urgent)
        report = self.report(row, key.symbol)
        if key.client_order_id:
            report = self.answering(report, key.client_order_id)
        else:
            report = unified.of_id(self.venue, report, key.venue_order_id)
        # Between two changes of its status an order is told as it was at the last one; what has
        # traded since is in the trades.
        made_at = row.milliseconds("timestamp")
        if ToldOrder(report, made_at).never_traded:
            return report
        return with_fills(
            report, await self._history.of_order(market, report, made_at, urgent=urgent)
        )

    async def fills(
        self, market: str, symbol: str, since: datetime, known: KnownOrders, *, urgent: bool
    ) -> Sequence[Fill]:
        return await self._history.fills(market, symbol, since, urgent=urgent)

    async def funding(self, market: str, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        return await self._history.funding(self.instrument(symbol), since)

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        return await self._history.transfers(since)

    async def balances(self) -> Sequence[Balance]:
        """USDC alone: what was paid in and earned. ccxt counts open profit as balance."""
        answer = self.ask.client.fetch_balance({"enableUnifiedMargin": False})
        row = await self.ask.row("balance", answer)
        state = row.child("info")
        positions = [item.child("position") for item in state.children("assetPositions")]
        open_profit = sum((item.decimal("unrealizedPnl") for item in positions), Decimal(0))
        total = row.child("total").decimal(QUOTE) - open_profit
        return (Balance(QUOTE, total, min(state.decimal("withdrawable"), total)),)

    async def position(self, market: str, symbol: str, *, urgent: bool) -> Position:
        answer = self.ask.client.fetch_positions([market])
        rows = await self.ask.rows("position", answer, urgent=urgent)
        if not rows:
            return unified.flat(symbol)
        behind = isolated_margin(rows[0].child("info").child("position"))
        return replace(unified.position_of(rows[0], symbol), isolated_margin=behind)

    async def add_margin(self, market: str, symbol: str, amount: Decimal) -> None:
        self.before_order(urgent=True)
        asset = int(self.ask.client.market(market)["baseId"])
        await self.ask.client.carry_out(order_request.margin_action(asset, amount))

    async def rules(self, market: str, symbol: str) -> Rules:
        """The market's precision and the account's fees; and how many actions are left."""
        client = self.ask.client
        await self.ask.reload_markets()
        await self.market(symbol)
        fee = await self.ask.row("fee", client.fetch_trading_fee(market))
        question = {"type": "userRateLimit", "user": client.walletAddress}
        use = await self.ask.row("userRateLimit", client.public_post_info(question))
        self._address_budget.observe(use.integer("nRequestsUsed"), use.integer("nRequestsCap"))
        told = Fields(self.venue, "market", client.market(market))
        step = told.child("precision").step("amount")
        rules = Rules(
            symbol=symbol,
            tick_bands=price_bands(-step.adjusted()),
            quantity_step=step,
            min_quantity=step,
            max_market_quantity=None,
            min_notional=MIN_NOTIONAL,
            maker_fee=fee.decimal("maker"),
            taker_fee=fee.decimal("taker"),
            is_trading=told.values.get("active") is True,
        )
        self._rules[symbol] = rules
        return rules

    async def market_state(self, market: str, symbol: str) -> MarketState:
        native, now = self.instrument(symbol).native, self.ask.venue_time()
        post = self.ask.client.public_post_info
        meta = await self.ask.row("meta", post({"type": "meta"}))
        candles = await self.ask.rows("candleSnapshot", post(candles_question(native, now)))
        is_trading = market_of(meta, native).is_trading
        return parse_state(symbol, native, is_trading, candles, now)

    async def time(self) -> datetime:
        """Of the chain's latest block, by which nonces and expiries are judged."""
        question = {"type": "clearinghouseState", "user": _NOBODY}
        answer = self.ask.client.public_post_info(question)
        return (await self.ask.row("time", answer, urgent=True)).milliseconds("time")

    def watches(self, client: Any) -> Sequence[Watch]:
        """Trades too: not every trade changes an order's status. Their stream begins with those of
        long ago, which are passed over."""
        now = milliseconds(self.ask.venue_time())
        return (client.watch_orders, partial(client.watch_my_trades, None, now))

    def told(self, row: Fields, symbol: str) -> OrderReport | Fill:
        """All of it: what else REST would say of each change weighs more than a minute allows."""
        return self._history.trade(row, symbol) if row.has("order") else self.report(row, symbol)

    @staticmethod
    def _moves_margin(request: Request) -> bool:
        return request.path == "/exchange" and _action(request) == "updateIsolatedMargin"

    def _cloid(self, client_order_id: str) -> str:
        try:
            return cloid_of(client_order_id)
        except ValueError:
            reason = f"no order can have the id {client_order_id!r}"
        raise OrderNotFound(self.venue, reason)


def _action(request: Request) -> str:
    return str(exact_json(request.body)["action"]["type"])


def _refuse_unknown_order(request: Request, response: Response) -> None:
    """Raises OrderNotFound."""
    if exact_json(request.body)["type"] == "orderStatus":
        answer = exact_json(response.body)
        if not isinstance(answer, dict) or answer.get("status") != "order":
            raise OrderNotFound(Venue.HYPERLIQUID, "there is no such order (unknownOid)")


def _empty_end(order: Order, now: datetime) -> OrderReport:
    return OrderReport(
        client_order_id=order.client_order_id,
        venue_order_id="",
        symbol=order.symbol,
        side=order.side,
        status=OrderStatus.EXPIRED,
        quantity=order.quantity,
        filled=Decimal(0),
        updated_at=now,
    )
