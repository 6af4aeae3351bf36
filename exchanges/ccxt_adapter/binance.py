"""Binance's USDⓈ-margined perpetuals through ccxt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import ccxt.pro

from exchanges.account import Balance, Position
from exchanges.binance import limits, order_request, outcomes
from exchanges.binance.client import POSITION_MARGIN
from exchanges.binance.forced_closes import forced_close
from exchanges.binance.history import PAGE, AccountHistory
from exchanges.binance.market_state import CANDLES, INTERVAL, parse_state
from exchanges.binance.markets import perpetual
from exchanges.binance.parsing import FUNDING_TYPES, position_of, with_fills
from exchanges.binance.signing import RECEIVE_WINDOW_MS, Parameters
from exchanges.ccxt_adapter import unified
from exchanges.ccxt_adapter.client import ExactClient
from exchanges.ccxt_adapter.dialect import Dialect
from exchanges.ccxt_adapter.requests import Requests
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.fill import Fill, KnownOrders
from exchanges.funding import FundingPayment
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport
from exchanges.order_tracking import OrderKey
from exchanges.reply import Fields
from exchanges.rules import Rules, TickBand
from exchanges.transfer import Transfer
from exchanges.transport import Request
from exchanges.venue_client import Costs

_COSTS: Mapping[str, Costs] = {
    "/fapi/v3/balance": limits.ACCOUNT,
    "/fapi/v3/positionRisk": limits.ACCOUNT,
    "/fapi/v1/userTrades": limits.ACCOUNT,
    "/fapi/v1/commissionRate": limits.COMMISSION,
    "/fapi/v1/income": limits.INCOME,
    "/fapi/v1/klines": limits.KLINES,
}


class BinanceClient(ExactClient, ccxt.pro.binanceusdm):  # type: ignore[misc]
    def handle_delta(self, bookside: Any, delta: Any) -> None:
        """ccxt makes floats of them."""
        bookside.store(delta[0], delta[1])

    def handle_order_book_message(self, client: Any, message: Any, orderbook: Any) -> Any:
        """ccxt takes a side that it cannot read for one that has not changed."""
        if not all(isinstance(message.get(side), list) for side in ("a", "b")):
            raise ccxt.BadResponse("a change of a book without its sides")
        return super().handle_order_book_message(client, message, orderbook)

    async def close(self, clean_instance_data: bool = False) -> None:
        """A renewal of the listen key that still waits finds none."""
        self.options["linear"] = {}
        await super().close(clean_instance_data)


class Binance(Dialect):
    venue = Venue.BINANCE
    kind = InstrumentKind.PERPETUAL
    client_class = BinanceClient
    pools = limits.POOLS
    order_pools = limits.ORDER_POOLS
    place_costs = limits.PLACE
    margin_costs = limits.ONE
    levels = 50  # the deepest that still weighs 2
    replies = outcomes.REPLIES
    clock_codes = (outcomes.CLOCK_CODE,)
    id_pattern = order_request.CLIENT_ORDER_ID

    def begin(self, ask: Requests) -> None:
        super().begin(ask)
        self._history = _History(self)

    def configuration(
        self, endpoints: Endpoints, credentials: Credentials | None
    ) -> dict[str, Any]:
        base, sockets = endpoints.base, endpoints.stream_base
        rest = {
            f"fapi{access}{suffix}": f"{base}/fapi/{version}"
            for access in ("Public", "Private")
            for suffix, version in (("", "v1"), ("V2", "v2"), ("V3", "v3"))
        }
        return {
            "apiKey": credentials.access_key if credentials else None,
            "secret": credentials.secret_key if credentials else None,
            "urls": {"api": {**rest, "ws": {"linear": f"{sockets}/ws"}}},
            "options": {
                "recvWindow": RECEIVE_WINDOW_MS,
                # It is asked for with each stream of orders otherwise, and nobody looks at it.
                "watchPositions": {"fetchPositionsSnapshot": False},
            },
        }

    def costs(self, request: Request) -> Costs:
        if self.is_order(request):
            return limits.PLACE
        if request.path == "/fapi/v1/depth":
            levels = parse_qs(request.query).get("limit", ["1000"])[0]
            return limits.DEPTH_50 if levels == "50" else limits.DEPTH_1000
        return _COSTS.get(request.path, limits.ONE)

    def is_order(self, request: Request) -> bool:
        return (request.method, request.path) == ("POST", "/fapi/v1/order")

    def goes_once(self, request: Request) -> bool:
        return self.is_order(request) or request.path == POSITION_MARGIN

    def instrument(self, symbol: str) -> Instrument:
        return perpetual(symbol)

    def market_name(self, symbol: str) -> str:
        return f"{symbol}/USDT:USDT"

    def parameters(self, order: Order) -> Mapping[str, object]:
        sent: dict[str, object] = {
            "newClientOrderId": order.client_order_id,
            "newOrderRespType": "RESULT",
        }
        if order.price is not None:
            sent["timeInForce"] = order_request.TIMES_IN_FORCE[order.time_in_force]
        if order.reduce_only:
            sent["reduceOnly"] = True
        return sent

    def report(self, row: Fields, symbol: str) -> OrderReport:
        report = super().report(row, symbol)
        return replace(report, forced=forced_close(report.client_order_id))

    async def cancel(self, market: str, client_order_id: str) -> None:
        which = {"origClientOrderId": client_order_id}
        await self.ask.ask(self.ask.client.cancel_order(None, market, which), urgent=True)

    async def order(self, market: str, key: OrderKey, *, urgent: bool) -> OrderReport:
        which = {"origClientOrderId": key.client_order_id} if key.client_order_id else {}
        answer = self.ask.client.fetch_order(key.venue_order_id or None, market, which)
        row = await self.ask.row("order", answer, urgent=urgent)
        report = self.report(row, key.symbol)
        if key.client_order_id:
            report = self.answering(report, key.client_order_id)
        else:
            report = unified.of_id(self.venue, report, key.venue_order_id)
        if not report.filled:
            return report
        made_at = row.milliseconds("timestamp")
        fills = await self._history.of_order(key.symbol, report, made_at, urgent=urgent)
        return with_fills(report, fills)

    async def fills(
        self, market: str, symbol: str, since: datetime, known: KnownOrders, *, urgent: bool
    ) -> Sequence[Fill]:
        return await self._history.fills(symbol, since, known, urgent=urgent)

    async def funding(self, market: str, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        return await self._history.funding(symbol, since)

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        return await self._history.transfers(since)

    async def balances(self) -> Sequence[Balance]:
        # ccxt's fetch_balance counts open profit as balance.
        answer = self.ask.client.fapiPrivateV3GetBalance()
        return tuple(
            Balance(row.text("asset"), row.decimal("balance"), row.decimal("availableBalance"))
            for row in await self.ask.rows("balance", answer)
        )

    async def position(self, market: str, symbol: str, *, urgent: bool) -> Position:
        # ccxt's fetch_positions passes over a position whose prices it cannot read.
        native = self.instrument(symbol).native
        answer = self.ask.client.fapiPrivateV3GetPositionRisk({"symbol": native})
        return position_of(await self.ask.rows("position", answer, urgent=urgent), symbol, native)

    async def add_margin(self, market: str, symbol: str, amount: Decimal) -> None:
        # ccxt's add_margin cuts dollars to the decimals of the coin.
        which = order_request.margin_parameters(self.instrument(symbol).native, amount)
        await self.ask.client.fapiPrivatePostPositionMargin(dict(which))

    async def rules(self, market: str, symbol: str) -> Rules:
        """Filters of the market and fees of the account; of both lot filters the stricter."""
        await self.ask.reload_markets()
        await self.market(symbol)
        fee = await self.ask.row("fee", self.ask.client.fetch_trading_fee(market))
        told = Fields(self.venue, "market", self.ask.client.market(market))
        sizes = told.child("limits")
        lots = [sizes.child(name) for name in ("amount", "market")]
        market_lots = [
            row.step("stepSize")
            for row in told.child("info").children("filters")
            if row.text("filterType") == "MARKET_LOT_SIZE"
        ]  # the one step that ccxt leaves out
        return Rules(
            symbol=symbol,
            tick_bands=(TickBand(Decimal(0), told.child("precision").step("price")),),
            quantity_step=max([told.child("precision").step("amount"), *market_lots]),
            min_quantity=max(lot.not_negative("min") for lot in lots),
            max_market_quantity=min(lot.positive("max") for lot in lots),
            min_notional=sizes.child("cost").not_negative("min"),
            maker_fee=fee.decimal("maker"),
            taker_fee=fee.decimal("taker"),
            is_trading=told.values.get("active") is True,
        )

    async def market_state(self, market: str, symbol: str) -> MarketState:
        native, client = self.instrument(symbol).native, self.ask.client
        info = await self.ask.row("exchangeInfo", client.fapiPublicGetExchangeInfo())
        which = {"symbol": native, "interval": INTERVAL, "limit": CANDLES}
        klines = await self.ask.ask(client.fapiPublicGetKlines(which))
        return parse_state(symbol, native, info, klines, self.ask.venue_time())


class _History(AccountHistory):
    """Over ccxt."""

    def __init__(self, dialect: Binance) -> None:
        super().__init__(dialect.ask.clock)
        self._dialect = dialect
        self._ask = dialect.ask

    async def trades(
        self, symbol: str, which: Parameters, *, urgent: bool = False
    ) -> Sequence[Fill]:
        market = self._dialect.market_name(symbol)
        answer = self._ask.client.fetch_my_trades(market, None, PAGE, dict(which))
        rows = await self._ask.rows("trades", answer, urgent=urgent)
        return [unified.numbered_fill_of(row, symbol) for row in rows]

    async def payments(
        self, symbol: str, income_type: str, which: Parameters
    ) -> Sequence[FundingPayment]:
        market, prefix = self._dialect.market_name(symbol), FUNDING_TYPES[income_type]
        more = {**dict(which), "incomeType": income_type}
        answer = self._ask.client.fetch_funding_history(market, None, PAGE, more)
        rows = await self._ask.rows("funding", answer)
        payments = [unified.payment_of(row, symbol) for row in rows]
        return [replace(it, transaction_id=f"{prefix}{it.transaction_id}") for it in payments]

    async def income(self, which: Parameters) -> Sequence[Fields]:
        # ccxt's fetch_ledger lists one currency and leaves out the venue's own ids.
        answer = self._ask.client.fapiPrivateGetIncome({**dict(which), "limit": PAGE})
        return await self._ask.rows("income", answer)

    async def client_order_id(
        self, symbol: str, venue_order_id: str, *, urgent: bool = False
    ) -> str:
        market = self._dialect.market_name(symbol)
        answer = self._ask.client.fetch_order(venue_order_id, market)
        row = await self._ask.row("order", answer, urgent=urgent)
        report = unified.of_id(row.venue, self._dialect.report(row, symbol), venue_order_id)
        return report.client_order_id
