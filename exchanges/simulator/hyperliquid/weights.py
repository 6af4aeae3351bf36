"""Request weight of an address on the internet: 1,200 a minute (Hyperliquid docs, Rate limits)."""

from __future__ import annotations

from collections.abc import Mapping

from exchanges.simulator.binance.rate_limits import Window

WEIGHT_PER_MINUTE = 1_200
MINUTE_MS = 60_000
BATCH = 40
"""A batch weighs one more for each so many entries."""
INFO_WEIGHTS: Mapping[str, int] = {
    "l2Book": 2,
    "allMids": 2,
    "clearinghouseState": 2,
    "orderStatus": 2,
    "spotClearinghouseState": 2,
    "exchangeStatus": 2,
    "userRole": 60,
}
OTHER_INFO_WEIGHT = 20
ROWS_PER_WEIGHT: Mapping[str, int] = {
    "recentTrades": 20,
    "historicalOrders": 20,
    "userFills": 20,
    "userFillsByTime": 20,
    "fundingHistory": 20,
    "userFunding": 20,
    "userNonFundingLedgerUpdates": 20,
    "candleSnapshot": 60,
}
"""Of these lists so many rows weigh one more, counted once they are sent."""


class TooHeavy(Exception):
    """The minute is used up; ``retry_after`` are whole seconds until the next."""

    def __init__(self, retry_after: str) -> None:
        super().__init__(f"again in {retry_after} s")
        self.retry_after = retry_after


class Weights:
    """Every caller counts as one address."""

    def __init__(self) -> None:
        self._window = Window(MINUTE_MS, WEIGHT_PER_MINUTE)

    def used(self, now_ms: int) -> int:
        return self._window.used(now_ms)

    def spend(self, weight: int, now_ms: int) -> None:
        """Raises TooHeavy; what is refused does not count."""
        if not self._window.fits(now_ms, weight):
            raise TooHeavy(self._window.retry_after(now_ms))
        self._window.add(now_ms, weight)

    def add_rows(self, kind: object, rows: int, now_ms: int) -> None:
        """Count what an answer of ``rows`` rows weighs on top."""
        per = ROWS_PER_WEIGHT.get(kind) if isinstance(kind, str) else None
        if per is not None:
            self._window.add(now_ms, rows // per)


def info_weight(kind: object) -> int:
    known = INFO_WEIGHTS.get(kind) if isinstance(kind, str) else None
    return OTHER_INFO_WEIGHT if known is None else known


def action_weight(entries: int) -> int:
    return 1 + entries // BATCH
