"""A conditional order: it waits outside the book and places an order when its price is seen."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from exchanges.side import Side
from exchanges.simulator.binance.order import (
    OrderRequest,
    PriceMatch,
    SelfTrade,
    VenueOrderType,
    VenueTimeInForce,
)
from exchanges.simulator.binance.position import PositionSide

_PERCENT = Decimal(100)


class AlgoType(StrEnum):
    """Without MARKET in the name the order that is placed is a limit order."""

    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"


class WorkingType(StrEnum):
    """Which price triggers: the last trade's or the mark price."""

    CONTRACT_PRICE = "CONTRACT_PRICE"
    MARK_PRICE = "MARK_PRICE"


class AlgoStatus(StrEnum):
    NEW = "NEW"
    CANCELED = "CANCELED"
    TRIGGERED = "TRIGGERED"
    """Its order is in the book."""
    FINISHED = "FINISHED"
    """Its order has ended."""
    REJECTED = "REJECTED"
    """Its order was refused."""
    EXPIRED = "EXPIRED"
    """Nothing was left to close, or its time was over."""


@dataclass(frozen=True, slots=True)
class AlgoRequest:
    """A well-formed wish; the filters and the account have not been asked yet."""

    symbol: str
    side: Side
    position_side: PositionSide
    type: AlgoType
    quantity: Decimal
    """0 exactly with ``close_position``."""
    price: Decimal | None
    """Of the limit order; None for the market kinds, and with ``price_match``."""
    trigger_price: Decimal
    """0 for a trailing stop."""
    time_in_force: VenueTimeInForce
    working_type: WorkingType
    price_match: PriceMatch
    close_position: bool
    """Close whatever is held then."""
    price_protect: bool
    reduce_only: bool
    reduce_only_sent: bool
    client_id: str | None
    self_trade: SelfTrade
    good_till_ms: int
    activate_price: Decimal
    """From where a trailing stop follows the price; 0: at once."""
    callback_rate: Decimal
    """How far the price must come back, percent; only for a trailing stop."""


@dataclass(slots=True)
class AlgoOrder:
    """Times are the venue's milliseconds."""

    algo_id: int
    client_id: str
    request: AlgoRequest
    created_ms: int
    updated_ms: int
    status: AlgoStatus = AlgoStatus.NEW
    triggered_ms: int = 0
    order_id: int | None = None
    """The order it has placed."""
    is_following: bool = False
    """A trailing stop has reached its activation price."""
    extreme: Decimal = Decimal(0)
    """The best price that a trailing stop has seen since."""

    @property
    def is_open(self) -> bool:
        return self.status is AlgoStatus.NEW

    @property
    def has_ended(self) -> bool:
        return self.status not in (AlgoStatus.NEW, AlgoStatus.TRIGGERED)

    def set_status(self, status: AlgoStatus, now_ms: int) -> None:
        self.status = status
        self.updated_ms = now_ms

    def sees(self, price: Decimal) -> bool:
        """Take notice of a price; does it trigger?"""
        if self.request.type is not AlgoType.TRAILING_STOP_MARKET:
            return is_triggered(self.request, price)
        buys = self.request.side is Side.BUY
        if not self.is_following:
            start = self.request.activate_price
            self.is_following = not start or (price <= start if buys else price >= start)
            self.extreme = price
            return False
        self.extreme = min(self.extreme, price) if buys else max(self.extreme, price)
        back = self.extreme * self.request.callback_rate / _PERCENT
        return price >= self.extreme + back if buys else price <= self.extreme - back

    def order(self, held: Decimal) -> OrderRequest:
        """What it places; ``held`` is the position's absolute size."""
        wish = self.request
        is_limit = wish.type in (AlgoType.STOP, AlgoType.TAKE_PROFIT)
        return OrderRequest(
            symbol=wish.symbol,
            side=wish.side,
            position_side=wish.position_side,
            type=VenueOrderType.LIMIT if is_limit else VenueOrderType.MARKET,
            quantity=held if wish.close_position else wish.quantity,
            price=wish.price,
            time_in_force=wish.time_in_force if is_limit else VenueTimeInForce.GTC,
            reduce_only=wish.reduce_only
            or (wish.close_position and wish.position_side is PositionSide.BOTH),
            reduce_only_sent=wish.reduce_only_sent,
            client_order_id=self.client_id,
            result_wanted=True,
            self_trade=wish.self_trade,
            price_match=wish.price_match,
            good_till_ms=wish.good_till_ms if is_limit else 0,
        )


def is_triggered(request: AlgoRequest, price: Decimal) -> bool:
    """A stop waits for a price that is worse, a take-profit for one that is better."""
    waits_for_rise = (request.side is Side.BUY) == (
        request.type in (AlgoType.STOP, AlgoType.STOP_MARKET)
    )
    return price >= request.trigger_price if waits_for_rise else price <= request.trigger_price
