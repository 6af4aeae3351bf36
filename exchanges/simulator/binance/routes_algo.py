"""Endpoints of conditional orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from exchanges.simulator.binance import wire_algo
from exchanges.simulator.binance.algo_order import AlgoOrder
from exchanges.simulator.binance.algo_request import parse_algo_order
from exchanges.simulator.binance.call import Call, Route, one_or_all
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import SymbolRules

SUCCESS = {"code": 200, "msg": "The operation of cancel all open order is done."}


def _place(call: Call) -> dict[str, Any]:
    request = parse_algo_order(call.params, call.engine.now_ms())
    order = call.engine.place_algo(call.account, request)
    return wire_algo.acknowledged(order, call.engine.rules(request.symbol))


def _ids(call: Call) -> tuple[int | None, str | None]:
    algo_id, client_id = call.integer("algoId"), call.params.get("clientAlgoId") or None
    if algo_id is None and client_id is None:
        raise Refused(-1102, "algoId")
    return algo_id, client_id


def _cancel(call: Call) -> dict[str, Any]:
    order = call.engine.algos.cancel(call.account, *_ids(call), call.engine.now_ms())
    return wire_algo.cancelled(order)


def _cancel_all(call: Call) -> dict[str, Any]:
    call.engine.algos.cancel_all(call.account, call.rules().symbol, call.engine.now_ms())
    return dict(SUCCESS)


def _read(call: Call) -> dict[str, Any]:
    order = call.account.algos.find(*_ids(call))
    if order is None:
        raise Refused(-2013)
    return wire_algo.read(*_with_placed(call, order))


def _open(call: Call) -> list[dict[str, Any]]:
    symbols, algo_id = call.symbols(), call.integer("algoId")
    return _shown(
        call,
        (
            order
            for order in call.account.algos.open()
            if order.request.symbol in symbols and algo_id in (None, order.algo_id)
        ),
    )


def _all(call: Call) -> list[dict[str, Any]]:
    symbol, first_id = call.rules().symbol, call.integer("algoId")
    orders = [one for one in call.account.algos if one.request.symbol == symbol]
    if first_id is not None:
        return _shown(call, [one for one in orders if one.algo_id >= first_id][: call.rows()])
    return _shown(call, call.in_window(orders, lambda one: one.created_ms))


def _shown(call: Call, orders: Iterable[AlgoOrder]) -> list[dict[str, Any]]:
    return [wire_algo.listed(*_with_placed(call, order)) for order in orders]


def _with_placed(call: Call, order: AlgoOrder) -> tuple[AlgoOrder, VenueOrder | None, SymbolRules]:
    symbol, placed = order.request.symbol, None
    if order.order_id is not None:
        placed = call.account.orders.find(symbol, order.order_id, None)
    return order, placed, call.engine.rules(symbol)


ROUTES: Mapping[tuple[str, str], Route] = {
    ("POST", "/fapi/v1/algoOrder"): Route(_place, 0, order_count=(1, 1)),
    ("GET", "/fapi/v1/algoOrder"): Route(_read),
    ("DELETE", "/fapi/v1/algoOrder"): Route(_cancel),
    ("GET", "/fapi/v1/openAlgoOrders"): Route(_open, one_or_all(1, 40)),
    ("GET", "/fapi/v1/allAlgoOrders"): Route(_all, 5),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Route(_cancel_all),
}
