"""Where a market comes back after it had stopped: a price far from the last one is flagged.

The flag stands against entries until a person acknowledges it (``kimp resume``) or
half an hour of trading has shown the new price to be one. A stop of less than ten
seconds is a hiccup of somebody's and no halt. All is kept in memory: a desk that
starts anew has no last price to compare with.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.clock import Clock

MAX_GAP_PCT = Decimal(10)
SHORTEST_HALT_S = 10.0
STANDS_S = 1_800.0


class PriceGap:
    """One market's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: Decimal | None = None
        self._stopped_at: float | None = None
        self._gap_pct: Decimal | None = None
        self._since = 0.0

    def stopped(self) -> None:
        """There is no price now."""
        if self._stopped_at is None:
            self._stopped_at = self._clock.monotonic()

    def trades_at(self, price: Decimal) -> None:
        """The market trades at ``price``."""
        now = self._clock.monotonic()
        was_halted = self._stopped_at is not None and now - self._stopped_at >= SHORTEST_HALT_S
        if was_halted and self._last is not None:
            gap_pct = (price / self._last - 1) * 100
            if abs(gap_pct) > MAX_GAP_PCT:
                self._gap_pct, self._since = gap_pct, now
        self._stopped_at, self._last = None, price

    def acknowledge(self) -> None:
        """A person has seen it."""
        self._gap_pct = None

    def sentence(self) -> str | None:
        """What is flagged; None: nothing, or no more."""
        if self._gap_pct is None or self._clock.monotonic() - self._since >= STANDS_S:
            return None
        return (
            f"the price came back {self._gap_pct:+.1f} % away from where it stood before the halt; "
            f"entries wait for kimp resume or {STANDS_S / 60:.0f} minutes"
        )
