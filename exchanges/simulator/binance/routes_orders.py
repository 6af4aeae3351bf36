"""Endpoints that place, change, read and cancel orders, and the trades they made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from exchanges.simulator.binance import wire_orders
from exchanges.simulator.binance.batch import batch_orders, id_list
from exchanges.simulator.binance.call import Call, Route, one_or_all
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.order_request import (
    limit_price,
    order_side,
    parse_order,
    price_match,
)
from exchanges.simulator.binance.parameters import boolean, number
from exchanges.simulator.binance.refusal import Refused

SUCCESS = {"code": 200, "msg": "The operation of cancel all open order is done."}
DAY_MS = 86_400_000
EMPTY_KEPT_MS = 3 * DAY_MS
"""How long an order that ended without a fill can be read (Binance docs, Query Order)."""
KEPT_MS = 90 * DAY_MS


def _place(call: Call) -> dict[str, Any]:
    request = parse_order(call.params, call.engine.now_ms())
    rules = call.engine.rules(request.symbol)
    order = call.engine.orders.place(call.account, request, fraction=call.fraction)
    if request.result_wanted:
        return wire_orders.order_reply(order, rules)
    return wire_orders.order_acknowledged(order, rules)


def _rehearse(call: Call) -> dict[str, Any]:
    request = parse_order(call.params, call.engine.now_ms())
    order = call.engine.orders.rehearse(call.account, request)
    return wire_orders.order_rehearsed(order, call.engine.rules(request.symbol))


def _amend(call: Call) -> dict[str, Any]:
    symbol, order_id, client_id = _ids(call)
    side, match = order_side(call.params), price_match(call.params)
    quantity, price = number(call.params, "quantity"), limit_price(call.params, match)
    order = call.account.orders.find(symbol, order_id, client_id)
    if order is None or not order.is_open:
        raise Refused(-2013)
    if order.side is not side:
        raise Refused(-1117)
    modify_id = call.integer("modifyId")
    call.engine.orders.amend(
        call.account,
        order,
        price,
        quantity,
        match,
        modify_id=modify_id,
        reduce_only=boolean(call.params, "reduceOnly", default=False),
    )
    return wire_orders.order_amended(order, call.rules())


def _in_batch(handler: Callable[[Call], dict[str, Any]]) -> Callable[[Call], list[dict[str, Any]]]:
    """Each for itself: what one is refused with stands in its place."""

    def handle(call: Call) -> list[dict[str, Any]]:
        return [_or_refusal(handler, call, params) for params in batch_orders(call.params)]

    return handle


def _or_refusal(
    handler: Callable[[Call], dict[str, Any]], call: Call, params: Mapping[str, str]
) -> dict[str, Any]:
    try:
        return handler(Call(call.engine, params, call.caller, call.fraction))
    except Refused as refused:
        return {"code": refused.code, "msg": refused.message}


def _ids(call: Call) -> tuple[str, int | None, str | None]:
    symbol = call.rules().symbol
    order_id, client_id = call.integer("orderId"), call.params.get("origClientOrderId") or None
    if order_id is None and client_id is None:
        raise Refused(-1102, "orderId")
    return symbol, order_id, client_id


def _read(call: Call) -> dict[str, Any]:
    symbol, order_id, client_id = _ids(call)
    order = call.account.orders.find(symbol, order_id, client_id)
    if order is None or _is_forgotten(order, call.engine.now_ms()):
        raise Refused(-2013)
    return wire_orders.order_read(order, call.rules())


def _is_forgotten(order: VenueOrder, now_ms: int) -> bool:
    if order.is_open:
        return False
    return now_ms - order.created_ms > (KEPT_MS if order.executed else EMPTY_KEPT_MS)


def _read_open(call: Call) -> dict[str, Any]:
    symbol, order_id, client_id = _ids(call)
    order = call.account.orders.find(symbol, order_id, client_id)
    if order is None or not order.is_open:
        raise Refused(-2013)
    return wire_orders.order_read(order, call.rules())


def _cancel(call: Call) -> dict[str, Any]:
    order = call.engine.orders.cancel(call.account, *_ids(call))
    return wire_orders.order_reply(order, call.rules())


def _cancel_batch(call: Call) -> list[dict[str, Any]]:
    symbol = call.rules().symbol
    numbers = id_list(call.params, "orderIdList")
    named = id_list(call.params, "origClientOrderIdList")
    if not numbers and not named:
        raise Refused(-1102, "orderIdList")
    wanted = (
        [{"symbol": symbol, "orderId": one} for one in numbers]
        if numbers
        else [{"symbol": symbol, "origClientOrderId": one} for one in named]
    )
    return [_or_refusal(_cancel, call, params) for params in wanted]


def _cancel_all(call: Call) -> dict[str, Any]:
    call.engine.orders.cancel_all(call.account, call.rules().symbol)
    return dict(SUCCESS)


def _countdown(call: Call) -> dict[str, Any]:
    """Cancel everything in ``countdownTime`` milliseconds unless it is called again; 0: never."""
    symbol, countdown = call.rules().symbol, call.integer("countdownTime")
    if countdown is None:
        raise Refused(-1102, "countdownTime")
    if countdown:
        call.account.countdowns[symbol] = call.engine.now_ms() + countdown
    else:
        call.account.countdowns.pop(symbol, None)
    return {"symbol": symbol, "countdownTime": str(countdown)}


def _open(call: Call) -> list[dict[str, Any]]:
    symbols = call.symbols()
    return _all_read(
        call, [order for order in call.account.orders.open() if order.symbol in symbols]
    )


def _all(call: Call) -> list[dict[str, Any]]:
    now_ms = call.engine.now_ms()
    orders = [
        order
        for order in call.account.orders.of(call.rules().symbol)
        if not _is_forgotten(order, now_ms)
    ]
    first_id = call.integer("orderId")
    if first_id is not None:
        return _all_read(call, [o for o in orders if o.order_id >= first_id][: call.rows()])
    return _all_read(call, call.in_window(orders, lambda order: order.created_ms))


def _forced(call: Call) -> list[dict[str, Any]]:
    symbols, kind = call.symbols(), call.params.get("autoCloseType")
    if kind not in (None, "ADL", "LIQUIDATION"):
        raise Refused(-1130, "autoCloseType")
    orders = [
        order
        for order in call.account.orders
        if order.symbol in symbols and order.forced_by and kind in (None, order.forced_by)
    ]
    shown = call.in_window(orders, lambda order: order.created_ms, default=50, most=100)
    return [wire_orders.order_forced(order, call.engine.rules(order.symbol)) for order in shown]


def _all_read(call: Call, orders: list[VenueOrder]) -> list[dict[str, Any]]:
    return [wire_orders.order_read(order, call.engine.rules(order.symbol)) for order in orders]


def _trades(call: Call) -> list[dict[str, Any]]:
    rules = call.rules()
    history = call.kept(call.account.trades, lambda one: one.time_ms)
    trades = [one for one in history if one.symbol == rules.symbol]
    order_id, from_id = call.integer("orderId"), call.integer("fromId")
    if order_id is not None:
        trades = [one for one in trades if one.order_id == order_id]
    if from_id is not None:
        shown = [one for one in trades if one.trade_id >= from_id][: call.rows()]
    else:
        shown = call.in_window(trades, lambda one: one.time_ms)
    return [wire_orders.trade(one, rules) for one in shown]


_BATCH = (5, 1)
"""What a batch counts in ten seconds and in a minute, however many orders it has."""

ROUTES: Mapping[tuple[str, str], Route] = {
    ("POST", "/fapi/v1/order"): Route(_place, 0, order_count=(1, 1)),
    ("POST", "/fapi/v1/order/test"): Route(_rehearse, 0, order_count=(1, 1)),
    ("PUT", "/fapi/v1/order"): Route(_amend, 0, order_count=(1, 1)),
    ("GET", "/fapi/v1/order"): Route(_read),
    ("DELETE", "/fapi/v1/order"): Route(_cancel),
    ("POST", "/fapi/v1/batchOrders"): Route(_in_batch(_place), 5, order_count=_BATCH),
    ("PUT", "/fapi/v1/batchOrders"): Route(_in_batch(_amend), 5, order_count=_BATCH),
    ("DELETE", "/fapi/v1/batchOrders"): Route(_cancel_batch),
    ("GET", "/fapi/v1/openOrder"): Route(_read_open),
    ("GET", "/fapi/v1/openOrders"): Route(_open, one_or_all(1, 40)),
    ("GET", "/fapi/v1/allOrders"): Route(_all, 5),
    ("DELETE", "/fapi/v1/allOpenOrders"): Route(_cancel_all),
    ("POST", "/fapi/v1/countdownCancelAll"): Route(_countdown, 10),
    ("GET", "/fapi/v1/forceOrders"): Route(_forced, one_or_all(20, 50)),
    ("GET", "/fapi/v1/userTrades"): Route(_trades, 5),
}
