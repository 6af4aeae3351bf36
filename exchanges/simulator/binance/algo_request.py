"""Reading the parameters of a conditional order; what is not well-formed is refused here."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from exchanges.simulator.binance.algo_order import AlgoRequest, AlgoType, WorkingType
from exchanges.simulator.binance.order import PriceMatch, VenueTimeInForce
from exchanges.simulator.binance.order_request import (
    good_till,
    limit_price,
    order_side,
    position_side,
    price_match,
    self_trade,
    time_in_force,
)
from exchanges.simulator.binance.parameters import boolean, client_id, number, one_of, required
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.refusal import Refused

ZERO = Decimal(0)
_LIMIT_TYPES = (AlgoType.STOP, AlgoType.TAKE_PROFIT)
_LEAST_CALLBACK, _MOST_CALLBACK = Decimal("0.1"), Decimal(10)


def parse_algo_order(params: Mapping[str, str], now_ms: int) -> AlgoRequest:
    """Raises Refused, with the codes of an ordinary order and -4136 to -4138 for a close of the
    whole position with what does not go with it."""
    if required(params, "algoType") != "CONDITIONAL":
        raise Refused(-1130, "algoType")
    symbol = required(params, "symbol")
    side, holding_side = order_side(params), position_side(params)
    type_ = one_of(required(params, "type"), AlgoType, -1116)
    is_limit, trails = type_ in _LIMIT_TYPES, type_ is AlgoType.TRAILING_STOP_MARKET
    match = price_match(params)
    if match is not PriceMatch.NONE and not is_limit:
        raise Refused(-5038)
    in_force = time_in_force(params.get("timeInForce") or VenueTimeInForce.GTC.value)
    reduce_only = boolean(params, "reduceOnly", default=False)
    close_position = _close_position(params, type_, is_limit=is_limit)
    return AlgoRequest(
        symbol=symbol,
        side=side,
        position_side=holding_side,
        type=type_,
        quantity=ZERO if close_position else number(params, "quantity"),
        price=limit_price(params, match) if is_limit else None,
        trigger_price=ZERO if trails else number(params, "triggerPrice"),
        time_in_force=in_force,
        working_type=one_of(
            params.get("workingType") or WorkingType.CONTRACT_PRICE, WorkingType, -4031
        ),
        price_match=match,
        close_position=close_position,
        price_protect=boolean(params, "priceProtect", default=False),
        reduce_only=reduce_only or (close_position and holding_side is PositionSide.BOTH),
        reduce_only_sent="reduceOnly" in params,
        client_id=client_id(params, "clientAlgoId"),
        self_trade=self_trade(params),
        good_till_ms=good_till(params, in_force, now_ms),
        activate_price=number(params, "activatePrice") if params.get("activatePrice") else ZERO,
        callback_rate=_callback_rate(params) if trails else ZERO,
    )


def _close_position(params: Mapping[str, str], type_: AlgoType, *, is_limit: bool) -> bool:
    if not boolean(params, "closePosition", default=False):
        return False
    if is_limit or type_ is AlgoType.TRAILING_STOP_MARKET:
        raise Refused(-4136, type_.value, "true")
    if params.get("quantity"):
        raise Refused(-4137)
    if "reduceOnly" in params:
        raise Refused(-1106, "reduceonly")
    return True


def _callback_rate(params: Mapping[str, str]) -> Decimal:
    """Percent."""
    rate = number(params, "callbackRate")
    if not _LEAST_CALLBACK <= rate <= _MOST_CALLBACK:
        raise Refused(-2007)
    return rate
