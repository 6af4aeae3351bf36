"""Where a market comes back after it had stopped: a price far from the last one is flagged.

The flag stands against entries until a person acknowledges it (``kimp resume``) or half an hour
has shown the new price to be one. A stop of less than ten seconds is a hiccup of somebody's and no
halt. What :attr:`PriceGap.halt` tells outlives the process (:mod:`tasks.halt_memory`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from exchanges.clock import Clock
from tasks.moment import Moment

MAX_GAP_PCT = Decimal(10)
SHORTEST_HALT_S = 10.0
STANDS_S = 1_800.0


@dataclass(frozen=True, slots=True)
class Stop:
    """A market has no price since ``at``; before that it traded at ``price``."""

    at: datetime
    price: Decimal


@dataclass(frozen=True, slots=True)
class Flag:
    """At ``at`` the price came back ``gap_pct`` percent away from where it had stopped."""

    at: datetime
    gap_pct: Decimal


@dataclass(frozen=True, slots=True)
class Halt:
    """What there is to know of a market's halts now."""

    stop: Stop | None = None
    flag: Flag | None = None


class PriceGap:
    """One market's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: Decimal | None = None
        self._stopped: Moment | None = None
        self._gap_pct = Decimal(0)
        self._flagged: Moment | None = None

    def stopped(self) -> None:
        """There is no price now."""
        if self._stopped is None:
            self._stopped = Moment.now(self._clock)

    def trades_at(self, price: Decimal) -> None:
        """The market trades at ``price``."""
        if self._is_halted() and self._last is not None:
            gap_pct = (price / self._last - 1) * 100
            if abs(gap_pct) > MAX_GAP_PCT:
                self._gap_pct, self._flagged = gap_pct, Moment.now(self._clock)
        self._stopped, self._last = None, price

    def acknowledge(self) -> None:
        """A person has seen it."""
        self._flagged = None

    def sentence(self) -> str | None:
        """What is flagged; None: nothing, or no more."""
        if self._standing() is None:
            return None
        return (
            f"the price came back {self._gap_pct:+.1f} % away from where it stood before the halt; "
            f"entries wait for kimp resume or {STANDS_S / 60:.0f} minutes"
        )

    @property
    def halt(self) -> Halt:
        """A stop counts once it is none of a moment and there is a price to compare with."""
        stop = flag = None
        if self._stopped is not None and self._is_halted() and self._last is not None:
            stop = Stop(self._stopped.wall, self._last)
        flagged = self._standing()
        if flagged is not None:
            flag = Flag(flagged.wall, self._gap_pct)
        return Halt(stop, flag)

    def restore(self, halt: Halt) -> None:
        """As it stood in a run before this one."""
        stop, flag = halt.stop, halt.flag
        self._last = None if stop is None else stop.price
        if stop is not None:
            # It was no stop of a moment, whatever the clock on the wall says now.
            since = Moment.remembered(stop.at, self._clock).monotonic
            since = min(since, self._clock.monotonic() - SHORTEST_HALT_S)
            self._stopped = Moment(stop.at, since)
        self._flagged = None if flag is None else Moment.remembered(flag.at, self._clock)
        if flag is not None:
            self._gap_pct = flag.gap_pct

    def _is_halted(self) -> bool:
        return self._stopped is not None and self._age_s(self._stopped) >= SHORTEST_HALT_S

    def _standing(self) -> Moment | None:
        """When the gap was flagged that stands."""
        if self._flagged is None or self._age_s(self._flagged) >= STANDS_S:
            return None
        return self._flagged

    def _age_s(self, moment: Moment) -> float:
        return self._clock.monotonic() - moment.monotonic
