"""What a retry of a missing leg may cost, against giving the other leg up.

All costs are fractions of value (0.001 = 10 basis points) and count the taker fee f. With the
price p₀ that the pair was decided on, a retry at price p costs

    buying:   p·(1 + f)/p₀ − 1            selling:   1 − p·(1 − f)/p₀

Undoing the leg that did trade, at the average price a, by trading it back at u costs its way
against us and its two fees:

    bought:   ((a − u) + f·(a + u))/a     sold:      ((u − a) + f·(a + u))/a

A retry that costs more than that is worse than having no pair, so the cheaper of the two, and
never more than the cap of the settings, bounds its price.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.side import Side
from tasks.wire_text import short_decimal_text

BPS = Decimal(10_000)


def retry_cost(side: Side, decided: Decimal, price: Decimal, taker_fee: Decimal) -> Decimal:
    """What trading at ``price`` costs against ``decided``; negative: it is better."""
    if side is Side.BUY:
        return price * (1 + taker_fee) / decided - 1
    return 1 - price * (1 - taker_fee) / decided


def undoing_cost(side: Side, traded: Decimal, now: Decimal, taker_fee: Decimal) -> Decimal:
    """What a leg that traded on ``side`` at the average price ``traded`` costs in all when it is
    traded back at ``now``; negative: the market has moved in its favour by more than the fees."""
    against_us = traded - now if side is Side.BUY else now - traded
    return (against_us + taker_fee * (traded + now)) / traded


def most_cost(undoing: Decimal | None, cap_bps: int) -> Decimal:
    """The most that a retry may cost. ``undoing`` None: the other leg cannot be undone now."""
    cap = cap_bps / BPS
    return cap if undoing is None else min(undoing, cap)


def worst_price(side: Side, decided: Decimal, taker_fee: Decimal, most: Decimal) -> Decimal:
    """The price at which :func:`retry_cost` is ``most``."""
    if side is Side.BUY:
        return decided * (1 + most) / (1 + taker_fee)
    return decided * (1 - most) / (1 - taker_fee)


def bps_text(cost: Decimal) -> str:
    """``10.2 bps``."""
    return f"{cost * BPS:.1f} bps"


def price_text(price: Decimal) -> str:
    """``price`` to eight significant digits, for people; an infinite bound is no price."""
    if not price.is_finite():
        return "no price"
    return short_decimal_text(price.quantize(Decimal(1).scaleb(price.adjusted() - 7)))
