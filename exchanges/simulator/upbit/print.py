"""One public trade at the simulated Upbit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from exchanges.side import Side


@dataclass(frozen=True, slots=True)
class Print:
    price: Decimal
    volume: Decimal
    taker: Side
    time: datetime
    number: int
    """``sequential_id``; rises."""

    @property
    def time_ms(self) -> int:
        return int(self.time.timestamp() * 1000)

    @property
    def ask_bid(self) -> str:
        return "BID" if self.taker is Side.BUY else "ASK"
