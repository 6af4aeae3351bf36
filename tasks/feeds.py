"""What the desk knows of the world, read again and again: books, rules, balances, clocks, rates.

Each feed writes into a :class:`LegVenue` or :class:`Rates`; nothing here
decides. A read that fails leaves the last value to age, and the gate looks at
the age. A venue whose circuit is open is left alone until its probe is due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.errors import ExchangeError
from exchanges.instrument import InstrumentKind
from tasks.clock_watch import compare_clocks
from tasks.errors import DeskError
from tasks.funding_ledger import FundingLedger
from tasks.fx_source import FxSource
from tasks.leg_execution import Write
from tasks.leg_venue import LegVenue
from tasks.pair import LegName
from tasks.pair_book import PairBook
from tasks.premium import premium_record
from tasks.rates import Rates
from tasks.settings import Settings
from tasks.unforeseen import Unforeseen
from tasks.wire_text import decimal_text, utc_text
from warehouse import JournalFull
from warehouse.records import BalanceRecord, FundingRecord, FxRate, RecordType

log = logging.getLogger(__name__)

DOLLAR_POLL_S = 1.0
REST_CHECK_S = 2.0
"""A book that the stream keeps fresh is still read this often: a stream is not the venue's word."""
QUIET_S = 0.6
"""A pushed book may be this old before it is read: Hyperliquid pushes each half second, and reading
in between would use up its rate limit."""
CLOCK_POLL_S = 30.0
FUNDING_POLL_S = 20.0
"""At Hyperliquid each costs 20 of the 1,200 weight that there are a minute, and one more for 20
payments (Hyperliquid docs, "Rate limits")."""
UNREAD_FUNDING_S = 5.0
"""A pair that was opened since is soon read for: when it ends before, its funding stays missing."""
FIRST_POLL_S = 2.0
"""Rules and a bank rate that could not be read at start are tried for this often: without them
nothing trades."""
PREMIUM_SAMPLE_S = 1.0
FUNDING_LOOK_BACK = timedelta(days=2)
"""How far back each read of the income feed reaches; payments are told apart by their id."""


