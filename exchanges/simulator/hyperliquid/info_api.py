"""``POST /info``: what anybody may ask about markets and accounts.

Hyperliquid docs, Info endpoint. Accounts are asked for by the main wallet's address; an API
wallet's has nothing to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.actions import (
    MAX_INTEGER,
    Fields,
    address_of,
    json_integer,
    json_object,
    order_id_of,
)
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.books import Books
from exchanges.simulator.hyperliquid.candles import INTERVALS_MS
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.numbers import shown
from exchanges.simulator.hyperliquid.refusal import Malformed
from exchanges.simulator.hyperliquid.wire_account import (
    active_asset_data,
    clearinghouse_state,
    extra_agents,
    funding_delta,
    ledger_delta,
    rate_limit,
    role,
    user_fees,
)
from exchanges.simulator.hyperliquid.wire_market import (
    SPOT_META,
    asset_context,
    candle_row,
    funding_rate,
    l2_book,
    meta,
    middle,
    trade_row,
)
from exchanges.simulator.hyperliquid.wire_orders import (
    aggregated,
    fill_row,
    frontend_order,
    open_order,
    order_record,
)

MAX_FILLS = 2_000
MAX_ORDERS = 2_000
MAX_ROWS = 500
MAX_CANDLES = 5_000
MAX_TRADES = 10
T = TypeVar("T")


class InfoApi:
    """Answers queries; reads only."""

    def __init__(self, engine: HyperliquidEngine, books: Books) -> None:
        self._engine = engine
        self._books = books
        self._handlers: Mapping[str, Callable[[Fields], Any]] = {
            "meta": lambda _: self.meta(),
            "metaAndAssetCtxs": lambda _: [self.meta(), self.contexts()],
            "perpDexs": lambda _: [None],
            "spotMeta": lambda _: SPOT_META,
            "spotMetaAndAssetCtxs": lambda _: [SPOT_META, []],
            "allMids": lambda _: self.mids(),
            "l2Book": self._l2_book,
            "recentTrades": self._recent_trades,
            "candleSnapshot": self._candles,
            "fundingHistory": self._funding_history,
            "exchangeStatus": lambda _: {"specialStatuses": None, "time": engine.now_ms()},
            "clearinghouseState": lambda query: clearinghouse_state(engine, self._account(query)),
            "spotClearinghouseState": lambda query: self._spot_state(query),
            "openOrders": self._open_orders,
            "frontendOpenOrders": self._frontend_open_orders,
            "orderStatus": self._order_status,
            "historicalOrders": self._historical_orders,
            "userFills": self._user_fills,
            "userFillsByTime": self._user_fills_by_time,
            "userFunding": self._user_funding,
            "userNonFundingLedgerUpdates": self._ledger_updates,
            "userRateLimit": lambda query: rate_limit(self._account(query)),
            "userRole": lambda query: role(engine, _user(query)),
            "userFees": lambda query: _for_user(query, user_fees()),
            "userAbstraction": lambda query: _for_user(query, "default"),
            "maxBuilderFee": lambda query: _for_user(query, 0),
            "extraAgents": lambda query: extra_agents(self._account(query)),
            "activeAssetData": self._active_asset_data,
        }

    def answer(self, query: object) -> Any:
        """Raises Malformed for a query that the venue does not know."""
        fields = json_object(query)
        kind = fields.get("type")
        handler = self._handlers.get(kind) if isinstance(kind, str) else None
        if handler is None:
            raise Malformed
        return handler(fields)

    # ---- markets

    def meta(self) -> dict[str, Any]:
        return meta(self._engine, self._engine.book.is_halted)

    def contexts(self) -> list[dict[str, Any]]:
        return [self.context(asset) for asset in self._engine.assets.values()]

    def context(self, asset: Asset) -> dict[str, Any]:
        return asset_context(self._engine, asset, self._books.view(asset))

    def mids(self) -> dict[str, str]:
        return {
            asset.coin: shown(middle(self._books.view(asset)))
            for asset in self._engine.assets.values()
        }

    def _l2_book(self, query: Fields) -> Any:
        asset = self._engine.asset(query.get("coin"))
        figures, mantissa = grouping(query)
        if asset is None:
            return None
        return l2_book(asset, self._books.view(asset), figures, mantissa)

    def _recent_trades(self, query: Fields) -> Any:
        asset = self._engine.asset(query.get("coin"))
        if asset is None:
            return []
        return [trade_row(asset.coin, one) for one in self._engine.tape(asset).recent(MAX_TRADES)]

    def _candles(self, query: Fields) -> Any:
        wanted = json_object(query.get("req"))
        interval, asset = wanted.get("interval"), self._engine.asset(wanted.get("coin"))
        if interval not in INTERVALS_MS:
            raise Malformed
        start, end = _window(wanted)
        if asset is None:
            return []
        found = self._engine.tape(asset).candles.of(interval, start, end)
        return [candle_row(asset.coin, interval, candle) for candle in found[-MAX_CANDLES:]]

    def _funding_history(self, query: Fields) -> Any:
        start, end = _window(query)
        rates = [one for one in self._engine.funding_rates if one.coin == query.get("coin")]
        return [funding_rate(rate) for rate in _first(rates, MAX_ROWS, start, end)]

    # ---- accounts

    def _account(self, query: Fields) -> VenueAccount | None:
        return self._engine.account(_user(query))

    def _spot_state(self, query: Fields) -> Any:
        return _for_user(query, {"balances": []})

    def _open_orders(self, query: Fields) -> Any:
        account = self._account(query)
        return [] if account is None else [open_order(one) for one in account.orders.open()]

    def _frontend_open_orders(self, query: Fields) -> Any:
        account = self._account(query)
        if account is None:
            return []
        return [frontend_order(account, order) for order in account.orders.open()]

    def _order_status(self, query: Fields) -> Any:
        account, order_id = self._account(query), order_id_of(query.get("oid"))
        order = None if account is None else account.orders.find(order_id)
        if account is None or order is None:
            return {"status": "unknownOid"}
        return {"status": "order", "order": order_record(account, order)}

    def _historical_orders(self, query: Fields) -> Any:
        account = self._account(query)
        if account is None:
            return []
        return [order_record(account, order) for order in account.orders.latest(MAX_ORDERS)]

    def _user_fills(self, query: Fields) -> Any:
        """Newest first."""
        account = self._account(query)
        if account is None:
            return []
        fills = aggregated(account.fills) if _aggregates(query) else account.fills
        return [fill_row(account.address, fill) for fill in fills[: -MAX_FILLS - 1 : -1]]

    def _user_fills_by_time(self, query: Fields) -> Any:
        """Oldest first, so that the next page begins at the last time."""
        account, (start, end) = self._account(query), _window(query)
        if account is None:
            return []
        fills = aggregated(account.fills) if _aggregates(query) else account.fills
        found = _first(fills, MAX_FILLS, start, end)
        return [fill_row(account.address, fill) for fill in found]

    def _user_funding(self, query: Fields) -> Any:
        account, (start, end) = self._account(query), _window(query)
        payments = [] if account is None else account.funding
        return [funding_delta(payment) for payment in _first(payments, MAX_ROWS, start, end)]

    def _ledger_updates(self, query: Fields) -> Any:
        account, (start, end) = self._account(query), _window(query)
        updates = [] if account is None else account.ledger
        return [ledger_delta(update) for update in _first(updates, MAX_ROWS, start, end)]

    def _active_asset_data(self, query: Fields) -> Any:
        account, asset = self._account(query), self._engine.asset(query.get("coin"))
        if account is None or asset is None:
            return None
        return active_asset_data(self._engine, account, asset)


def grouping(query: Fields) -> tuple[int | None, int | None]:
    """``nSigFigs`` and ``mantissa``; the second only with five figures."""
    figures, mantissa = query.get("nSigFigs"), query.get("mantissa")
    if figures is not None and json_integer(figures, least=2) > 5:
        raise Malformed
    if mantissa is not None and (figures != 5 or mantissa not in (1, 2, 5)):
        raise Malformed
    return figures, mantissa


def _user(query: Fields) -> str:
    return address_of(query.get("user"))


def _for_user(query: Fields, answer: T) -> T:
    """The same for everybody, but somebody must be named."""
    _user(query)
    return answer


def _aggregates(query: Fields) -> bool:
    wanted = query.get("aggregateByTime")
    if wanted is not None and not isinstance(wanted, bool):
        raise Malformed
    return bool(wanted)


def _window(query: Fields) -> tuple[int, int]:
    """``startTime`` and ``endTime``, both included; everything by default."""
    start, end = query.get("startTime"), query.get("endTime")
    return (
        0 if start is None else json_integer(start),
        MAX_INTEGER if end is None else json_integer(end),
    )


def _first(records: Iterable[Any], count: int, start: int, end: int) -> list[Any]:
    """The first ``count`` of ``records`` (oldest first) within the window."""
    return [one for one in records if start <= one.time_ms <= end][:count]
