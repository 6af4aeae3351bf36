"""Conditional orders as Binance writes them (USDⓈ-M docs, Algo Order endpoints and ALGO_UPDATE)."""

from __future__ import annotations

from typing import Any

from exchanges.simulator.binance.algo_order import AlgoOrder, AlgoType
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.rules import SymbolRules
from exchanges.simulator.binance.wire_orders import price_text, quantity_text, text

ALGO_TYPE = "CONDITIONAL"


def acknowledged(order: AlgoOrder, rules: SymbolRules) -> dict[str, Any]:
    """Answer to POST /fapi/v1/algoOrder."""
    wish = order.request
    row: dict[str, Any] = {
        "algoId": order.algo_id,
        "clientAlgoId": order.client_id,
        "algoType": ALGO_TYPE,
        "orderType": wish.type.value,
        "symbol": wish.symbol,
        "side": wish.side.name,
        "positionSide": wish.position_side.value,
        "timeInForce": wish.time_in_force.value,
        "quantity": quantity_text(wish.quantity, rules.step),
        "algoStatus": order.status.value,
        "triggerPrice": price_text(wish.trigger_price, rules),
        "price": price_text(wish.price, rules) if wish.price else "0",
        "icebergQuantity": None,
        "selfTradePreventionMode": wish.self_trade.value,
        "workingType": wish.working_type.value,
        "priceMatch": wish.price_match.value,
        "closePosition": wish.close_position,
        "priceProtect": wish.price_protect,
        "reduceOnly": wish.reduce_only,
        "createTime": order.created_ms,
        "updateTime": order.updated_ms,
        "triggerTime": order.triggered_ms,
        "goodTillDate": wish.good_till_ms,
    }
    if wish.type is AlgoType.TRAILING_STOP_MARKET:
        row["activatePrice"] = price_text(wish.activate_price, rules)
        row["callbackRate"] = text(wish.callback_rate)
    return row


def listed(order: AlgoOrder, placed: VenueOrder | None, rules: SymbolRules) -> dict[str, Any]:
    """An entry of openAlgoOrders and allAlgoOrders; ``placed`` is the order it has placed."""
    executed = placed is not None and bool(placed.executed)
    return acknowledged(order, rules) | {
        "actualOrderId": "" if placed is None else str(placed.order_id),
        "actualPrice": price_text(placed.average_price, rules) if executed and placed else "0",
        "tpTriggerPrice": "0",
        "tpPrice": "0",
        "slTriggerPrice": "0",
        "slPrice": "0",
        "tpOrderType": "",
    }


def read(order: AlgoOrder, placed: VenueOrder | None, rules: SymbolRules) -> dict[str, Any]:
    """Answer to GET /fapi/v1/algoOrder."""
    row = listed(order, placed, rules)
    for name in ("tpTriggerPrice", "tpPrice", "slTriggerPrice", "slPrice"):
        del row[name]
    return row | {
        "actualType": "" if placed is None else placed.type.value,
        "actualQty": quantity_text(placed.executed, rules.step) if placed else "0",
    }


def cancelled(order: AlgoOrder) -> dict[str, Any]:
    """Answer to DELETE /fapi/v1/algoOrder."""
    return {
        "algoId": order.algo_id,
        "clientAlgoId": order.client_id,
        "code": "200",
        "msg": "success",
    }


def update(order: AlgoOrder, placed: VenueOrder | None, rules: SymbolRules) -> dict[str, Any]:
    """The ``o`` of an ALGO_UPDATE event."""
    row = read(order, placed, rules)
    names = {
        "caid": "clientAlgoId", "aid": "algoId", "at": "algoType", "o": "orderType",
        "s": "symbol", "S": "side", "ps": "positionSide", "f": "timeInForce", "q": "quantity",
        "X": "algoStatus", "ai": "actualOrderId", "ap": "actualPrice", "aq": "actualQty",
        "act": "actualType", "tp": "triggerPrice", "p": "price", "V": "selfTradePreventionMode",
        "wt": "workingType", "pm": "priceMatch", "cp": "closePosition", "pP": "priceProtect",
        "R": "reduceOnly", "tt": "triggerTime", "gtd": "goodTillDate",
    }  # fmt: skip
    return {short: row[name] for short, name in names.items()}