class Feeds:
    """Runs one loop per feed; ``read_all`` does one round of each."""

    def __init__(
        self,
        venues: Mapping[LegName, LegVenue],
        rates: Rates,
        fx: FxSource,
        funding: FundingLedger,
        pairs: PairBook,
        write: Write,
        clock: Clock,
        settings: Settings,
        unforeseen: Unforeseen,
    ) -> None:
        self._venues = venues
        self._unforeseen = unforeseen
        self._rates = rates
        self._fx = fx
        self._funding = funding
        self._pairs = pairs
        self._write = write
        self._clock = clock
        self._settings = settings
        self._failing: set[str] = set()
        self._book_read_at: dict[tuple[LegName, str], float] = {}
        self._book_read: dict[tuple[LegName, str], Book] = {}
        self._book_pushed_at: dict[tuple[LegName, str], float] = {}
        self._rules_read_at: dict[tuple[LegName, str], float] = {}
        self._funding_read_at: dict[str, float] = {}
        self._journalled: dict[str, Any] = {}

    async def read_all(self, *, spare: bool = False) -> None:
        """Every feed once; failures are logged and leave their value missing.

        ``spare``: but for rules and funding that their own loops have read when they were due. They
        change seldom, and weigh more in the venues' rate limits than all the others together.
        """
        now, rules_s = self._clock.monotonic(), self._settings.rules_poll_s
        for symbol in self._symbols:
            read_at = [self._rules_read_at.get((leg, symbol)) for leg in self._venues]
            if not (spare and all(_is_in_time(at, now, rules_s) for at in read_at)):
                await self._each_venue("rules", self._read_rules, symbol)
        funding = [
            symbol
            for symbol in self._symbols
            if not (spare and _is_in_time(self._funding_read_at.get(symbol), now, FUNDING_POLL_S))
        ]
        await asyncio.gather(
            self._each_venue("clock", self._read_clock),
            self._each_venue("balances", self._read_balances),
            *(self._each_venue("book", self._read_book, symbol) for symbol in self._symbols),
            self._read_dollar(),
            self._guarded("bank rate", self._read_fx),
            *(self._guarded("funding", self.read_funding, symbol) for symbol in funding),
        )

    async def run(self) -> None:
        """All feeds until cancelled."""
        settings = self._settings
        async with asyncio.TaskGroup() as group:
            for venue in self._venues.values():
                self._start(group, venue, "balances", settings.balance_poll_s, self._read_balances)
                self._start(group, venue, "clock", CLOCK_POLL_S, self._read_clock)
                for symbol in self._symbols:
                    group.create_task(self._keep_book(venue, symbol, settings.book_poll_ms / 1000))
                    self._start(
                        group, venue, "rules", settings.rules_poll_s, self._read_rules, symbol
                    )
                    name = f"{venue.venue} rules"
                    group.create_task(
                        self._every(FIRST_POLL_S, name, self._read_first, venue, symbol)
                    )
            spot = self._venues[LegName.SPOT]
            group.create_task(self._keep_book(spot, self.dollar, DOLLAR_POLL_S))
            group.create_task(self._every(settings.fx_poll_s, "bank rate", self._read_fx))
            group.create_task(self._every(FIRST_POLL_S, "bank rate", self._read_first_fx))
            for symbol in self._symbols:
                name = f"funding {symbol}"
                group.create_task(self._every(FUNDING_POLL_S, name, self.read_funding, symbol))
                group.create_task(
                    self._every(UNREAD_FUNDING_S, name, self._read_first_funding, symbol)
                )
                group.create_task(
                    self._every(PREMIUM_SAMPLE_S, f"premium {symbol}", self._sample_premium, symbol)
                )

    async def read_prices(self) -> None:
        """Books and rates now: what moves between two steps of a backtest."""
        await asyncio.gather(
            *(self._each_venue("book", self._read_book, symbol) for symbol in self._symbols),
            self.refresh_rates(),
        )

    async def refresh_rates(self) -> None:
        """Bank rate and the dollar's book now; a failure leaves the old value."""
        await self._guarded("bank rate", self._read_fx)
        await self._read_dollar()

    @property
    def dollar(self) -> str:
        """The dollar coin that the perpetual venue counts in: USDT, or USDC."""
        return self._venues[LegName.PERPETUAL].exchange.instrument(self._symbols[0]).quote

    def note_book(self, venue: LegVenue, book: Book) -> None:
        """Take in a book, read or pushed, unless a newer one is known."""
        known = self._book_of(venue, book.symbol)
        if known is not None and book.venue_time < known.venue_time:
            return
        if book is not self._book_read.get((venue.leg, book.symbol)):
            self._book_pushed_at[venue.leg, book.symbol] = book.received
        if venue.leg is LegName.SPOT and book.symbol == self.dollar:
            self._rates.tether_book = book
            rate = self._rates.krw_per_usdt
            if rate is not None:
                self._write_rate(str(venue.venue), f"{self.dollar}KRW", rate)
        else:
            venue.books[book.symbol] = book

    async def refresh_balances(self) -> None:
        """Balances of both venues now, after they were changed by a trade."""
        await self._each_venue("balances", self._read_balances)

    async def read_funding(self, symbol: str, since: datetime | None = None) -> None:
        """Take in the payments that are not in the journal yet, at least of the last two days.
        Raises ExchangeError."""
        asked_at, asked_s = self._clock.now(), self._clock.monotonic()
        start = min(since or asked_at, asked_at - FUNDING_LOOK_BACK)
        for venue in self._venues.values():
            if venue.exchange.kind is not InstrumentKind.PERPETUAL or not venue.breaker.allow():
                continue
            payments = await venue.call(venue.exchange.funding(symbol, start))
            for payment in payments:
                if self._funding.knows(payment):
                    continue
                self._write(
                    RecordType.FUNDING,
                    FundingRecord(
                        venue=venue.venue,
                        transaction_id=payment.transaction_id,
                        symbol=payment.symbol,
                        amount=decimal_text(payment.amount),
                        currency=payment.currency,
                        time=utc_text(payment.time),
                    ),
                )
                self._funding.note(payment, self._pairs)
            self._funding.read(symbol, asked_at)
            self._funding_read_at[symbol] = asked_s

    async def _read_first_funding(self, symbol: str) -> None:
        """Read for pairs that the feed has not been read for yet."""
        open_pairs = self._pairs.open_pairs(symbol)
        if not all(self._funding.was_read_for(pair) for pair in open_pairs):
            await self.read_funding(symbol)

    @property
    def _symbols(self) -> tuple[str, ...]:
        return self._settings.symbols

    # ---- the loops

    def _start(
        self,
        group: asyncio.TaskGroup,
        venue: LegVenue,
        name: str,
        every_s: float,
        read: Callable[..., Awaitable[None]],
        *args: Any,
    ) -> None:
        guarded = self._unless_open(venue, read, venue, *args)
        group.create_task(self._every(every_s, f"{venue.venue} {name}", guarded))

    @staticmethod
    def _unless_open(
        venue: LegVenue, read: Callable[..., Awaitable[None]], *args: Any
    ) -> Callable[[], Awaitable[None]]:
        """``read`` must ask the venue whenever it is called: it may be the breaker's probe."""

        async def unless_open() -> None:
            if venue.breaker.allow():
                await read(*args)

        return unless_open

    async def _every(
        self, every_s: float, name: str, read: Callable[..., Awaitable[None]], *args: Any
    ) -> None:
        """``read_all`` has just been; so the first read is one period away."""
        while True:
            await asyncio.sleep(every_s)
            with self._unforeseen.survived(f"reading {name}"):
                await self._guarded(name, read, *args)

    async def _keep_book(self, venue: LegVenue, symbol: str, every_s: float) -> None:
        """Read a book when the stream has left it older than a period, and now and then anyway."""
        name = f"{venue.venue} book" if symbol in self._symbols else "dollar book"
        while True:
            await asyncio.sleep(every_s)
            with self._unforeseen.survived(f"reading {name}"):
                if self._wants_reading(venue, symbol, every_s) and venue.breaker.allow():
                    await self._guarded(name, self._read_book, venue, symbol)

    def _wants_reading(self, venue: LegVenue, symbol: str, every_s: float) -> bool:
        now, book = self._clock.monotonic(), self._book_of(venue, symbol)
        read_at = self._book_read_at.get((venue.leg, symbol))
        if book is None or read_at is None or now - read_at >= REST_CHECK_S:
            return True
        pushed_at = self._book_pushed_at.get((venue.leg, symbol))
        quiet_s = max(every_s, min(QUIET_S, self._settings.max_book_age_ms / 2000))
        if pushed_at is not None and now - pushed_at < quiet_s:
            return False  # also of a book that was read since: the next will be pushed
        return now - book.received >= every_s

    def _book_of(self, venue: LegVenue, symbol: str) -> Book | None:
        if venue.leg is LegName.SPOT and symbol == self.dollar:
            return self._rates.tether_book
        return venue.books.get(symbol)

    async def _guarded(self, name: str, read: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Run one read; say once when it begins to fail and once when it works again."""
        try:
            await read(*args)
        except (ExchangeError, DeskError, JournalFull) as error:
            if name not in self._failing:
                self._failing.add(name)
                log.warning("%s: cannot be read: %s", name, error)
        else:
            if name in self._failing:
                self._failing.discard(name)
                log.warning("%s: is read again", name)

    async def _each_venue(
        self, name: str, read: Callable[..., Awaitable[None]], *args: Any
    ) -> None:
        await asyncio.gather(
            *(
                self._guarded(f"{venue.venue} {name}", read, venue, *args)
                for venue in self._venues.values()
            )
        )

    # ---- the reads

    async def _read_book(self, venue: LegVenue, symbol: str) -> None:
        self._book_read_at[venue.leg, symbol] = self._clock.monotonic()
        book = await venue.call(venue.exchange.book(symbol))
        self._book_read[venue.leg, symbol] = book
        self.note_book(venue, book)

    async def _read_rules(self, venue: LegVenue, symbol: str) -> None:
        asked_at = self._clock.monotonic()
        venue.rules[symbol] = await venue.call(venue.exchange.rules(symbol))
        self._rules_read_at[venue.leg, symbol] = asked_at

    async def _read_first(self, venue: LegVenue, symbol: str) -> None:
        if symbol not in venue.rules and venue.breaker.allow():
            await self._read_rules(venue, symbol)

    async def _read_clock(self, venue: LegVenue) -> None:
        await compare_clocks(venue, self._clock, self._settings.max_clock_offset_ms)

    async def _read_balances(self, venue: LegVenue) -> None:
        asked_at = self._clock.monotonic()
        balances = await venue.call(venue.exchange.balances())
        venue.balances_asked_at = asked_at
        venue.balances = {balance.currency: balance for balance in balances}
        for balance in balances:
            record = BalanceRecord(
                venue=venue.venue,
                currency=balance.currency,
                total=decimal_text(balance.total),
                available=decimal_text(balance.available),
            )
            self._write_if_changed(f"{venue.venue} {balance.currency}", RecordType.BALANCE, record)

    async def _read_dollar(self) -> None:
        await self._guarded("dollar book", self._read_book, self._venues[LegName.SPOT], self.dollar)

    async def _read_fx(self) -> None:
        self._rates.fx = await self._fx.read()
        self._rates.fx_heard = self._clock.monotonic()
        self._write_rate(self._rates.fx.source, "USDKRW", self._rates.fx.krw_per_usd)

    async def _read_first_fx(self) -> None:
        if self._rates.fx is None:
            await self._read_fx()

    async def _sample_premium(self, symbol: str) -> None:
        record = self.premium(symbol)
        if record is not None:
            self._write(RecordType.PREMIUM, record)

    def premium(self, symbol: str) -> Mapping[str, Any] | None:
        """The executable premium of one lot now, from fresh books; None while one is missing."""
        spot, perpetual = (self._venues[leg] for leg in LegName)
        books = spot.books.get(symbol), perpetual.books.get(symbol)
        rules = spot.rules.get(symbol), perpetual.rules.get(symbol)
        if books[0] is None or books[1] is None or rules[0] is None or rules[1] is None:
            return None
        oldest = self._clock.monotonic() - min(books[0].received, books[1].received)
        if oldest * 1000 > self._settings.max_book_age_ms:
            return None
        quantity = max(rules[0].quantity_step, rules[1].quantity_step)
        return premium_record(
            symbol,
            quantity,
            books[0],
            books[1],
            krw_per_usd=self._rates.krw_per_usd,
            krw_per_usdt=self._rates.krw_per_usdt,
        )

    # ---- the journal

    def _write_rate(self, source: str, pair: str, rate: Decimal) -> None:
        record = FxRate(
            source=source,
            pair=pair,
            rate=decimal_text(rate),
            observed_at=utc_text(self._clock.now()),
        )
        if self._journalled.get(pair) != rate:
            self._write(RecordType.FX_RATE, record)
            self._journalled[pair] = rate

    def _write_if_changed(
        self, key: str, record_type: RecordType, record: Mapping[str, Any]
    ) -> None:
        if self._journalled.get(key) != record:
            self._write(record_type, record)
            self._journalled[key] = record


def _is_in_time(read_at: float | None, now: float, every_s: float) -> bool:
    """Has a feed that is read every so often failed no turn? A turn may wait for room."""
    return read_at is not None and now - read_at < 2 * every_s
