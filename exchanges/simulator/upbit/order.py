"""An order at the simulated Upbit and the trades that it made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from exchanges.side import Side
from exchanges.simulator.upbit.order_request import (
    FEE,
    VOLUME_STEP,
    OrderRequest,
    floor_volume,
)

ZERO = Decimal(0)


class OrderState(StrEnum):
    """Upbit's own words."""

    WAIT = "wait"
    """Not ended. (``watch``, a stop order's state, comes only from the website and app.)"""
    DONE = "done"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Trade:
    uuid: str
    price: Decimal
    volume: Decimal
    fee: Decimal
    """KRW."""
    time: datetime
    is_maker: bool = False
    """Whether the order was resting when it traded."""

    @property
    def funds(self) -> Decimal:
        """KRW, fee not included."""
        return self.price * self.volume


@dataclass(slots=True)
class SimulatedOrder:
    """Changed by the engine only; fronts show copies."""

    uuid: str
    request: OrderRequest
    created_at: datetime
    fill_share: Decimal
    """At most this share of the size may trade (1: all of it)."""
    state: OrderState = OrderState.WAIT
    locked: Decimal = ZERO
    """KRW of a buy (fee included), coin of a sell."""
    trades: list[Trade] = field(default_factory=list)
    executed_volume: Decimal = ZERO
    executed_funds: Decimal = ZERO
    paid_fee: Decimal = ZERO
    prevented_volume: Decimal = ZERO
    """Coin that self-match prevention took away."""
    prevented_locked: Decimal = ZERO
    """The same in what the order pays with, fee not included: KRW of a buy, coin of a sell."""

    @property
    def remaining_volume(self) -> Decimal:
        """Coin; only of an order by volume."""
        return (self.request.volume or ZERO) - self.executed_volume - self.prevented_volume

    @property
    def is_used_up(self) -> bool:
        """Nothing is left to trade, not even a crumb of the KRW total."""
        if self.request.budget is not None:
            return self.value_left == 0
        return self.remaining_volume == 0

    @property
    def average_price(self) -> Decimal:
        """Of what has traded, KRW; 0 before."""
        if not self.executed_volume:
            return ZERO
        return (self.executed_funds / self.executed_volume).quantize(VOLUME_STEP)

    @property
    def needed_lock(self) -> Decimal:
        """What an open order must have set aside."""
        if self.request.side is Side.SELL:
            return self.remaining_volume
        return self.value_left * (1 + FEE)

    @property
    def value_left(self) -> Decimal:
        """What a buy may still spend, fee not included, KRW."""
        if self.request.budget is not None:
            return self.request.budget - self.executed_funds - self.prevented_locked
        return (self.request.limit or ZERO) * self.remaining_volume

    @property
    def reserved_fee(self) -> Decimal:
        """Fee set aside at the start, KRW; only buys reserve it."""
        if self.request.side is Side.SELL:
            return ZERO
        if self.request.budget is not None:
            return self.request.budget * FEE
        return (self.request.limit or ZERO) * (self.request.volume or ZERO) * FEE

    @property
    def remaining_fee(self) -> Decimal:
        """The part of ``locked`` that is fee, KRW."""
        if self.request.side is Side.SELL or self.state is not OrderState.WAIT:
            return ZERO
        return self.value_left * FEE

    def room(self, price: Decimal) -> Decimal:
        """How much may still trade at ``price``, coin, in Upbit's 8 decimals."""
        if self.request.budget is not None:
            used = self.executed_funds + self.prevented_locked
            left = self.request.budget * self.fill_share - used
            return floor_volume(max(left, ZERO) / price)
        allowed = floor_volume((self.request.volume or ZERO) * self.fill_share)
        return max(allowed - self.executed_volume - self.prevented_volume, ZERO)

    def crosses(self, price: Decimal) -> bool:
        """May it trade at ``price``?"""
        limit = self.request.limit
        if limit is None:
            return True
        return price <= limit if self.request.side is Side.BUY else price >= limit
