"""What a client asked to have traded, checked against the rules of a KRW market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum

from exchanges.rules import tick_at
from exchanges.side import Side
from exchanges.simulator.market import Listing
from exchanges.simulator.upbit.refusal import Refusal, validation_error

MIN_TOTAL = Decimal(5_000)
"""Least value of an order, KRW (Upbit docs, KRW market info)."""
MAX_TOTAL = Decimal(1_000_000_000)
"""Largest value of an order, KRW, as ``orders/chance`` announces it."""
FEE = Decimal("0.0005")
"""Maker and taker, charged in KRW on either side."""
VOLUME_STEP = Decimal("0.00000001")


class OrderKind(StrEnum):
    """``ord_type`` on the wire."""

    LIMIT = "limit"
    PRICE = "price"
    """Market buy; ``price`` is the total to spend, KRW."""
    MARKET = "market"
    """Market sell by ``volume``."""
    BEST = "best"
    """At the touch only; KRW total when it buys, volume when it sells."""


class Tif(StrEnum):
    """``time_in_force`` on the wire."""

    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class Smp(StrEnum):
    """``smp_type`` on the wire: what is done when an order meets one of the same account. That of
    the taker counts (Upbit docs, Self-Match Prevention)."""

    CANCEL_MAKER = "cancel_maker"
    """The usual one since 2026-11-09."""
    CANCEL_TAKER = "cancel_taker"
    REDUCE = "reduce"
    NONE = "none"
    """They trade."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A well-formed order. ``price`` is a limit for LIMIT and a KRW total for a buying
    PRICE or BEST; ``volume`` is None exactly then."""

    market: str
    coin: str
    side: Side
    kind: OrderKind
    price: Decimal | None
    volume: Decimal | None
    tif: Tif | None
    identifier: str | None
    smp: Smp = Smp.CANCEL_MAKER

    @property
    def wire_side(self) -> str:
        return "bid" if self.side is Side.BUY else "ask"

    @property
    def pays_with(self) -> str:
        """The currency that a resting order sets aside."""
        return "KRW" if self.side is Side.BUY else self.coin

    @property
    def budget(self) -> Decimal | None:
        """KRW to spend when the order is by total, else None."""
        return self.price if self.volume is None else None

    @property
    def limit(self) -> Decimal | None:
        """The worst price that a LIMIT accepts, else None."""
        return self.price if self.kind is OrderKind.LIMIT else None


def parse_order_request(fields: Mapping[str, str], listing: Listing) -> OrderRequest:
    """The order in ``fields`` for ``listing``. Raises Refusal as Upbit does for bad combinations.

    What depends on the market's price (the minimum of a market sell) is checked by the engine.
    """
    side = {"bid": Side.BUY, "ask": Side.SELL}.get(fields.get("side", ""))
    if side is None:
        raise validation_error("side is missing, side does not have a valid value")
    try:
        kind = OrderKind(fields.get("ord_type", ""))
    except ValueError:
        raise validation_error("ord_type does not have a valid value") from None
    tif = _tif(fields)
    smp = _smp(fields, tif)
    _check_combination(fields, side, kind, tif)
    price, volume = _decimal(fields, "price"), _decimal(fields, "volume")
    identifier = fields.get("identifier")
    order = OrderRequest(
        listing.native, listing.symbol, side, kind, price, volume, tif, identifier, smp
    )
    _check_numbers(order, listing)
    return order


def floor_volume(volume: Decimal) -> Decimal:
    """Down to the 8 decimals that Upbit trades in."""
    return volume.quantize(VOLUME_STEP, rounding=ROUND_FLOOR)


def _tif(fields: Mapping[str, str]) -> Tif | None:
    text = fields.get("time_in_force")
    if text is None:
        return None
    try:
        return Tif(text)
    except ValueError:
        raise validation_error("time_in_force does not have a valid value") from None


def _smp(fields: Mapping[str, str], tif: Tif | None) -> Smp:
    """``post_only`` goes with none only, also when nothing was said."""
    usual = Smp.NONE if tif is Tif.POST_ONLY else Smp.CANCEL_MAKER
    try:
        smp = Smp(fields.get("smp_type", usual))
    except ValueError:
        raise validation_error("smp_type does not have a valid value") from None
    if tif is Tif.POST_ONLY and smp is not Smp.NONE:
        raise validation_error("post_only cannot be combined with smp_type")
    return smp


def _check_combination(
    fields: Mapping[str, str], side: Side, kind: OrderKind, tif: Tif | None
) -> None:
    """Which of price, volume and time_in_force belong to which type (Upbit docs, new order)."""
    name = "create_bid_error" if side is Side.BUY else "create_ask_error"
    buys_by_total = kind is OrderKind.PRICE or (kind is OrderKind.BEST and side is Side.BUY)
    wants_price = kind is OrderKind.LIMIT or buys_by_total
    wants_volume = not buys_by_total
    if (kind is OrderKind.PRICE and side is Side.SELL) or (
        kind is OrderKind.MARKET and side is Side.BUY
    ):
        raise Refusal(400, name, "주문 유형과 주문 방향이 맞지 않습니다.")
    if ("price" in fields) is not wants_price or ("volume" in fields) is not wants_volume:
        raise Refusal(400, name, "주문 유형에 맞는 price, volume 값을 입력해주세요.")
    allowed: tuple[Tif | None, ...]
    match kind:
        case OrderKind.LIMIT:
            allowed = (None, Tif.IOC, Tif.FOK, Tif.POST_ONLY)
        case OrderKind.BEST:
            allowed = (Tif.IOC, Tif.FOK)
        case _:
            allowed = (None,)
    if tif not in allowed:
        raise Refusal(400, name, "주문 유형에 맞는 time_in_force 값을 입력해주세요.")


def _check_numbers(order: OrderRequest, listing: Listing) -> None:
    for name, value in (("volume", order.volume), ("price", order.price)):
        if value is not None and value != floor_volume(value):
            raise validation_error(f"{name} has more than 8 decimal places")
    if order.limit is not None and order.limit % tick_at(listing.tick_bands, order.limit):
        raise Refusal(
            400, f"invalid_price_{order.wire_side}", "주문가격 단위를 잘못 입력하셨습니다."
        )
    total = order.budget
    if order.limit is not None and order.volume is not None:
        total = order.limit * order.volume
    if total is not None:
        check_total(order, total)


def check_total(order: OrderRequest, total: Decimal) -> None:
    """Refuse ``order``, of that KRW value, when it is too small or too large.

    Orders at market have names of their own: ``under_min_total_market_ask`` and
    ``over_max_total_market_ask`` are what public bots have met; those of too large limit orders
    follow them.
    """
    at_market = "market_" if order.kind in (OrderKind.PRICE, OrderKind.MARKET) else ""
    if total < MIN_TOTAL:
        name, message = "under_min", "최소주문금액 이상으로 주문해주세요."
    elif total > MAX_TOTAL:
        name, message = "over_max", "최대주문금액을 초과하였습니다."
    else:
        return
    raise Refusal(400, f"{name}_total_{at_market}{order.wire_side}", message)


def _decimal(fields: Mapping[str, str], name: str) -> Decimal | None:
    if name not in fields:
        return None
    try:
        value = Decimal(fields[name])
    except InvalidOperation:
        raise validation_error(f"{name} does not have a valid value") from None
    if not (value.is_finite() and Decimal("1e-12") <= value <= Decimal("1e15")):
        raise validation_error(f"{name} does not have a valid value")
    return value
