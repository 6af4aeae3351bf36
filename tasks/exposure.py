"""What it cost in risk that a pair's legs differed: coin × seconds × price, and how long it took.

A *stretch* is a time in a pair's life in which its legs may differ: on the way in, on the way out,
under repair. Its exposure is the integral of what the two legs do not cover of each other, taken
over the times at which the venues traded, not those at which the desk heard of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tasks.pair_transitions import PairState
from tasks.wire_text import decimal_text, utc_text
from warehouse.records import ExposureRecord

ZERO = Decimal(0)
_MICROSECOND = timedelta(microseconds=1)
_STEP = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Traded:
    """One trade of either leg. Spot and perpetual cover each other when their coins add up to 0."""

    time: datetime
    coin: Decimal
    """Bought: positive."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One stretch, measured."""

    exposure_id: str
    pair_id: str
    symbol: str
    began_with: str
    began_at: datetime
    detected_at: datetime | None
    """When the desk knew that the legs may differ; None: they never were known to."""
    ended_at: datetime
    state: PairState
    unhedged_krw_s: Decimal
    krw_per_coin: Decimal
    attempts: int
    """Orders sent after the detection."""

    @property
    def is_over(self) -> bool:
        """Hedged or flat; a naked pair is neither."""
        return self.state is not PairState.NAKED

    @property
    def recovery_s(self) -> Decimal | None:
        """From detection to hedged or flat; None: nothing was detected, or it is not over."""
        if self.detected_at is None or not self.is_over:
            return None
        return seconds(self.ended_at - self.detected_at)

    def snapshot(self) -> ExposureRecord:
        return {
            "exposure_id": self.exposure_id,
            "pair_id": self.pair_id,
            "symbol": self.symbol,
            "began_with": self.began_with,
            "began_at": utc_text(self.began_at),
            "detected_at": utc_text(self.detected_at) if self.detected_at else None,
            "ended_at": utc_text(self.ended_at),
            "state": self.state.value,
            "unhedged_krw_s": decimal_text(self.unhedged_krw_s),
            "krw_per_coin": decimal_text(self.krw_per_coin),
            "recovery_s": None if self.recovery_s is None else decimal_text(self.recovery_s),
            "attempts": self.attempts,
        }


def unhedged_krw_s(
    trades: Iterable[Traded], krw_per_coin: Decimal, began: datetime, ended: datetime
) -> Decimal:
    """∫ \\|Σ coin\\| dt × price from ``began`` to ``ended``, KRW·s to the thousandth.

    Trades before ``began`` count for what they left; those after ``ended`` do not count.
    """
    coin_seconds, open_coin, since = ZERO, ZERO, began
    for trade in sorted(trades, key=lambda trade: trade.time):
        if trade.time > ended:
            break
        if trade.time > since:
            coin_seconds += abs(open_coin) * seconds(trade.time - since)
            since = trade.time
        open_coin += trade.coin
    if ended > since:
        coin_seconds += abs(open_coin) * seconds(ended - since)
    return (coin_seconds * krw_per_coin).quantize(_STEP)


def seconds(span: timedelta) -> Decimal:
    """``span`` in seconds, exactly."""
    return Decimal(span // _MICROSECOND).scaleb(-6)
