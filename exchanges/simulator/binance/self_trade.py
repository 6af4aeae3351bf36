"""An arriving order on its way through the book and the resting orders of its own account.

Binance docs, Self Trade Prevention: the arriving order's mode counts. At one price the market's
orders come first, the account's own after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from exchanges.simulator.binance.matching import Execution, reaches
from exchanges.simulator.binance.order import SelfTrade, VenueOrder


@dataclass(frozen=True, slots=True)
class Meeting:
    """What comes of an order that arrives."""

    executions: Sequence[Execution]
    expired_makers: Sequence[VenueOrder]
    taker_expires: bool
    """Self-trade prevention ends what is left of the order."""

    @property
    def is_touched(self) -> bool:
        """Would the order not simply come to rest?"""
        return bool(self.executions or self.expired_makers or self.taker_expires)


def meet(
    levels: Iterable[tuple[Decimal, Decimal]],
    own: Iterable[VenueOrder],
    order: VenueOrder,
    wanted: Decimal,
    bound: Decimal,
) -> Meeting:
    """Send ``order`` for at most ``wanted`` down the opposite ``levels`` (price, quantity) and
    its account's ``own`` opposite orders, not beyond the price ``bound``. Changes nothing."""
    market: list[tuple[Decimal, Decimal, VenueOrder | None]] = [
        (price, quantity, None) for price, quantity in levels
    ]
    mine = [(maker.price, maker.remaining, maker) for maker in own]
    executions: list[Execution] = []
    expired: list[VenueOrder] = []
    left = wanted
    for price, available, maker in sorted([*market, *mine], key=lambda one: one[0] * order.sign):
        if left <= 0 or not reaches(order.side, bound, price):
            break
        if maker is not None and order.self_trade is not SelfTrade.NONE:
            if order.self_trade is not SelfTrade.EXPIRE_TAKER:
                expired.append(maker)
            if order.self_trade is not SelfTrade.EXPIRE_MAKER:
                return Meeting(executions, expired, taker_expires=True)
            continue
        taken = min(left, available)
        executions.append(Execution(price, taken, maker))
        left -= taken
    return Meeting(executions, expired, taker_expires=False)
