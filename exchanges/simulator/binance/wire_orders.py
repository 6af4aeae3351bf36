"""Orders, trades and income as Binance writes them (USDⓈ-M docs, trade and account endpoints).

Since June 2026 the answers to placing, changing and cancelling carry neither ``avgPrice`` nor
``cumQuote``; reading an order and testing one still do.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.side import Side
from exchanges.simulator.binance.account import MARGIN_ASSET
from exchanges.simulator.binance.order import VenueOrder, VenueOrderStatus
from exchanges.simulator.binance.position import money
from exchanges.simulator.binance.records import Income, VenueTrade
from exchanges.simulator.binance.rules import SymbolRules

_QUOTE_STEP = Decimal("0.00001")


def order_reply(order: VenueOrder, rules: SymbolRules) -> dict[str, Any]:
    """Answer to POST (RESULT), DELETE and their batches."""
    step = rules.step
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.status.value,
        "clientOrderId": order.client_order_id,
        "price": text(order.price.quantize(rules.tick)),
        "origQty": quantity_text(order.quantity, step),
        "executedQty": quantity_text(order.executed, step),
        "cumQty": quantity_text(order.executed, step),
        "timeInForce": order.time_in_force.value,
        "type": order.type.value,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side.name,
        "positionSide": order.position_side.value,
        "stopPrice": text(Decimal(0).quantize(rules.tick)),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.type.value,
        "priceMatch": order.price_match.value,
        "selfTradePreventionMode": order.self_trade.value,
        "goodTillDate": order.good_till_ms,
        "updateTime": order.updated_ms,
    }


def order_acknowledged(order: VenueOrder, rules: SymbolRules) -> dict[str, Any]:
    """Answer to POST (ACK): as if nothing had happened yet."""
    nothing = quantity_text(Decimal(0), rules.step)
    return order_reply(order, rules) | {
        "status": VenueOrderStatus.NEW.value,
        "executedQty": nothing,
        "cumQty": nothing,
        "updateTime": order.created_ms,
    }


def order_amended(order: VenueOrder, rules: SymbolRules) -> dict[str, Any]:
    """Answer to PUT; the change's own id only when the client has given one."""
    named = {} if order.modify_id is None else {"modifyId": order.modify_id}
    return order_reply(order, rules) | {"pair": order.symbol} | named


def order_rehearsed(order: VenueOrder, rules: SymbolRules) -> dict[str, Any]:
    """Answer to POST /fapi/v1/order/test."""
    return order_reply(order, rules) | _averages(order)


def order_read(order: VenueOrder, rules: SymbolRules) -> dict[str, Any]:
    """Answer to every read of an order."""
    full = order_reply(order, rules) | _averages(order) | {"time": order.created_ms}
    del full["cumQty"]
    return full


def order_forced(order: VenueOrder, rules: SymbolRules) -> dict[str, Any]:
    """An entry of GET /fapi/v1/forceOrders."""
    full = order_read(order, rules)
    for name in ("priceProtect", "priceMatch", "selfTradePreventionMode", "goodTillDate"):
        del full[name]
    return full


def _averages(order: VenueOrder) -> dict[str, str]:
    average = text(order.average_price.quantize(_QUOTE_STEP)) if order.executed else "0.00"
    return {
        "avgPrice": average,
        "cumQuote": text(order.value.quantize(_QUOTE_STEP)),
    }


def trade(one: VenueTrade, rules: SymbolRules) -> dict[str, Any]:
    """An entry of GET /fapi/v1/userTrades."""
    return {
        "symbol": one.symbol,
        "pair": one.symbol,
        "id": one.trade_id,
        "orderId": one.order_id,
        "side": one.side.name,
        "price": price_text(one.price, rules),
        "qty": quantity_text(one.quantity, rules.step),
        "realizedPnl": money_text(one.realized),
        "marginAsset": MARGIN_ASSET,
        "quoteQty": text((one.price * one.quantity).quantize(_QUOTE_STEP)),
        "baseQty": quantity_text(one.quantity, rules.step),
        "commission": money_text(one.commission),
        "commissionAsset": MARGIN_ASSET,
        "time": one.time_ms,
        "positionSide": one.position_side.value,
        "buyer": one.side is Side.BUY,
        "maker": one.maker,
    }


def income(one: Income) -> dict[str, Any]:
    """An entry of GET /fapi/v1/income."""
    return {
        "symbol": one.symbol,
        "incomeType": one.type.value,
        "income": money_text(one.amount),
        "asset": MARGIN_ASSET,
        "time": one.time_ms,
        "info": one.info,
        "tranId": one.transaction_id,
        "tradeId": "" if one.trade_id is None else str(one.trade_id),
    }


def price_text(price: Decimal, rules: SymbolRules) -> str:
    return text(price.quantize(rules.tick)) if price else "0"


def quantity_text(quantity: Decimal, step: Decimal) -> str:
    return text(quantity.quantize(step))


def money_text(amount: Decimal) -> str:
    """USDT with eight decimals."""
    return text(money(amount))


def text(value: Decimal) -> str:
    """All digits that ``value`` has, closing zeros too."""
    return format(value, "f")
