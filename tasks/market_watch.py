"""Watches every market that the desk trades, at both venues, and says which are unfit to enter on.

Each venue is asked about one market every :data:`ASK_S` seconds, in turn; books are looked at
every second. What is wrong stands in ``LegVenue.unfit``, where the gate finds it, and is alarmed
once it has lasted :data:`ALARM_AFTER_S` seconds: a stream that hiccups is no halt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from exchanges.clock import Clock
from exchanges.errors import ExchangeError
from exchanges.market_state import MarketState
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.circuit_breaker import CircuitState
from tasks.halt_memory import HaltMemory
from tasks.leg_venue import LegVenue
from tasks.maintenance import announced, parse_window
from tasks.market_fitness import (
    HALTS,
    OF_THE_GATE,
    Problem,
    Unfit,
    book_problems,
    middle,
    state_problems,
)
from tasks.pair import LegName
from tasks.price_gap import PriceGap
from tasks.settings import Settings

log = logging.getLogger(__name__)

ASK_S = 30.0
FIRST_ASK_S = 2.0
"""A market that could not be read at start is asked about so often: nobody enters it till then."""
LOOK_S = 1.0
ALARM_AFTER_S = 10.0


@dataclass(slots=True)
class _Market:
    venue: LegVenue
    symbol: str
    gap: PriceGap
    state: MarketState | None = None
    since: dict[Unfit, float] = field(default_factory=dict)
    """When each problem that there is began."""
    alarmed: set[Unfit] = field(default_factory=set)
    """What was told since the market was last fit."""
    may_be_alarmed: bool = True
    """Until it is fit: by this life, or by the one before."""


class MarketWatch:
    """Runs until cancelled; ``read_all`` is one round, for start-up."""

    def __init__(
        self,
        venues: Mapping[LegName, LegVenue],
        clock: Clock,
        settings: Settings,
        alert: Callable[[Alert], None],
        halts: HaltMemory,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._alert = alert
        self._halts = halts
        self._windows = tuple(parse_window(text) for text in settings.maintenance_windows)
        self._failing: set[str] = set()
        self._markets = [
            _Market(venue, symbol, halts.gap(venue.venue, symbol))
            for venue in venues.values()
            for symbol in settings.symbols
        ]
        for market in self._markets:
            self._look_at(market)

    async def read_all(self) -> None:
        """Ask about every market once; what cannot be read stays unfit."""
        await asyncio.gather(*(self._ask(market) for market in self._markets))
        self.look()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_looking())
            for name in {market.venue.venue for market in self._markets}:
                of_venue = [market for market in self._markets if market.venue.venue is name]
                group.create_task(self._keep_asking(of_venue))
            for market in self._markets:
                group.create_task(self._ask_until_read(market))

    def look(self) -> None:
        """Judge every market by what is known now."""
        for market in self._markets:
            self._look_at(market)
        self._halts.keep()

    def acknowledge(self) -> None:
        """A person has seen the gaps that are flagged."""
        self._halts.acknowledge()
        self.look()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    async def _keep_asking(self, markets: list[_Market]) -> None:
        while True:
            for market in markets:
                await asyncio.sleep(ASK_S)
                if market.venue.breaker.allow():
                    await self._ask(market)

    async def _ask_until_read(self, market: _Market) -> None:
        while market.state is None:
            await asyncio.sleep(FIRST_ASK_S)
            if market.state is None and market.venue.breaker.allow():
                await self._ask(market)

    async def _ask(self, market: _Market) -> None:
        """Say once when it begins to fail; the last word of the venue holds until the next."""
        venue, name = market.venue, f"{market.venue.venue} market of {market.symbol}"
        try:
            market.state = await venue.call(venue.exchange.market_state(market.symbol))
        except ExchangeError as error:
            if name not in self._failing:
                log.warning("%s: cannot be read: %s", name, error)
            self._failing.add(name)
        else:
            self._failing.discard(name)

    def _look_at(self, market: _Market) -> None:
        problems = self._problems(market)
        standing = [problem for problem in problems if problem.kind not in OF_THE_GATE]
        if standing:
            market.venue.unfit[market.symbol] = "; ".join(it.sentence for it in standing)
        else:
            market.venue.unfit.pop(market.symbol, None)
        self._tell(market, problems)

    def _problems(self, market: _Market) -> list[Problem]:
        venue, symbol = market.venue, market.symbol
        now, book = self._clock.now(), venue.books.get(symbol)
        window = announced(self._windows, venue.venue, now)
        problems = state_problems(symbol, market.state, window)
        problems += book_problems(
            symbol,
            book,
            None if book is None else (self._clock.monotonic() - book.received) * 1000,
            self._settings.max_book_age_ms,
            now + timedelta(milliseconds=venue.clock_offset_ms or 0),
        )
        price = None if book is None else middle(book)
        if price is None or any(problem.kind in HALTS for problem in problems):
            market.gap.stopped()
        else:
            market.gap.trades_at(price)
        gap = market.gap.sentence()
        return problems if gap is None else [*problems, Problem(Unfit.GAP, gap)]

    def _tell(self, market: _Market, problems: Sequence[Problem]) -> None:
        now = self._clock.monotonic()
        where = subject = f"{market.symbol} at {market.venue.venue}"
        market.since = {it.kind: market.since.get(it.kind, now) for it in problems}
        if not problems and market.may_be_alarmed:
            market.alarmed.clear()
            market.may_be_alarmed = False
            kind, message = AlertType.MARKET_FIT, f"{where} is fit to trade again."
            self._alert(Alert(kind, AlertLevel.INFO, message, None, subject, is_over=True))
        # A venue that cannot be reached has an alarm of its own.
        is_reached = market.venue.breaker.state is CircuitState.CLOSED
        for problem in problems:
            of_book = problem.kind in (Unfit.NO_BOOK, Unfit.OLD_BOOK)
            lasts = now - market.since[problem.kind] >= ALARM_AFTER_S
            due = problem.kind is Unfit.GAP or (lasts and (is_reached or not of_book))
            if due and problem.kind not in market.alarmed:
                market.alarmed.add(problem.kind)
                market.may_be_alarmed = True
                message = f"{where}: {problem.sentence}. Entries are off for it."
                level = AlertLevel.WARNING
                self._alert(Alert(AlertType.MARKET_UNFIT, level, message, None, subject))
