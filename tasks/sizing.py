"""How much coin an entry trades."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from exchanges.rules import Rules
from tasks.signal import Signal


def coarser_lot(spot_rules: Rules, perpetual_rules: Rules) -> Decimal:
    """The lot that both legs can trade: the larger of both quantity steps."""
    return max(spot_rules.quantity_step, perpetual_rules.quantity_step)


def entry_quantity(
    signal: Signal, spot_price: Decimal, spot_rules: Rules, perpetual_rules: Rules
) -> Decimal:
    """The coin quantity of an ENTER.

    ``notional_krw`` is turned into coin at ``spot_price`` (KRW, the touch to be taken) and rounded
    down to the coarser lot, so it may be 0. A ``quantity`` is taken as it is: one that fits
    no lot is refused by the gate and not changed behind the sender's back.

    Raises:
        ValueError: the signal names no size, so it is no ENTER.
    """
    if signal.quantity is not None:
        return signal.quantity
    if signal.notional_krw is None:
        raise ValueError("quantity: expected a signal with a size, got an EXIT")
    lot = coarser_lot(spot_rules, perpetual_rules)
    lots = (signal.notional_krw / spot_price / lot).to_integral_value(rounding=ROUND_FLOOR)
    return lots * lot
