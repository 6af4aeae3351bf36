"""A position whose profit and cost add up to the last digit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.simulator.hyperliquid.numbers import rounded, usdc

ZERO = Decimal(0)


@dataclass(slots=True)
class VenuePosition:
    """``size`` is signed coin; ``cost`` is Σ size × price of what is still held, with the sign of
    ``size``, so that no average is ever rounded into the money."""

    size: Decimal = ZERO
    cost: Decimal = ZERO
    isolated_margin: Decimal = ZERO
    """USDC set aside for it; 0 in cross mode."""
    funding_all_time: Decimal = ZERO
    """USDC paid, as the other two."""
    funding_since_open: Decimal = ZERO
    funding_since_change: Decimal = ZERO

    def entry_price(self, decimals: int) -> Decimal:
        """Average price of what is held."""
        return rounded(self.cost / self.size, decimals)

    def value(self, mark: Decimal) -> Decimal:
        """Not signed."""
        return abs(self.size) * mark

    def unrealized(self, mark: Decimal) -> Decimal:
        return self.size * mark - self.cost

    def closable(self, signed_size: Decimal) -> Decimal:
        """How much of a trade would only shrink the position, not signed."""
        return min(abs(signed_size), abs(self.size)) if self.size * signed_size < 0 else ZERO

    def trade(self, signed_size: Decimal, price: Decimal) -> Decimal:
        """Book an execution and return the profit it realises, without the fee.

        What exceeds an opposite position opens a new one. Isolated margin is released with the
        share that is closed; setting it aside is the caller's.
        """
        closed = self.closable(signed_size)
        profit = ZERO
        if closed:
            share = closed / abs(self.size)
            released = self.cost if share == 1 else usdc(self.cost * share)
            profit = closed.copy_sign(self.size) * price - released
            self.cost -= released
            self.isolated_margin -= usdc(self.isolated_margin * share)
        before = self.size
        self.size += signed_size
        opened = abs(signed_size) - closed
        self.cost += opened.copy_sign(signed_size) * price
        self.funding_since_change = ZERO
        if before * self.size <= 0:
            self.funding_since_open = ZERO
        return profit

    def pay_funding(self, amount: Decimal) -> None:
        self.funding_all_time += amount
        self.funding_since_open += amount
        self.funding_since_change += amount


def direction(before: Decimal, signed_size: Decimal) -> str:
    """The venue's name of a fill that moves a position of ``before`` by ``signed_size``."""
    after = before + signed_size
    if before * after < 0:
        return "Long > Short" if before > 0 else "Short > Long"
    opens = before * signed_size >= 0
    is_long = (signed_size > 0) is opens
    return f"{'Open' if opens else 'Close'} {'Long' if is_long else 'Short'}"
