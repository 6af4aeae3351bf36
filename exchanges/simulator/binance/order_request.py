"""Reading the parameters of a new order; what is not well-formed is refused here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.order import OrderRequest, VenueOrderType, VenueTimeInForce
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.refusal import Refused

CONDITIONAL_TYPES = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)
"""Moved to the Algo Order API in December 2025 (Binance derivatives change log)."""

_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")


def parse_order(params: Mapping[str, str]) -> OrderRequest:
    """Raises Refused: -1102 missing, -1106 not wanted, -1115/-1116/-1117/-1130 wrong value,
    -4015 client id, -4120 conditional type."""
    symbol = required(params, "symbol")
    side = required(params, "side")
    if side not in ("BUY", "SELL"):
        raise Refused(-1117)
    type_name = required(params, "type")
    if type_name in CONDITIONAL_TYPES:
        raise Refused(-4120)
    if type_name not in ("LIMIT", "MARKET"):
        raise Refused(-1116)
    type_ = VenueOrderType(type_name)
    price, time_in_force = _terms(params, type_)
    client_order_id = params.get("newClientOrderId") or None
    if client_order_id is not None and not _CLIENT_ID.fullmatch(client_order_id):
        raise Refused(-4015)
    return OrderRequest(
        symbol=symbol,
        side=Side(side.lower()),
        position_side=_one_of(params, "positionSide", PositionSide, PositionSide.BOTH),
        type=type_,
        quantity=number(params, "quantity"),
        price=price,
        time_in_force=time_in_force,
        reduce_only=boolean(params, "reduceOnly", default=False),
        reduce_only_sent="reduceOnly" in params,
        client_order_id=client_order_id,
        result_wanted=_result_wanted(params),
    )


def _terms(
    params: Mapping[str, str], type_: VenueOrderType
) -> tuple[Decimal | None, VenueTimeInForce]:
    if type_ is VenueOrderType.MARKET:
        for name in ("price", "timeInForce"):
            if params.get(name):
                raise Refused(-1106, name)
        return None, VenueTimeInForce.GTC
    name = required(params, "timeInForce")
    if name not in set(VenueTimeInForce):
        raise Refused(-1115)
    return number(params, "price"), VenueTimeInForce(name)


def _result_wanted(params: Mapping[str, str]) -> bool:
    wanted = params.get("newOrderRespType", "ACK")
    if wanted not in ("ACK", "RESULT"):
        raise Refused(-1130, "newOrderRespType")
    return wanted == "RESULT"


def _one_of(
    params: Mapping[str, str], name: str, kind: type[PositionSide], default: PositionSide
) -> PositionSide:
    text = params.get(name) or default.value
    if text not in set(kind):
        raise Refused(-1130, name)
    return kind(text)


def required(params: Mapping[str, str], name: str) -> str:
    """A parameter that must be there."""
    value = params.get(name, "")
    if not value:
        raise Refused(-1102, name)
    return value


def number(params: Mapping[str, str], name: str) -> Decimal:
    text = required(params, name)
    if not _NUMBER.fullmatch(text):
        raise Refused(-1102, name)
    return Decimal(text)


def integer(params: Mapping[str, str], name: str) -> int | None:
    """A whole number, None when absent."""
    text = params.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refused(-1130, name)
    return int(text)


def boolean(params: Mapping[str, str], name: str, *, default: bool | None = None) -> bool:
    """``true`` or ``false`` in any case; mandatory without a default."""
    text = params.get(name, "").lower()
    if not text and default is not None:
        return default
    if text not in ("true", "false"):
        raise Refused(-1102, name)
    return text == "true"
