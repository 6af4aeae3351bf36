"""An account as the control API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from exchanges.decimal_json import plain
from exchanges.simulator.hyperliquid.account import COLLATERAL, VenueAccount
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.margin import Margin
from exchanges.simulator.hyperliquid.order import VenueOrder
from exchanges.simulator.hyperliquid.position import VenuePosition
from exchanges.simulator.hyperliquid.records import FundingPayment, VenueFill

SHOWN = 1_000
"""Latest orders, fills and funding payments shown of each account."""


def account_state(
    account: VenueAccount, assets: Mapping[int, Asset], margin: Margin
) -> dict[str, Any]:
    """Balances, positions, orders, fills and income; decimals as plain strings."""
    return {
        "balances": {
            COLLATERAL: {
                "total": plain(account.cash),
                "available": plain(margin.withdrawable()),
            }
        },
        "api_wallets": list(account.agents),
        "volume": plain(account.volume),
        "forgiven": plain(account.forgiven),
        "positions": [
            _position(account, assets[index], position, margin)
            for index, position in account.held()
        ],
        "orders": [_order(order) for order in list(account.orders)[-SHOWN:]],
        "fills": [_fill(fill) for fill in account.fills[-SHOWN:]],
        "income": [_payment(payment) for payment in account.funding[-SHOWN:]],
    }


def _position(
    account: VenueAccount, asset: Asset, position: VenuePosition, margin: Margin
) -> dict[str, Any]:
    mark, end = margin.mark(asset.index), margin.liquidation_price(asset.index)
    return {
        "symbol": asset.coin,
        "quantity": plain(position.size),
        "entry_price": plain(position.entry_price(asset.price_decimals)),
        "mark_price": plain(mark),
        "unrealized_pnl": plain(position.unrealized(mark)),
        "liquidation_price": None if end is None else plain(end),
        "leverage": account.leverage(asset),
        "isolated": asset.index in account.isolated,
    }


def _order(order: VenueOrder) -> dict[str, Any]:
    return {
        "client_order_id": order.cloid,
        "venue_order_id": str(order.oid),
        "market": order.coin,
        "side": order.side.value,
        "time_in_force": order.tif,
        "reduce_only": order.reduce_only,
        "price": plain(order.price),
        "trigger_price": None if order.trigger_price is None else plain(order.trigger_price),
        "quantity": plain(order.size),
        "filled": plain(order.filled),
        "status": order.status.value,
        "forced_by": order.forced_by,
        "time": _time(order.created_ms),
    }


def _fill(fill: VenueFill) -> dict[str, Any]:
    return {
        "client_order_id": fill.cloid,
        "venue_order_id": str(fill.oid),
        "trade_id": str(fill.tid),
        "market": fill.coin,
        "side": fill.side.value,
        "price": plain(fill.price),
        "quantity": plain(fill.size),
        "fee": plain(fill.fee),
        "realized_pnl": plain(fill.closed_pnl),
        "maker": not fill.crossed,
        "direction": fill.direction,
        "time": _time(fill.time_ms),
    }


def _payment(payment: FundingPayment) -> dict[str, Any]:
    return {
        "type": "FUNDING_FEE",
        "market": payment.coin,
        "amount": plain(payment.amount),
        "rate": plain(payment.rate),
        "time": _time(payment.time_ms),
    }


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1_000, UTC).isoformat()
