"""JSON of the exchange API: every number a string, times in Korean time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from exchanges.decimal_json import plain
from exchanges.side import Side
from exchanges.simulator.market import Listing
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.order import SimulatedOrder, Trade
from exchanges.simulator.upbit.order_request import FEE, MAX_TOTAL, MIN_TOTAL

KST = timezone(timedelta(hours=9))
NETWORKS = {"BTC": ("BTC", "Bitcoin"), "USDT": ("TRX", "Tron"), "USDC": ("ETH", "Ethereum")}
"""(net_type, network_name) that a coin moves on."""
_ZERO = Decimal(0)


def korean_time(moment: datetime) -> str:
    return moment.astimezone(KST).isoformat(timespec="seconds")


def order_json(order: SimulatedOrder) -> dict[str, Any]:
    """An order without its trades. ``volume`` is null where the order is by KRW total; ``price``
    is absent where it has none."""
    request = order.request
    by_total = request.volume is None
    shape: dict[str, Any] = {
        "uuid": order.uuid,
        "side": request.wire_side,
        "ord_type": request.kind.value,
        "state": order.state.value,
        "market": request.market,
        "created_at": order.created_at.astimezone(KST).isoformat(timespec="seconds"),
        "volume": None if request.volume is None else plain(request.volume),
        "remaining_volume": None if by_total else plain(order.remaining_volume),
        "executed_volume": plain(order.executed_volume),
        "reserved_fee": plain(order.reserved_fee),
        "remaining_fee": plain(order.remaining_fee),
        "paid_fee": plain(order.paid_fee),
        "locked": plain(order.locked),
        "prevented_volume": plain(order.prevented_volume),
        "prevented_locked": plain(order.prevented_locked),
        "smp_type": request.smp.value,
        "trades_count": len(order.trades),
    }
    if request.price is not None:
        shape["price"] = plain(request.price)
    if request.tif is not None:
        shape["time_in_force"] = request.tif.value
    if request.identifier is not None:
        shape["identifier"] = request.identifier
    return shape


def listed_order_json(order: SimulatedOrder) -> dict[str, Any]:
    """An order in a list."""
    return order_json(order) | {"executed_funds": plain(order.executed_funds)}


def order_with_trades_json(order: SimulatedOrder) -> dict[str, Any]:
    """An order as ``GET /v1/order`` shows it."""
    return order_json(order) | {"trades": [_trade_json(order, trade) for trade in order.trades]}


def account_json(account: UpbitAccount, currency: str) -> dict[str, Any]:
    """One currency; ``balance`` does not contain what is locked."""
    ledger = account.ledger
    return {
        "currency": currency,
        "balance": plain(ledger.available(currency)),
        "locked": plain(ledger.locked(currency)),
        "avg_buy_price": plain(account.average_prices.get(currency, _ZERO)),
        "avg_buy_price_modified": False,
        "unit_currency": "KRW",
    }


def chance_json(account: UpbitAccount, listing: Listing, *, is_active: bool) -> dict[str, Any]:
    """Fees, limits and both balances of a market. Of its states only ``active`` is published."""
    fee, minimum = plain(FEE), plain(MIN_TOTAL)
    shared = ["limit", "best_ioc", "best_fok", "limit_ioc", "limit_fok"]
    return {
        "bid_fee": fee,
        "ask_fee": fee,
        "maker_bid_fee": fee,
        "maker_ask_fee": fee,
        "market": {
            "id": listing.native,
            "name": f"{listing.symbol}/{listing.quote_currency}",
            "order_sides": ["ask", "bid"],
            "bid_types": [*shared, "price"],
            "ask_types": [*shared, "market"],
            "bid": {"currency": listing.quote_currency, "min_total": minimum},
            "ask": {"currency": listing.symbol, "min_total": minimum},
            "max_total": plain(MAX_TOTAL),
            "state": "active" if is_active else "suspended",
        },
        "bid_account": account_json(account, listing.quote_currency),
        "ask_account": account_json(account, listing.symbol),
    }


def _trade_json(order: SimulatedOrder, trade: Trade) -> dict[str, Any]:
    """``trend`` is up where the taker bought (Upbit docs, FAQ on orders: the taker's side is that
    of the trade)."""
    taker_buys = (order.request.side is Side.BUY) is not trade.is_maker
    return {
        "market": order.request.market,
        "uuid": trade.uuid,
        "price": plain(trade.price),
        "volume": plain(trade.volume),
        "funds": plain(trade.funds),
        "trend": "up" if taker_buys else "down",
        "created_at": trade.time.astimezone(KST).isoformat(timespec="milliseconds"),
        "side": order.request.wire_side,
    }
