"""How the desk is: each part with a verdict and a few words, now and in the journal each 30 s."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.circuit_breaker import CircuitState
from tasks.clock_watch import clock_problem
from tasks.desk_blocks import JOURNAL, MISMATCH, NOT_COMPARED
from tasks.desk_view import DeskView
from tasks.error_count import ErrorCount
from tasks.leg_venue import LegVenue
from tasks.market_checks import MAX_TETHER_AGE_S
from tasks.pair_transitions import PairState
from tasks.rates import Rates
from tasks.settings import Basis
from tasks.switch_guard import SwitchGuard
from tasks.trading import Trading
from warehouse import JournalError, LeaseLost
from warehouse.records import HealthComponent, HealthRecord, RecordType

log = logging.getLogger(__name__)

EACH_S = 30.0
SLOW_MS = 1_000
"""A venue that takes longer to tell its time is warned of."""
LEAST_FREE_BYTES = 1_000_000_000
FEW_FREE_BYTES = 5_000_000_000
LATE_BOOKS_S = 2.25 * 3600
"""The journal is booked hourly; so old, two bookings have failed."""
DUCKDB_MAGIC = b"DUCK"
"""Bytes 8 to 11 of a database (DuckDB docs, "Storage Versions and Format")."""
NOT_FOR_TRADING = ("prefect", "warehouse")
"""Neither says anything against going on where the desk trades."""


class DeskHealth:
    """Looks at what is known already and at two files; asks nobody."""

    def __init__(
        self,
        trading: Trading,
        rates: Rates,
        guard: SwitchGuard,
        view: DeskView,
        errors: ErrorCount,
        write: Callable[[RecordType, Mapping[str, Any]], int],
    ) -> None:
        self._trading = trading
        self._rates = rates
        self._guard = guard
        self._view = view
        self._errors = errors
        self._write = write
        self._began = trading.clock.monotonic()

    async def run(self) -> None:
        """A record each 30 s, until cancelled."""
        while True:
            await asyncio.sleep(EACH_S)
            try:
                self._write(RecordType.HEALTH, self.now())
            except LeaseLost:
                raise
            except JournalError as error:
                log.warning("health is not in the journal: %s", error)

    def now(self) -> HealthRecord:
        """Every part, whether entries are taken, and how often something went wrong."""
        components = dict(self._components())
        return HealthRecord(
            ok=all(component["ok"] for component in components.values()),
            components=components,
            against_entries=list(self._view.blocks().values()),
            errors_hour=self._errors.last_hour,
            errors_today=self._errors.today,
        )

    def against_trading(self) -> Mapping[str, str]:
        """Component → what is wrong with it, of those without which nothing should be traded."""
        components = self.now()["components"]
        return {
            name: component["detail"]
            for name, component in components.items()
            if not component["ok"] and name not in NOT_FOR_TRADING
        }

    def _components(self) -> Iterator[tuple[str, HealthComponent]]:
        for venue in self._trading.venues.values():
            yield venue.venue.value, self._venue(venue)
        yield "fx", self._fx()
        yield "clock", self._clock()
        yield "prefect", self._prefect()
        yield "pairs", self._pairs()
        yield "journal", self._journal()
        yield "warehouse", self._warehouse(self._trading.settings.warehouse_file)
        yield "disk", _disk(self._trading.settings.home)

    def _venue(self, venue: LegVenue) -> HealthComponent:
        limit = self._trading.settings.max_book_age_ms
        now = self._trading.clock.monotonic()
        oldest = max((now - book.received for book in venue.books.values()), default=None)
        age_ms = None if oldest is None else round(oldest * 1000)
        latency_ms = venue.latency_ms
        book = "book missing" if age_ms is None else f"book {age_ms} ms old"
        answers = "not asked yet" if latency_ms is None else f"answers in {latency_ms:.0f} ms"
        slow = latency_ms is not None and latency_ms > SLOW_MS
        is_closed = venue.breaker.state is CircuitState.CLOSED
        return HealthComponent(
            ok=is_closed and age_ms is not None and age_ms <= limit,
            detail=f"circuit {venue.breaker.state}, {answers}, {book}",
            warning=f"{answers}, more than {SLOW_MS / 1000:g} s" if slow else None,
        )

    def _fx(self) -> HealthComponent:
        """Both rates; an old dollar coin is an illness only where it is what decides."""
        now, settings = self._trading.clock.monotonic(), self._trading.settings
        age = self._rates.fx_age_s(now)
        dollar = self._rates.tether_book
        coin_age = None if dollar is None else now - dollar.received
        told = "bank rate missing" if age is None else f"bank rate {age:.0f} s old"
        coin = "missing" if coin_age is None else f"{coin_age:.0f} s old"
        is_coin_young = coin_age is not None and coin_age <= MAX_TETHER_AGE_S
        return HealthComponent(
            ok=age is not None
            and age <= settings.max_fx_age_s
            and (is_coin_young or settings.basis is not Basis.TETHER),
            detail=f"{told}, dollar coin {coin}",
            warning=None,
        )

    def _clock(self) -> HealthComponent:
        limit = self._trading.settings.max_clock_offset_ms
        ok, told = True, []
        for venue in self._trading.venues.values():
            offset = venue.clock_offset_ms
            problem = clock_problem(venue, self._trading.clock, limit)
            ok = ok and problem is None and offset is not None and abs(offset) <= limit
            ours = "unknown" if offset is None else f"{offset:+d} ms"
            told.append(problem or f"{venue.venue} {ours}")
        return HealthComponent(ok=ok, detail=", ".join(told), warning=None)

    def _prefect(self) -> HealthComponent:
        age = self._guard.age_s
        return HealthComponent(
            ok=age is not None and age <= self._trading.settings.switch_silence_s,
            detail="never heard" if age is None else f"heard {age:.1f} s ago",
            warning=None,
        )

    def _pairs(self) -> HealthComponent:
        pairs = self._trading.pairs.open_pairs()
        naked = [pair.pair_id for pair in pairs if pair.state is PairState.NAKED]
        told = f"naked: {', '.join(naked)}" if naked else f"{len(pairs)} open"
        return HealthComponent(ok=not naked, detail=told, warning=None)

    def _journal(self) -> HealthComponent:
        blocks = self._view.blocks()
        found = [blocks[code] for code in (JOURNAL, MISMATCH, NOT_COMPARED) if code in blocks]
        return HealthComponent(
            ok=not found, detail="; ".join(found) or "in step with the venues", warning=None
        )

    def _warehouse(self, file: Path) -> HealthComponent:
        try:
            with file.open("rb") as stream:
                is_database = stream.read(12)[8:] == DUCKDB_MAGIC
            age_s = max(self._trading.clock.now().timestamp() - file.stat().st_mtime, 0)
        except FileNotFoundError:
            up_s = self._trading.clock.monotonic() - self._began
            return HealthComponent(
                ok=up_s <= LATE_BOOKS_S, detail="nothing is booked yet", warning=None
            )
        except OSError as error:
            return HealthComponent(ok=False, detail=f"{file}: {error.strerror}", warning=None)
        if not is_database:
            told = f"{file} is no database: kimp warehouse rebuild"
            return HealthComponent(ok=False, detail=told, warning=None)
        told = f"booked {age_s / 60:.0f} minutes ago"
        if age_s <= LATE_BOOKS_S:
            return HealthComponent(ok=True, detail=told, warning=None)
        return HealthComponent(
            ok=False, detail=f"{told}: look at the runs of pnl-rollup/live", warning=None
        )


def _disk(folder: Path) -> HealthComponent:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return HealthComponent(ok=False, detail=f"{folder}: {error.strerror}", warning=None)
    told = f"{free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        return HealthComponent(ok=False, detail=f"{told}: make room", warning=None)
    warning = f"{told}, soon too little" if free < FEW_FREE_BYTES else None
    return HealthComponent(ok=True, detail=told, warning=warning)
