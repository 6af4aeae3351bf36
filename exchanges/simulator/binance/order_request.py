"""Reading the parameters of a new order; what is not well-formed is refused here."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.order import (
    OrderRequest,
    PriceMatch,
    SelfTrade,
    VenueOrderType,
    VenueTimeInForce,
)
from exchanges.simulator.binance.parameters import (
    boolean,
    client_id,
    integer,
    number,
    one_of,
    required,
)
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.refusal import Refused

CONDITIONAL_TYPES = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)
"""Moved to the Algo Order API in December 2025 (Binance derivatives change log)."""

_SHORTEST_GTD_MS = 600_000
_LATEST_GTD_MS = 253_402_300_799_000


def parse_order(params: Mapping[str, str], now_ms: int) -> OrderRequest:
    """Raises Refused: -1102 missing, -1106 not wanted, -1115/-1116/-1117/-1130 wrong value,
    -4015 client id, -4120 conditional type, -5037 to -5040 of the finer options."""
    symbol = required(params, "symbol")
    side = order_side(params)
    type_name = required(params, "type")
    if type_name in CONDITIONAL_TYPES:
        raise Refused(-4120)
    if type_name not in ("LIMIT", "MARKET"):
        raise Refused(-1116)
    type_ = VenueOrderType(type_name)
    match = price_match(params)
    price, time_in_force = _terms(params, type_, match)
    return OrderRequest(
        symbol=symbol,
        side=side,
        position_side=position_side(params),
        type=type_,
        quantity=number(params, "quantity"),
        price=price,
        time_in_force=time_in_force,
        reduce_only=boolean(params, "reduceOnly", default=False),
        reduce_only_sent="reduceOnly" in params,
        client_order_id=client_id(params, "newClientOrderId"),
        result_wanted=_result_wanted(params),
        self_trade=self_trade(params),
        price_match=match,
        good_till_ms=good_till(params, time_in_force, now_ms),
    )


def order_side(params: Mapping[str, str]) -> Side:
    side = required(params, "side")
    if side not in ("BUY", "SELL"):
        raise Refused(-1117)
    return Side(side.lower())


def position_side(params: Mapping[str, str]) -> PositionSide:
    """BOTH when it is not sent."""
    text = params.get("positionSide") or PositionSide.BOTH
    return one_of(text, PositionSide, -1130, "positionSide")


def time_in_force(text: str) -> VenueTimeInForce:
    return one_of(text, VenueTimeInForce, -1115)


def price_match(params: Mapping[str, str]) -> PriceMatch:
    return one_of(params.get("priceMatch") or PriceMatch.NONE, PriceMatch, -5037)


def limit_price(params: Mapping[str, str], match: PriceMatch) -> Decimal | None:
    """The price, or None when the book is to give it; both at once are refused."""
    if match is PriceMatch.NONE:
        return number(params, "price")
    if params.get("price"):
        raise Refused(-1106, "price")
    return None


def self_trade(params: Mapping[str, str]) -> SelfTrade:
    """EXPIRE_MAKER when it is not sent, as over REST."""
    text = params.get("selfTradePreventionMode") or SelfTrade.EXPIRE_MAKER
    return one_of(text, SelfTrade, -5039)


def good_till(params: Mapping[str, str], in_force: VenueTimeInForce, now_ms: int) -> int:
    """``goodTillDate`` in whole seconds, as the venue keeps it; wanted exactly with GTD."""
    until = integer(params, "goodTillDate")
    if in_force is not VenueTimeInForce.GTD:
        return 0
    if until is None:
        raise Refused(-1102, "goodTillDate")
    if not now_ms + _SHORTEST_GTD_MS < until < _LATEST_GTD_MS:
        raise Refused(-5040)
    return until // 1_000 * 1_000


def _terms(
    params: Mapping[str, str], type_: VenueOrderType, match: PriceMatch
) -> tuple[Decimal | None, VenueTimeInForce]:
    if type_ is VenueOrderType.MARKET:
        for name in ("price", "timeInForce"):
            if params.get(name):
                raise Refused(-1106, name)
        if match is not PriceMatch.NONE:
            raise Refused(-5038)
        return None, VenueTimeInForce.GTC
    in_force = time_in_force(required(params, "timeInForce"))
    return limit_price(params, match), in_force


def _result_wanted(params: Mapping[str, str]) -> bool:
    wanted = params.get("newOrderRespType", "ACK")
    if wanted not in ("ACK", "RESULT"):
        raise Refused(-1130, "newOrderRespType")
    return wanted == "RESULT"
