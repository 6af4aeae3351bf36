"""Events of the user data stream as Binance writes them (USDⓈ-M docs, User Data Streams).

Amounts are strings, ids and times whole numbers. Commission and its asset are left out where
there is none, and so are the fields of conditional orders, which live elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from exchanges.side import Side
from exchanges.simulator.binance.account import MARGIN_ASSET, VenueAccount
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.events import (
    AccountChanged,
    ExecutionType,
    Filled,
    LeverageChanged,
    OrderChanged,
)
from exchanges.simulator.binance.leverage_brackets import maintenance_margin
from exchanges.simulator.binance.margin import pending_value
from exchanges.simulator.binance.order import (
    VenueOrder,
    VenueOrderStatus,
    VenueOrderType,
    VenueTimeInForce,
)
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.wire_orders import money_text, price_text, quantity_text, text

_AVERAGE_STEP = Decimal("0.00001")


def order_trade_update(engine: BinanceEngine, event: OrderChanged) -> dict[str, Any]:
    order, trade, rules = event.order, event.trade, engine.rules(event.order.symbol)
    fields: dict[str, Any] = {
        "s": order.symbol,
        "c": order.client_order_id,
        "S": order.side.name,
        "o": order.type.value,
        "f": order.time_in_force.value,
        "q": quantity_text(order.quantity, rules.step),
        "p": price_text(order.price, rules),
        "ap": average_text(order),
        "sp": "0",
        "x": event.execution.value,
        "X": order.status.value,
        "i": order.order_id,
        "l": "0" if trade is None else quantity_text(trade.quantity, rules.step),
        "z": quantity_text(order.executed, rules.step),
        "L": "0" if trade is None else price_text(trade.price, rules),
    }
    if event.execution is ExecutionType.AMENDMENT and order.modify_id is not None:
        fields["M"] = str(order.modify_id)
    if trade is not None and trade.commission:
        fields |= {"n": money_text(trade.commission), "N": MARGIN_ASSET}
    fields |= {
        "T": event.time_ms,
        "t": 0 if trade is None else trade.trade_id,
        "b": _pending(event.account, order, Side.BUY),
        "a": _pending(event.account, order, Side.SELL),
        "m": trade is not None and trade.maker,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.type.value,
        "ps": order.position_side.value,
        "cp": False,
        "rp": "0" if trade is None else money_text(trade.realized),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": order.self_trade.value,
        "pm": order.price_match.value,
        "gtd": order.good_till_ms,
        "er": _expiry_reason(order),
    }
    return _event(engine, "ORDER_TRADE_UPDATE", event.time_ms) | {"o": fields}


def trade_lite(engine: BinanceEngine, event: Filled) -> dict[str, Any]:
    order, trade, rules = event.order, event.trade, engine.rules(event.order.symbol)
    return _event(engine, "TRADE_LITE", trade.time_ms) | {
        "s": order.symbol,
        "q": quantity_text(order.quantity, rules.step),
        "p": price_text(order.price, rules),
        "m": trade.maker,
        "c": order.client_order_id,
        "S": order.side.name,
        "L": price_text(trade.price, rules),
        "l": quantity_text(trade.quantity, rules.step),
        "t": trade.trade_id,
        "i": order.order_id,
    }


def account_update(engine: BinanceEngine, event: AccountChanged) -> dict[str, Any]:
    balance = {
        "a": MARGIN_ASSET,
        "wb": money_text(event.account.usdt),
        "cw": money_text(_cross_wallet(event.account)),
        "bc": money_text(event.change) if event.change else "0",
    }
    content: dict[str, Any] = {"m": event.reason.value, "B": [balance]}
    if event.positions:
        content["P"] = [
            _position(engine, event.account, symbol, side) for symbol, side in event.positions
        ]
    if event.symbol is not None:
        content["S"] = event.symbol
    return _event(engine, "ACCOUNT_UPDATE", event.time_ms) | {"a": content}


def account_config_update(engine: BinanceEngine, event: LeverageChanged) -> dict[str, Any]:
    content = {"ac": {"s": event.symbol, "l": event.leverage}}
    return _event(engine, "ACCOUNT_CONFIG_UPDATE", event.time_ms) | content


def margin_call(
    engine: BinanceEngine,
    account: VenueAccount,
    positions: Iterable[tuple[str, PositionSide]],
) -> dict[str, Any]:
    rows = []
    for symbol, side in positions:
        position, mark = account.position(symbol, side), engine.mark(symbol)
        rows.append(
            {
                "s": symbol,
                "ps": side.value,
                "pa": quantity_text(position.quantity, engine.rules(symbol).step),
                "mt": "ISOLATED" if symbol in account.isolated else "CROSSED",
                "iw": money_text(position.isolated_margin) if position.isolated_margin else "0",
                "mp": money_text(mark),
                "up": money_text(position.unrealized(mark)),
                "mm": money_text(maintenance_margin(abs(position.quantity) * mark)),
            }
        )
    head = {"e": "MARGIN_CALL", "E": engine.now_ms()}
    return head | {"cw": money_text(_cross_wallet(account)), "p": rows}


def listen_key_expired(engine: BinanceEngine, listen_key: str) -> dict[str, Any]:
    return {"e": "listenKeyExpired", "E": engine.now_ms(), "listenKey": listen_key}


def algo_update(engine: BinanceEngine, order: Any, time_ms: int) -> dict[str, Any]:
    return _event(engine, "ALGO_UPDATE", time_ms) | {"o": dict(order)}


def average_text(order: VenueOrder) -> str:
    """``ap``: the average price so far."""
    return text(order.average_price.quantize(_AVERAGE_STEP)) if order.executed else "0"


def _event(engine: BinanceEngine, name: str, time_ms: int) -> dict[str, Any]:
    return {"e": name, "E": engine.now_ms(), "T": time_ms}


def _pending(account: VenueAccount, order: VenueOrder, side: Side) -> str:
    value = pending_value(account, order.symbol, side, order.position_side)
    return money_text(value) if value else "0"


def _expiry_reason(order: VenueOrder) -> str:
    """``er``: a number in a string, "0" where the venue gives none."""
    is_ioc = order.time_in_force is VenueTimeInForce.IOC
    if order.status is VenueOrderStatus.EXPIRED_IN_MATCH:
        return "3" if is_ioc else "1"
    if order.status is not VenueOrderStatus.EXPIRED:
        return "0"
    if order.type is VenueOrderType.MARKET:
        return "9"
    if is_ioc:
        return "2"
    return "4" if order.reduce_only else "0"


def _cross_wallet(account: VenueAccount) -> Decimal:
    """What is not set aside for isolated positions."""
    return account.usdt - sum((held.isolated_margin for _, _, held in account.held()), Decimal(0))


def _position(
    engine: BinanceEngine, account: VenueAccount, symbol: str, side: PositionSide
) -> dict[str, Any]:
    position, rules = account.position(symbol, side), engine.rules(symbol)
    isolated = symbol in account.isolated
    return {
        "s": symbol,
        "pa": quantity_text(position.quantity, rules.step) if position.quantity else "0",
        "ep": text(position.entry_price),
        "bep": text(position.break_even_price),
        "cr": money_text(position.realized) if position.realized else "0",
        "up": money_text(position.unrealized(engine.mark(symbol))) if position.quantity else "0",
        "mt": "isolated" if isolated else "cross",
        "iw": money_text(position.isolated_margin) if position.isolated_margin else "0",
        "ps": side.value,
    }
