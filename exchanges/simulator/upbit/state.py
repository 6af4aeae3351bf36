"""An account of the simulated Upbit for people and tests: JSON-ready, no secrets."""

from __future__ import annotations

from typing import Any

from exchanges.decimal_json import plain
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.order import SimulatedOrder

SHOWN_ORDERS = 200
"""The newest orders of an account; newest last."""


def account_state(account: UpbitAccount) -> dict[str, Any]:
    """Balances, the last orders and their fills; numbers are decimal strings."""
    ledger = account.ledger
    orders = list(account.orders.values())[-SHOWN_ORDERS:]
    return {
        "balances": {
            currency: {
                "total": plain(ledger.total(currency)),
                "locked": plain(ledger.locked(currency)),
            }
            for currency in ledger.currencies()
        },
        "positions": [],
        "orders": [_order_state(order) for order in orders],
        "fills": [
            {
                "client_order_id": order.request.identifier,
                "trade_id": trade.uuid,
                "market": order.request.market,
                "side": order.request.side.value,
                "price": plain(trade.price),
                "quantity": plain(trade.volume),
                "fee": plain(trade.fee),
                "time": trade.time.isoformat(),
            }
            for order in orders
            for trade in order.trades
        ],
    }


def _order_state(order: SimulatedOrder) -> dict[str, Any]:
    request = order.request
    return {
        "client_order_id": request.identifier,
        "venue_order_id": order.uuid,
        "market": request.market,
        "side": request.side.value,
        "type": request.kind.value,
        "price": None if request.price is None else plain(request.price),
        "quantity": None if request.volume is None else plain(request.volume),
        "filled": plain(order.executed_volume),
        "status": order.state.value,
    }
