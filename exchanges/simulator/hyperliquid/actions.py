"""What an account may ask for, read from JSON and written back in the form that is signed.

Hyperliquid docs, Exchange endpoint. The venue hashes what it *understood*: it writes the action
anew, keys in its own order, numbers without closing zeros, cloids in lower case. A client that
signs another form of the same action has therefore signed as somebody else (public measurement of
the venue: order of keys and closing zeros in the JSON do not matter, in the signed bytes they do).
Fields that the venue does not know are ignored in an order and refused in an action.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from exchanges.decimal_json import plain
from exchanges.side import Side
from exchanges.simulator.hyperliquid.numbers import wire_number
from exchanges.simulator.hyperliquid.refusal import Malformed

Fields = Mapping[str, Any]
Wire = dict[str, Any]
OrderId = int | str
"""The venue's oid, or a cloid."""

_CLOID = re.compile(r"0x[0-9a-fA-F]{32}")
_ADDRESS = re.compile(r"(?:0x)?([0-9a-fA-F]{40})")
_GROUPINGS = ("na", "normalTpsl", "positionTpsl")
MAX_INTEGER = 2**63 - 1


class Tif(StrEnum):
    ALO = "Alo"
    """Add liquidity only."""
    IOC = "Ioc"
    GTC = "Gtc"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A take-profit or stop-loss on the mark price."""

    is_market: bool
    price: Decimal
    takes_profit: bool


@dataclass(frozen=True, slots=True)
class OrderWish:
    """A well-formed order; no rule of the market has been asked yet."""

    asset: int
    side: Side
    price: Decimal
    size: Decimal
    reduce_only: bool
    kind: Tif | Trigger
    cloid: str | None

    def wire(self) -> Wire:
        if isinstance(self.kind, Trigger):
            kind: Wire = {
                "trigger": {
                    "isMarket": self.kind.is_market,
                    "triggerPx": plain(self.kind.price),
                    "tpsl": "tp" if self.kind.takes_profit else "sl",
                }
            }
        else:
            kind = {"limit": {"tif": self.kind.value}}
        wire = {
            "a": self.asset,
            "b": self.side is Side.BUY,
            "p": plain(self.price),
            "s": plain(self.size),
            "r": self.reduce_only,
            "t": kind,
        }
        return wire if self.cloid is None else {**wire, "c": self.cloid}


@dataclass(frozen=True, slots=True)
class PlaceOrders:
    orders: tuple[OrderWish, ...]
    grouping: str | Fields
    builder: Fields | None

    def wire(self) -> Wire:
        wire = {
            "type": "order",
            "orders": [order.wire() for order in self.orders],
            "grouping": self.grouping,
        }
        return wire if self.builder is None else {**wire, "builder": self.builder}


@dataclass(frozen=True, slots=True)
class CancelOrders:
    """``orders``: (asset, oid or cloid)."""

    orders: tuple[tuple[int, OrderId], ...]
    by_cloid: bool

    def wire(self) -> Wire:
        asset, name = ("asset", "cloid") if self.by_cloid else ("a", "o")
        return {
            "type": "cancelByCloid" if self.by_cloid else "cancel",
            "cancels": [{asset: index, name: order_id} for index, order_id in self.orders],
        }


@dataclass(frozen=True, slots=True)
class ModifyOrders:
    """``changes``: (order, what it becomes)."""

    changes: tuple[tuple[OrderId, OrderWish], ...]
    is_batch: bool

    def wire(self) -> Wire:
        changes = [{"oid": order_id, "order": wish.wire()} for order_id, wish in self.changes]
        if self.is_batch:
            return {"type": "batchModify", "modifies": changes}
        return {"type": "modify", **changes[0]}


@dataclass(frozen=True, slots=True)
class UpdateLeverage:
    asset: int
    is_cross: bool
    leverage: int

    def wire(self) -> Wire:
        return {
            "type": "updateLeverage",
            "asset": self.asset,
            "isCross": self.is_cross,
            "leverage": self.leverage,
        }


@dataclass(frozen=True, slots=True)
class UpdateIsolatedMargin:
    asset: int
    is_buy: bool
    """Without effect in one-way mode."""
    millionths: int
    """Of a USDC; negative takes margin away."""

    def wire(self) -> Wire:
        return {
            "type": "updateIsolatedMargin",
            "asset": self.asset,
            "isBuy": self.is_buy,
            "ntli": self.millionths,
        }


@dataclass(frozen=True, slots=True)
class ScheduleCancel:
    time_ms: int | None
    """None takes the schedule back."""

    def wire(self) -> Wire:
        wire: Wire = {"type": "scheduleCancel"}
        return wire if self.time_ms is None else {**wire, "time": self.time_ms}


@dataclass(frozen=True, slots=True)
class Noop:
    def wire(self) -> Wire:
        return {"type": "noop"}


Action = (
    PlaceOrders
    | CancelOrders
    | ModifyOrders
    | UpdateLeverage
    | UpdateIsolatedMargin
    | ScheduleCancel
    | Noop
)


def parse_action(raw: object) -> Action:
    """Raises Malformed for what has not the form of an action this venue carries out."""
    fields = json_object(raw)
    kind = fields.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise Malformed
    names, read = reader
    if not fields.keys() <= {"type", *names}:
        raise Malformed
    return read(fields)


def json_object(raw: object) -> Fields:
    if not isinstance(raw, dict):
        raise Malformed
    return raw


def json_integer(raw: object, *, least: int = 0) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= MAX_INTEGER:
        raise Malformed
    return raw


def address_of(raw: object) -> str:
    """Lower case with ``0x``; the venue takes addresses without it too."""
    found = _ADDRESS.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise Malformed
    return f"0x{found[1].lower()}"


def order_id_of(raw: object) -> OrderId:
    """An oid, or a cloid in lower case."""
    return _cloid(raw) if isinstance(raw, str) else json_integer(raw)


def _cloid(raw: object) -> str:
    if not isinstance(raw, str) or _CLOID.fullmatch(raw) is None:
        raise Malformed
    return raw.lower()


def _boolean(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise Malformed
    return raw


def _number(raw: object) -> Decimal:
    try:
        return wire_number(raw)
    except ValueError:
        raise Malformed from None


def _list(raw: object) -> list[Any]:
    if not isinstance(raw, list):
        raise Malformed
    return raw


def _wish(raw: object) -> OrderWish:
    fields = json_object(raw)
    cloid = fields.get("c")
    return OrderWish(
        asset=json_integer(fields.get("a")),
        side=Side.BUY if _boolean(fields.get("b")) else Side.SELL,
        price=_number(fields.get("p")),
        size=_number(fields.get("s")),
        reduce_only=_boolean(fields.get("r")),
        kind=_kind(json_object(fields.get("t"))),
        cloid=None if cloid is None else _cloid(cloid),
    )


def _kind(fields: Fields) -> Tif | Trigger:
    if fields.keys() == {"limit"}:
        tif = json_object(fields["limit"]).get("tif")
        if tif in tuple(Tif):
            return Tif(tif)
    elif fields.keys() == {"trigger"}:
        trigger = json_object(fields["trigger"])
        if trigger.get("tpsl") in ("tp", "sl"):
            return Trigger(
                is_market=_boolean(trigger.get("isMarket")),
                price=_number(trigger.get("triggerPx")),
                takes_profit=trigger["tpsl"] == "tp",
            )
    raise Malformed


def _orders(fields: Fields) -> PlaceOrders:
    grouping = fields.get("grouping")
    if isinstance(grouping, dict):  # a priority fee, without effect here
        grouping = {"p": json_integer(grouping.get("p"))}
    elif grouping not in _GROUPINGS:
        raise Malformed
    builder = fields.get("builder")
    if builder is not None:
        paid = json_object(builder)
        builder = {"b": address_of(paid.get("b")), "f": json_integer(paid.get("f"))}
    return PlaceOrders(tuple(map(_wish, _list(fields.get("orders")))), grouping, builder)


def _cancels(fields: Fields) -> CancelOrders:
    entries = map(json_object, _list(fields.get("cancels")))
    orders = [(json_integer(entry.get("a")), json_integer(entry.get("o"))) for entry in entries]
    return CancelOrders(tuple(orders), by_cloid=False)


def _cancels_by_cloid(fields: Fields) -> CancelOrders:
    entries = map(json_object, _list(fields.get("cancels")))
    orders = [(json_integer(entry.get("asset")), _cloid(entry.get("cloid"))) for entry in entries]
    return CancelOrders(tuple(orders), by_cloid=True)


def _change(raw: object) -> tuple[OrderId, OrderWish]:
    fields = json_object(raw)
    return order_id_of(fields.get("oid")), _wish(fields.get("order"))


_READERS: Mapping[str, tuple[tuple[str, ...], Callable[[Fields], Action]]] = {
    "order": (("orders", "grouping", "builder"), _orders),
    "cancel": (("cancels",), _cancels),
    "cancelByCloid": (("cancels",), _cancels_by_cloid),
    "modify": (("oid", "order"), lambda fields: ModifyOrders((_change(fields),), is_batch=False)),
    "batchModify": (
        ("modifies",),
        lambda fields: ModifyOrders(
            tuple(map(_change, _list(fields.get("modifies")))), is_batch=True
        ),
    ),
    "updateLeverage": (
        ("asset", "isCross", "leverage"),
        lambda fields: UpdateLeverage(
            json_integer(fields.get("asset")),
            _boolean(fields.get("isCross")),
            json_integer(fields.get("leverage")),
        ),
    ),
    "updateIsolatedMargin": (
        ("asset", "isBuy", "ntli"),
        lambda fields: UpdateIsolatedMargin(
            json_integer(fields.get("asset")),
            _boolean(fields.get("isBuy")),
            json_integer(fields.get("ntli"), least=-MAX_INTEGER),
        ),
    ),
    "scheduleCancel": (
        ("time",),
        lambda fields: ScheduleCancel(
            None if fields.get("time") is None else json_integer(fields["time"])
        ),
    ),
    "noop": ((), lambda _: Noop()),
}
"""By type: the fields it may have, and how they are read."""
