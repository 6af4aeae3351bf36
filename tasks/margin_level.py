"""How near a position is to its liquidation, and what it would take to bring it away from there.

The distance is that from the mark price to the liquidation price, in percent of the mark. With the
margin M behind an isolated position of q coin, entered at e, and the upkeep rate m, a short is
liquidated at (M + q·e) / (q·(1 + m)); so to move that price by d takes q·(1 + m)·d. Source: Binance
docs, "Liquidation price"; Hyperliquid docs, "Liquidations".
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from enum import IntEnum

from exchanges.account import Position
from tasks.premium import HUNDRED

RECOVERED_BY_PCT = Decimal(2)
"""A level is left when the distance is so much beyond it: a price that stands at the level would
raise an alarm with every tick."""
UPKEEP = Decimal("1.05")
"""1 + m at its worst: 5 % in the tiers of large positions."""
DOLLAR = Decimal(1)


class MarginLevel(IntEnum):
    FINE = 0
    WARNING = 1
    CRITICAL = 2


def distance_pct(position: Position) -> Decimal | None:
    """None: nothing is held, or no price would liquidate it. Not above 0: it is due."""
    mark, end = position.mark_price, position.liquidation_price
    if not position.quantity or mark is None or end is None or end <= 0:
        return None
    away = mark - end if position.quantity > 0 else end - mark
    return away / mark * HUNDRED


def level_after(
    before: MarginLevel, distance: Decimal | None, warning_pct: Decimal, critical_pct: Decimal
) -> MarginLevel:
    """The level at ``distance``, coming from ``before``."""
    if distance is None:
        return MarginLevel.FINE
    limits = {MarginLevel.CRITICAL: critical_pct, MarginLevel.WARNING: warning_pct}
    for level, limit in limits.items():
        is_there_already = before >= level
        if distance < limit + (RECOVERED_BY_PCT if is_there_already else 0):
            return level
    return MarginLevel.FINE


def margin_wanted(position: Position, distance: Decimal, target_pct: Decimal) -> Decimal:
    """What added to an isolated position brings it to ``target_pct``, in whole dollars."""
    if position.mark_price is None or distance >= target_pct:
        return Decimal(0)
    moved = position.mark_price * (target_pct - distance) / HUNDRED
    return (abs(position.quantity) * moved * UPKEEP).quantize(DOLLAR, ROUND_CEILING)
