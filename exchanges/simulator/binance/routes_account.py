"""Endpoints of an account: money, positions, settings, income."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from exchanges.decimal_json import plain
from exchanges.simulator.binance import wire_account, wire_orders, wire_positions
from exchanges.simulator.binance.account_settings import (
    set_hedge_mode,
    set_leverage,
    set_margin_type,
)
from exchanges.simulator.binance.call import Call, Handler, Route, one_or_all
from exchanges.simulator.binance.events import AccountChanged, LeverageChanged, Reason
from exchanges.simulator.binance.leverage_brackets import max_notional
from exchanges.simulator.binance.order_checks import check_mode
from exchanges.simulator.binance.order_request import position_side
from exchanges.simulator.binance.parameters import number
from exchanges.simulator.binance.records import Income
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import MAKER_FEE, TAKER_FEE
from exchanges.simulator.binance.wire_market import order_rate_limits

SUCCESS = {"code": 200, "msg": "success"}
DEFAULT_INCOME_ROWS = 100


def _balance(call: Call) -> list[dict[str, Any]]:
    return wire_account.balances(call.engine, call.account)


def _account(version: int) -> Handler:
    return lambda call: wire_account.account(call.engine, call.account, version=version)


def _positions(version: int) -> Handler:
    def handler(call: Call) -> list[dict[str, Any]]:
        symbol = call.rules().symbol if call.params.get("symbol") else None
        return wire_positions.positions(call.engine, call.account, symbol, version=version)

    return handler


def _account_config(call: Call) -> dict[str, Any]:
    return wire_account.account_config(call.account)


def _symbol_config(call: Call) -> list[dict[str, Any]]:
    return [wire_account.symbol_config(call.account, symbol) for symbol in call.symbols()]


def _brackets(call: Call) -> list[dict[str, Any]]:
    return [wire_account.brackets(symbol) for symbol in call.symbols()]


def _leverage(call: Call) -> dict[str, Any]:
    symbol, leverage = call.rules().symbol, call.integer("leverage")
    if leverage is None:
        raise Refused(-1102, "leverage")
    engine = call.engine
    set_leverage(call.account, symbol, leverage, tuple(engine.contracts), engine.mark)
    engine.events.publish(LeverageChanged(call.account, symbol, leverage, engine.now_ms()))
    return {
        "leverage": leverage,
        "maxNotionalValue": wire_orders.text(max_notional(leverage)),
        "symbol": symbol,
    }


def _margin_type(call: Call) -> dict[str, Any]:
    symbol, wanted = call.rules().symbol, call.required("marginType")
    if wanted not in ("ISOLATED", "CROSSED"):
        raise Refused(-1130, "marginType")
    owner, engine = call.account, call.engine
    set_margin_type(owner, symbol, isolated=wanted == "ISOLATED")
    sides = tuple((symbol, side) for side in owner.sides)
    engine.events.publish(AccountChanged(owner, Reason.MARGIN_TYPE_CHANGE, engine.now_ms(), sides))
    return dict(SUCCESS)


def _position_mode(call: Call) -> dict[str, Any]:
    return {"dualSidePosition": call.account.hedge_mode}


def _set_position_mode(call: Call) -> dict[str, Any]:
    set_hedge_mode(call.account, hedge=call.boolean("dualSidePosition"))
    return dict(SUCCESS)


def _fee_burn(call: Call) -> dict[str, Any]:
    return {"feeBurn": call.account.pays_in_bnb}


def _set_fee_burn(call: Call) -> dict[str, Any]:
    call.account.pays_in_bnb = call.boolean("feeBurn")
    return dict(SUCCESS)


def _multi_assets(_: Call) -> dict[str, Any]:
    return {"multiAssetsMargin": False}


def _commission_rate(call: Call) -> dict[str, Any]:
    return {
        "symbol": call.rules().symbol,
        "makerCommissionRate": wire_orders.text(MAKER_FEE),
        "takerCommissionRate": wire_orders.text(TAKER_FEE),
        "rpiCommissionRate": "0.00005",
    }


def _income(call: Call) -> list[dict[str, Any]]:
    kind = call.params.get("incomeType") or None
    symbols = call.symbols()
    start, end = call.integer("startTime"), call.integer("endTime")
    if start is None or end is None:
        start, end = call.window()

    def wanted(one: Income) -> bool:
        return (
            (kind is None or one.type == kind)
            and (one.symbol in symbols or (not one.symbol and not call.params.get("symbol")))
            and start <= one.time_ms <= end
        )

    history = call.kept(call.account.income, lambda one: one.time_ms)
    rows = [one for one in history if wanted(one)]
    count, page = call.rows(DEFAULT_INCOME_ROWS), call.integer("page")
    if page is not None:
        rows = rows[max(page - 1, 0) * count :][:count]
    else:
        rows = rows[:count] if call.params.get("startTime") else rows[-count:]
    return [wire_orders.income(one) for one in rows]


def _change_margin(call: Call) -> dict[str, Any]:
    symbol, kind = call.rules().symbol, call.integer("type")
    amount = number(call.params, "amount")
    if kind not in (1, 2):
        raise Refused(-1130, "type")
    if amount <= 0:
        raise Refused(-4055)
    signed = amount if kind == 1 else -amount
    side = position_side(call.params)
    check_mode(call.account, side, reduce_only_sent=False)
    call.engine.change_margin(call.account, symbol, side, signed)
    return {
        "amount": orjson.Fragment(plain(amount)),
        "code": 200,
        "msg": "Successfully modify position margin.",
        "type": kind,
    }


def _margin_changes(call: Call) -> list[dict[str, Any]]:
    symbol, kind = call.rules().symbol, call.integer("type")
    changes = [
        one
        for one in call.account.margin_changes
        if one.symbol == symbol and kind in (None, 1 if one.amount > 0 else 2)
    ]
    return [
        wire_account.margin_change(one) for one in call.in_window(changes, lambda one: one.time_ms)
    ]


def _adl_quantiles(call: Call) -> list[dict[str, Any]]:
    return [
        wire_positions.adl_quantile(call.engine, call.account, symbol) for symbol in call.symbols()
    ]


def _order_limits(_: Call) -> list[dict[str, Any]]:
    return order_rate_limits()


def _trading_status(call: Call) -> dict[str, Any]:
    """No quantitative rule has been broken."""
    return {"indicators": {}, "updateTime": call.engine.now_ms()}


def _coins(call: Call) -> list[dict[str, Any]]:
    """The wallet service's list of coins: what the account holds and the contracts trade."""
    names = dict.fromkeys(
        [*call.account.wallet, *(rules.base for rules in call.engine.contracts.values())]
    )
    return [
        {
            "coin": name,
            "name": name,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "free": "0",
            "locked": "0",
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": [],
        }
        for name in names
    ]


