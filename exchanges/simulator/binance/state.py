"""An account as the control API shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from exchanges.decimal_json import plain
from exchanges.simulator.binance.account import MARGIN_ASSET, VenueAccount
from exchanges.simulator.binance.margin import MarkOf, account_margin, liquidation_price
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.records import Income, VenueTrade

SHOWN = 1_000
"""Latest orders, fills and income shown of each account."""


def account_state(account: VenueAccount, symbols: tuple[str, ...], mark: MarkOf) -> dict[str, Any]:
    """Balances, positions, orders, fills and income; decimals as plain strings."""
    margin = account_margin(account, symbols, mark)
    return {
        "balances": {
            asset: {
                "total": plain(amount),
                "available": plain(margin.available if asset == MARGIN_ASSET else amount),
            }
            for asset, amount in account.wallet.items()
        },
        "hedge_mode": account.hedge_mode,
        "positions": [
            {
                "symbol": symbol,
                "side": side.value,
                "quantity": plain(position.quantity),
                "entry_price": plain(position.entry_price),
                "mark_price": plain(mark(symbol)),
                "unrealized_pnl": plain(position.unrealized(mark(symbol))),
                "liquidation_price": plain(liquidation_price(account, symbol, side, mark)),
                "leverage": account.leverage(symbol),
            }
            for symbol, side, position in account.held()
        ],
        "orders": [_order(order) for order in list(account.orders)[-SHOWN:]],
        "fills": [_fill(trade) for trade in account.trades[-SHOWN:]],
        "income": [_income(income) for income in account.income[-SHOWN:]],
    }


def _order(order: VenueOrder) -> dict[str, Any]:
    return {
        "client_order_id": order.client_order_id,
        "venue_order_id": str(order.order_id),
        "market": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "time_in_force": order.time_in_force.value,
        "reduce_only": order.reduce_only,
        "price": plain(order.price) if order.price else None,
        "quantity": plain(order.quantity),
        "filled": plain(order.executed),
        "status": order.status.value,
        "forced_by": order.forced_by,
        "time": _time(order.created_ms),
    }


def _fill(trade: VenueTrade) -> dict[str, Any]:
    return {
        "client_order_id": trade.client_order_id,
        "trade_id": str(trade.trade_id),
        "market": trade.symbol,
        "side": trade.side.value,
        "price": plain(trade.price),
        "quantity": plain(trade.quantity),
        "fee": plain(trade.commission),
        "realized_pnl": plain(trade.realized),
        "maker": trade.maker,
        "forced_by": trade.forced_by,
        "time": _time(trade.time_ms),
    }


def _income(income: Income) -> dict[str, Any]:
    return {
        "transaction_id": str(income.transaction_id),
        "type": income.type.value,
        "market": income.symbol,
        "amount": plain(income.amount),
        "time": _time(income.time_ms),
    }


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1_000, UTC).isoformat()
