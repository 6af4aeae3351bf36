"""Endpoints that place, read and cancel orders, and the trades they made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from exchanges.simulator.binance import wire_orders
from exchanges.simulator.binance.call import Call, Route, one_or_all
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.order_request import parse_order
from exchanges.simulator.binance.refusal import Refused

MAX_BATCH = 5
SUCCESS = {"code": 200, "msg": "The operation of cancel all open order is done."}


def _place(call: Call) -> dict[str, Any]:
    request = parse_order(call.params)
    rules = call.engine.rules(request.symbol)
    order = call.engine.place(call.account, request, fraction=call.fraction)
    if request.result_wanted:
        return wire_orders.order_reply(order, rules)
    return wire_orders.order_acknowledged(order, rules)


def _place_batch(call: Call) -> list[dict[str, Any]]:
    answers = []
    for params in batch_orders(call.params):
        try:
            answers.append(_place(Call(call.engine, params, call.caller, call.fraction)))
        except Refused as refused:
            answers.append({"code": refused.code, "msg": refused.message})
    return answers


def batch_orders(params: Mapping[str, str]) -> list[Mapping[str, str]]:
    """The orders of a batch, their values as text; refused with -1130 when malformed."""
    try:
        batch = json.loads(params.get("batchOrders", ""), parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        batch = None
    if (
        not isinstance(batch, list)
        or not 1 <= len(batch) <= MAX_BATCH
        or not all(isinstance(one, dict) for one in batch)
    ):
        raise Refused(-1130, "batchOrders")
    return [{name: _text(value) for name, value in one.items()} for one in batch]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ids(call: Call) -> tuple[str, int | None, str | None]:
    symbol = call.rules().symbol
    order_id, client_id = call.integer("orderId"), call.params.get("origClientOrderId") or None
    if order_id is None and client_id is None:
        raise Refused(-1102, "orderId")
    return symbol, order_id, client_id


def _read(call: Call) -> dict[str, Any]:
    symbol, order_id, client_id = _ids(call)
    order = call.account.orders.find(symbol, order_id, client_id)
    if order is None:
        raise Refused(-2013)
    return wire_orders.order_read(order, call.rules())


def _read_open(call: Call) -> dict[str, Any]:
    symbol, order_id, client_id = _ids(call)
    order = call.account.orders.find(symbol, order_id, client_id)
    if order is None or not order.is_open:
        raise Refused(-2013)
    return wire_orders.order_read(order, call.rules())


def _cancel(call: Call) -> dict[str, Any]:
    order = call.engine.cancel(call.account, *_ids(call))
    return wire_orders.order_reply(order, call.rules())


def _cancel_all(call: Call) -> dict[str, Any]:
    call.engine.cancel_all(call.account, call.rules().symbol)
    return dict(SUCCESS)


def _open(call: Call) -> list[dict[str, Any]]:
    symbols = call.symbols()
    return _all_read(
        call, [order for order in call.account.orders.open() if order.symbol in symbols]
    )


def _all(call: Call) -> list[dict[str, Any]]:
    orders = call.account.orders.of(call.rules().symbol)
    first_id = call.integer("orderId")
    if first_id is not None:
        return _all_read(call, [o for o in orders if o.order_id >= first_id][: call.rows()])
    return _all_read(call, _in_window(call, orders))


def _forced(call: Call) -> list[dict[str, Any]]:
    symbols, kind = call.symbols(), call.params.get("autoCloseType")
    orders = [
        order
        for order in call.account.orders
        if order.symbol in symbols and order.forced_by and kind in (None, order.forced_by)
    ]
    return _all_read(call, _in_window(call, orders))


def _in_window(call: Call, orders: list[VenueOrder]) -> list[VenueOrder]:
    """With a start the first ones from there, else the latest ones."""
    start, end = call.window()
    inside = [order for order in orders if start <= order.created_ms <= end]
    rows = call.rows()
    return inside[:rows] if call.params.get("startTime") else inside[-rows:]


def _all_read(call: Call, orders: list[VenueOrder]) -> list[dict[str, Any]]:
    return [wire_orders.order_read(order, call.engine.rules(order.symbol)) for order in orders]


def _trades(call: Call) -> list[dict[str, Any]]:
    rules = call.rules()
    trades = [one for one in call.account.trades if one.symbol == rules.symbol]
    order_id, from_id, rows = call.integer("orderId"), call.integer("fromId"), call.rows()
    if order_id is not None:
        trades = [one for one in trades if one.order_id == order_id]
    if from_id is not None:
        trades = [one for one in trades if one.trade_id >= from_id][:rows]
    else:
        start, end = call.window()
        trades = [one for one in trades if start <= one.time_ms <= end]
        trades = trades[:rows] if call.params.get("startTime") else trades[-rows:]
    return [wire_orders.trade(one, rules) for one in trades]


ROUTES: Mapping[tuple[str, str], Route] = {
    ("POST", "/fapi/v1/order"): Route(_place, 0, order_route=True),
    ("GET", "/fapi/v1/order"): Route(_read),
    ("DELETE", "/fapi/v1/order"): Route(_cancel),
    ("POST", "/fapi/v1/batchOrders"): Route(_place_batch, 5, order_route=True),
    ("GET", "/fapi/v1/openOrder"): Route(_read_open),
    ("GET", "/fapi/v1/openOrders"): Route(_open, one_or_all(1, 40)),
    ("GET", "/fapi/v1/allOrders"): Route(_all, 5),
    ("DELETE", "/fapi/v1/allOpenOrders"): Route(_cancel_all),
    ("GET", "/fapi/v1/forceOrders"): Route(_forced, one_or_all(20, 50)),
    ("GET", "/fapi/v1/userTrades"): Route(_trades, 5),
}
