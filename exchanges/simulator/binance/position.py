"""A position whose profit and cost add up to the last digit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

MONEY_STEP = Decimal("0.00000001")
"""The venue books USDT with eight decimals."""


def money(value: Decimal) -> Decimal:
    """``value`` at the precision the venue books."""
    return value.quantize(MONEY_STEP, rounding=ROUND_HALF_EVEN)


class PositionSide(StrEnum):
    """BOTH in one-way mode; LONG and SHORT are two positions in hedge mode."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


@dataclass(slots=True)
class VenuePosition:
    """``quantity`` is signed coin; ``cost`` is Σ quantity × price of what is still held, with
    the sign of ``quantity``. Keeping the cost instead of an average price keeps sums exact."""

    quantity: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)
    """Fees paid since the position was last flat."""
    updated_ms: int = 0
    realized: Decimal = Decimal(0)
    """Profit realised ever, without fees."""
    isolated_margin: Decimal = Decimal(0)
    """Set aside for this position alone; 0 in cross mode."""

    @property
    def entry_price(self) -> Decimal:
        """Average price of what is held; 0 when flat."""
        return money(self.cost / self.quantity) if self.quantity else Decimal(0)

    @property
    def break_even_price(self) -> Decimal:
        """Where leaving would give back the fees paid so far; 0 when flat."""
        if not self.quantity:
            return Decimal(0)
        return money((self.cost + self.commission) / self.quantity)

    def unrealized(self, mark: Decimal) -> Decimal:
        return self.quantity * mark - self.cost

    def trade(
        self,
        signed_quantity: Decimal,
        price: Decimal,
        fee: Decimal,
        now_ms: int,
        *,
        isolated_leverage: int | None = None,
    ) -> Decimal:
        """Book an execution and return the profit it realises (without the fee).

        Positive quantity buys. What exceeds an opposite position opens a new one. With
        ``isolated_leverage`` (None: cross) what is opened sets its margin aside, what is closed
        frees its share.
        """
        closing = Decimal(0)
        realized = Decimal(0)
        if self.quantity * signed_quantity < 0:
            closing = min(abs(signed_quantity), abs(self.quantity)).copy_sign(self.quantity)
            released = (
                self.cost
                if closing == self.quantity
                else money(self.cost * closing / self.quantity)
            )
            realized = closing * price - released
            self.isolated_margin -= money(self.isolated_margin * closing / self.quantity)
            self.quantity -= closing
            self.cost -= released
        if not self.quantity:
            self.commission = self.isolated_margin = Decimal(0)
        opening = signed_quantity + closing
        self.quantity += opening
        self.cost += opening * price
        if isolated_leverage is not None:
            self.isolated_margin += money(abs(opening) * price / isolated_leverage)
        if self.quantity:
            self.commission += fee
        self.realized += realized
        self.updated_ms = now_ms
        return realized
