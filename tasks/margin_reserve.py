"""The reserve at the perpetual's venue, and what of it stands behind positions already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from exchanges.account import Balance
from tasks.capital import HUNDRED
from tasks.pair import ZERO, Pair

_SPENT = ("intended", "added", "unknown")
"""Words of the journal for money that was moved, or may have been."""
_DOLLAR = Decimal(1)


@dataclass(frozen=True, slots=True)
class TopUp:
    """Money asked to be moved to a position."""

    margin_id: str
    symbol: str
    amount: Decimal
    status: str
    """``intended``, ``added``, ``refused`` or ``unknown``."""
    time: datetime


class MarginReserve:
    """Counts what was added while the positions that it was added to stand. A position that was
    closed has given it back."""

    def __init__(self, reserve_pct: Decimal) -> None:
        self._reserve_pct = reserve_pct
        self._top_ups: dict[str, TopUp] = {}

    def note(self, top_up: TopUp) -> None:
        """The latest word on it."""
        self._top_ups[top_up.margin_id] = top_up

    def used(self, open_pairs: Iterable[Pair]) -> Decimal:
        """What stands behind the positions of ``open_pairs``."""
        began: dict[str, datetime] = {}
        for pair in open_pairs:
            began[pair.symbol] = min(pair.opened_at, began.get(pair.symbol, pair.opened_at))
        return sum(
            (
                top_up.amount
                for top_up in self._top_ups.values()
                if top_up.status in _SPENT
                and top_up.symbol in began
                and top_up.time >= began[top_up.symbol]
            ),
            ZERO,
        )

    def left(self, balance: Balance | None, open_pairs: Iterable[Pair]) -> Decimal:
        """Whole dollars that may be added yet: the reserve's, and in the wallet."""
        if balance is None:
            return ZERO
        reserve = balance.total * self._reserve_pct / HUNDRED - self.used(open_pairs)
        return max(ZERO, min(reserve, balance.available)).quantize(_DOLLAR, ROUND_FLOOR)
