"""Orders and fills as the venue writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from exchanges.side import Side
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.numbers import rounded, shown
from exchanges.simulator.hyperliquid.order import LIQUIDATION_TIF, VenueOrder
from exchanges.simulator.hyperliquid.records import VenueFill

Json = dict[str, Any]
FEE_TOKEN = "USDC"
AGGREGATE_DECIMALS = 10
"""Of the price of fills that are shown as one (measured)."""


def side_of(side: Side) -> str:
    """B bids, A asks."""
    return "B" if side is Side.BUY else "A"


def open_order(order: VenueOrder) -> Json:
    """A row of ``openOrders``, and ``order`` in ``orderUpdates``."""
    row: Json = {
        "coin": order.coin,
        "side": side_of(order.side),
        "limitPx": shown(order.price),
        "sz": shown(order.remaining),
        "oid": order.oid,
        "timestamp": order.created_ms,
        "origSz": shown(order.size),
    }
    if order.cloid is not None:
        row["cloid"] = order.cloid
    if order.reduce_only:
        row["reduceOnly"] = True
    return row


def order_update(order: VenueOrder) -> Json:
    """One item of an ``orderUpdates`` frame."""
    return {
        "order": open_order(order),
        "status": order.status.value,
        "statusTimestamp": order.updated_ms,
    }


def frontend_order(account: VenueAccount, order: VenueOrder) -> Json:
    """A row of ``frontendOpenOrders``, and ``order`` in ``orderStatus``."""
    is_trigger = order.trigger_price is not None
    children = [one for one in account.orders.open(order.asset) if one.parent == order.oid]
    return {
        "coin": order.coin,
        "side": side_of(order.side),
        "limitPx": shown(order.price),
        "sz": shown(order.remaining),
        "oid": order.oid,
        "timestamp": order.created_ms,
        "triggerCondition": _condition(order),
        "isTrigger": is_trigger,
        "triggerPx": shown(order.trigger_price or Decimal(0)),
        "children": [frontend_order(account, child) for child in children],
        "isPositionTpsl": order.covers_position,
        "reduceOnly": order.reduce_only,
        "orderType": _type(order),
        "origSz": shown(order.size),
        "tif": order.tif,
        "cloid": order.cloid,
    }


def order_record(account: VenueAccount, order: VenueOrder) -> Json:
    """A row of ``historicalOrders``."""
    return {
        "order": frontend_order(account, order),
        "status": order.status.value,
        "statusTimestamp": order.updated_ms,
    }


def fill_row(address: str, fill: VenueFill) -> Json:
    """A row of ``userFills``, over HTTP and in frames."""
    row: Json = {
        "coin": fill.coin,
        "px": shown(fill.price),
        "sz": shown(fill.size),
        "side": side_of(fill.side),
        "time": fill.time_ms,
        "startPosition": shown(fill.start_position),
        "dir": fill.direction,
        "closedPnl": shown(fill.closed_pnl),
        "hash": fill.transaction,
        "oid": fill.oid,
        "crossed": fill.crossed,
        "fee": shown(fill.fee),
        "tid": fill.tid,
    }
    if fill.cloid is not None:
        row["cloid"] = fill.cloid
    if fill.liquidation_mark is not None:
        row["liquidation"] = {
            "liquidatedUser": address,
            "markPx": shown(fill.liquidation_mark),
            "method": "market",
        }
    return {**row, "feeToken": FEE_TOKEN, "twapId": None}


def aggregated(fills: Iterable[VenueFill]) -> list[VenueFill]:
    """``fills`` with those of one taking order at one time put together, under the first's ids."""
    found: list[VenueFill] = []
    for fill in fills:
        last = found[-1] if found else None
        if last is None or not fill.crossed or (last.oid, last.time_ms) != (fill.oid, fill.time_ms):
            found.append(fill)
            continue
        size = last.size + fill.size
        value = last.price * last.size + fill.price * fill.size
        found[-1] = replace(
            last,
            price=rounded(value / size, AGGREGATE_DECIMALS),
            size=size,
            fee=last.fee + fill.fee,
            closed_pnl=last.closed_pnl + fill.closed_pnl,
        )
    return found


def _type(order: VenueOrder) -> str:
    if order.trigger_price is None:
        return "Market" if order.tif == LIQUIDATION_TIF else "Limit"
    kind = "Take Profit" if order.takes_profit else "Stop"
    return f"{kind} {'Market' if order.is_market else 'Limit'}"


def _condition(order: VenueOrder) -> str:
    if order.trigger_price is None:
        return "N/A"
    rises = order.takes_profit is (order.side is Side.SELL)
    price = format(order.trigger_price.normalize(), "f")
    return f"Price {'above' if rises else 'below'} {price}"
