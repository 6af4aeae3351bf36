"""One request on its way through the venue, and the table entry that handles it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.parameters import boolean, integer, required
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import SymbolRules

T = TypeVar("T")

WEEK_MS = 7 * 86_400_000
HISTORY_MS = 90 * 86_400_000
"""So far back reach trades and income (Binance derivatives change log, August 2026)."""
DEFAULT_ROWS = 500
MAX_ROWS = 1_000


@dataclass(slots=True)
class Call:
    """What a handler works with."""

    engine: BinanceEngine
    params: Mapping[str, str]
    caller: VenueAccount | None
    """None at public endpoints."""
    fraction: Decimal | None = None
    """Only this share of an order may trade."""

    @property
    def account(self) -> VenueAccount:
        if self.caller is None:
            raise RuntimeError("a public endpoint has no account")
        return self.caller

    def required(self, name: str) -> str:
        return required(self.params, name)

    def integer(self, name: str) -> int | None:
        return integer(self.params, name)

    def boolean(self, name: str) -> bool:
        return boolean(self.params, name)

    def rules(self) -> SymbolRules:
        """Rules of the mandatory ``symbol``; refused with -1102 or -1121."""
        return self.engine.rules(self.required("symbol"))

    def symbols(self) -> list[str]:
        """The ``symbol`` that is named, else all."""
        if self.params.get("symbol"):
            return [self.rules().symbol]
        return list(self.engine.contracts)

    def rows(self, default: int = DEFAULT_ROWS, most: int = MAX_ROWS) -> int:
        """``limit``, refused with -1130 above the maximum."""
        rows = self.integer("limit")
        if rows is None:
            return default
        if not 1 <= rows <= most:
            raise Refused(-1130, "limit")
        return rows

    def window(self) -> tuple[int, int]:
        """``startTime`` and ``endTime``, at most seven days apart; the last seven by default."""
        start, end = self.integer("startTime"), self.integer("endTime")
        now_ms = self.engine.now_ms()
        if start is None:
            last = now_ms if end is None else end
            return last - WEEK_MS, last
        if end is None:
            end = start + WEEK_MS
        if end - start > WEEK_MS:
            raise Refused(-1127, WEEK_MS // 3_600_000)
        return start, end

    def in_window(
        self,
        records: Iterable[T],
        time_of: Callable[[T], int],
        *,
        default: int = DEFAULT_ROWS,
        most: int = MAX_ROWS,
    ) -> list[T]:
        """Records of the window: with ``startTime`` the first ones from there, else the latest;
        ``default`` and ``most`` are about ``limit``."""
        start, end = self.window()
        inside = [record for record in records if start <= time_of(record) <= end]
        rows = self.rows(default, most)
        return inside[:rows] if self.params.get("startTime") else inside[-rows:]

    def kept(self, records: Iterable[T], time_of: Callable[[T], int]) -> list[T]:
        """What of a history the venue still shows."""
        oldest_ms = self.engine.now_ms() - HISTORY_MS
        return [record for record in records if time_of(record) >= oldest_ms]


Handler = Callable[[Call], Any]
Weight = int | Callable[[Mapping[str, str]], int]


@dataclass(frozen=True, slots=True)
class Route:
    """``weight`` counts against the address; a route with an ``order_count`` also shows the order
    counters."""

    handler: Handler
    weight: Weight = 1
    signed: bool = True
    order_count: tuple[int, int] | None = None
    """What it counts as orders in ten seconds and in a minute."""
    funding_pool: bool = False
    """It counts against the limit that the funding endpoints share, and not by weight."""
    keyed: bool = False
    """Not signed, but the API key says whose it is."""

    def weigh(self, params: Mapping[str, str]) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(params)


def one_or_all(single: int, every: int) -> Weight:
    """Weight that depends on whether a symbol is named."""
    return lambda params: single if params.get("symbol") else every