def _margin_pairs(_: Call) -> list[dict[str, Any]]:
    """Margin trading on the spot market: none here."""
    return []


ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "/fapi/v2/balance"): Route(_balance, 5),
    ("GET", "/fapi/v3/balance"): Route(_balance, 5),
    ("GET", "/fapi/v2/account"): Route(_account(2), 5),
    ("GET", "/fapi/v3/account"): Route(_account(3), 5),
    ("GET", "/fapi/v2/positionRisk"): Route(_positions(2), 5),
    ("GET", "/fapi/v3/positionRisk"): Route(_positions(3), 5),
    ("GET", "/fapi/v1/accountConfig"): Route(_account_config, 5),
    ("GET", "/fapi/v1/symbolConfig"): Route(_symbol_config, 5),
    ("GET", "/fapi/v1/leverageBracket"): Route(_brackets),
    ("POST", "/fapi/v1/leverage"): Route(_leverage),
    ("POST", "/fapi/v1/marginType"): Route(_margin_type),
    ("POST", "/fapi/v1/positionMargin"): Route(_change_margin),
    ("GET", "/fapi/v1/positionMargin/history"): Route(_margin_changes),
    ("GET", "/fapi/v1/adlQuantile"): Route(_adl_quantiles, 5),
    ("GET", "/fapi/v1/rateLimit/order"): Route(_order_limits),
    ("GET", "/fapi/v1/apiTradingStatus"): Route(_trading_status, one_or_all(1, 10)),
    ("GET", "/fapi/v1/positionSide/dual"): Route(_position_mode, 30),
    ("POST", "/fapi/v1/positionSide/dual"): Route(_set_position_mode),
    ("GET", "/fapi/v1/feeBurn"): Route(_fee_burn, 30),
    ("POST", "/fapi/v1/feeBurn"): Route(_set_fee_burn),
    ("GET", "/fapi/v1/multiAssetsMargin"): Route(_multi_assets, 30),
    ("GET", "/fapi/v1/commissionRate"): Route(_commission_rate, 20),
    ("GET", "/fapi/v1/income"): Route(_income, 30),
    ("GET", "/sapi/v1/capital/config/getall"): Route(_coins, 10),
    ("GET", "/sapi/v1/margin/allPairs"): Route(_margin_pairs),
}
