"""The public order book, which may be told to stand still."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.faults import FaultKind, Faults
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.numbers import shown
from exchanges.simulator.hyperliquid.order_book import Level

DEPTH = 20


@dataclass(frozen=True, slots=True)
class BookView:
    """Both sides, best first."""

    time_ms: int
    bids: Sequence[Level]
    asks: Sequence[Level]


class Books:
    """What the venue shows; ``stale_book`` holds what was there when it was set."""

    def __init__(self, engine: HyperliquidEngine, faults: Faults) -> None:
        self._engine = engine
        self._faults = faults
        self._held: dict[int, BookView] = {}
        faults.subscribe(self._hold)

    def is_stale(self, asset: Asset) -> bool:
        return self._faults.holds(FaultKind.STALE_BOOK, Venue.HYPERLIQUID, asset.coin)

    def view(self, asset: Asset) -> BookView:
        held = self._held.get(asset.index)
        return self._now(asset) if held is None else held

    def _hold(self) -> None:
        for asset in self._engine.assets.values():
            if not self.is_stale(asset):
                self._held.pop(asset.index, None)
            elif asset.index not in self._held:
                self._held[asset.index] = self._now(asset)

    def _now(self, asset: Asset) -> BookView:
        book = self._engine.book
        return BookView(
            self._engine.now_ms(),
            book.levels(asset, Side.BUY, DEPTH),
            book.levels(asset, Side.SELL, DEPTH),
        )


def level_row(level: Level) -> dict[str, Any]:
    """Others' orders are not counted here: each level is one."""
    price, size = level
    return {"px": shown(price), "sz": shown(size), "n": 1}


def grouped(levels: Sequence[Level], figures: int, mantissa: int, *, bids: bool) -> list[Level]:
    """``levels`` put together to prices of ``figures`` significant figures, away from the touch;
    ``mantissa`` 2 or 5 makes the last figure's steps as large."""
    sums: dict[Decimal, Decimal] = defaultdict(Decimal)
    for price, size in levels:
        step = Decimal(mantissa).scaleb(price.adjusted() - figures + 1)
        rounding = ROUND_FLOOR if bids else ROUND_CEILING
        sums[(price / step).to_integral_value(rounding=rounding) * step] += size
    return list(sums.items())
