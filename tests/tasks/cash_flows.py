"""What both accounts must hold after everything that a desk's pairs have traded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tasks.pair import LegName, Pair


@dataclass(slots=True)
class Accounts:
    """``dollars`` is the perpetual account's wallet less the cost of its open positions: a venue
    books a position's price only when it is closed."""

    krw: Decimal
    coin: Decimal
    position: Decimal
    dollars: Decimal

    def after(self, pairs: Iterable[Pair]) -> Accounts:
        """The accounts once all cash flows of ``pairs`` have gone through them, exactly."""
        left = Accounts(self.krw, self.coin, self.position, self.dollars)
        for pair in pairs:
            long = 1 if pair.direction == "long_premium" else -1
            spot, perpetual = pair.spot, pair.perpetual
            left.krw += long * (spot.exit.value - spot.entry.value)
            left.krw -= spot.entry.fee + spot.exit.fee
            left.coin += long * pair.held(LegName.SPOT)
            left.position -= long * pair.held(LegName.PERPETUAL)
            left.dollars += long * (perpetual.entry.value - perpetual.exit.value)
            left.dollars -= perpetual.entry.fee + perpetual.exit.fee
        return left
