"""What one simulated market has traded: prints and candles, in venue time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from itertools import islice, takewhile

from exchanges.side import Side
from exchanges.simulator.market import Listing, Market
from exchanges.simulator.upbit.candle import Candle, Period
from exchanges.simulator.upbit.print import Print
from exchanges.simulator.venue_clock import VenueClock

NUMBERS_A_MS = 10_000
"""A print's number is its millisecond and a count within it: 17 digits, as the venue's."""
KEPT_PRINTS = 5_000
KEPT_SECONDS = 7_200
KEPT_MINUTES = 2_880
KEPT_DAYS = 1_500
OTHERS_SHARE = Decimal("0.01")
"""A move of the price is shown as a trade of this share of the touch, done by others."""


class Tape:
    """Never empty: it begins with a print at the price of the moment it was made."""

    def __init__(
        self,
        market: Market,
        listing: Listing,
        clock: VenueClock,
        on_print: Callable[[str, Print], None],
    ) -> None:
        self._market = market
        self._listing = listing
        self._clock = clock
        self._on_print = on_print
        self.prints: deque[Print] = deque(maxlen=KEPT_PRINTS)
        """Oldest first, like the candles below; spans without a trade have none."""
        self._seconds: deque[Candle] = deque(maxlen=KEPT_SECONDS)
        self.minutes: deque[Candle] = deque(maxlen=KEPT_MINUTES)
        self.days: deque[Candle] = deque(maxlen=KEPT_DAYS)
        self._finest = (
            (Period.second(), self._seconds),
            (Period.minutes(1), self.minutes),
            (Period.day(), self.days),
        )
        self.observe()

    @property
    def last(self) -> Print:
        return self.prints[-1]

    def observe(self) -> None:
        """Note the market's price if it has moved since the last print."""
        venue, native = self._listing.venue, self._listing.native
        price = self._market.last_price(venue, native)
        if self.prints and self.last.price == price:
            return
        volume = self._market.quote(venue, native).size * OTHERS_SHARE
        fell = bool(self.prints) and price < self.last.price
        self.record(price, volume, Side.SELL if fell else Side.BUY)

    def record(self, price: Decimal, volume: Decimal, taker: Side) -> None:
        """Note a trade at ``price``."""
        now = self._clock.now()
        number = int(now.timestamp() * 1_000) * NUMBERS_A_MS
        before = None
        if self.prints:
            before = self.last.price
            number = max(number, self.last.number + 1)
        printed = Print(price, volume, taker, now, number)
        self.prints.append(printed)
        for period, candles in self._finest:
            start = period.start_of(now)
            if candles and candles[-1].start >= start:
                candles[-1].add(printed)
            else:
                candles.append(Candle.first(start, printed))
        if before is not None:
            self._on_print(self._listing.native, printed)

    @property
    def previous_close(self) -> Decimal:
        """The last price of the day before today (UTC); on the first day its opening price."""
        today = Period.day().start_of(self._clock.now())
        if self.days[-1].start < today:
            return self.days[-1].close
        return self.days[-2].close if len(self.days) > 1 else self.days[-1].open

    def candles(self, period: Period, count: int, before: datetime | None = None) -> list[Candle]:
        """At most ``count`` candles, newest first, that start before ``before``."""
        finest = {"second": self._seconds, "minute": self.minutes, "day": self.days}[period.made_of]
        newest_first: Iterable[Candle] = reversed(finest)
        found: list[Candle] = []
        for piece in newest_first:
            start = period.start_of(piece.start)
            if before is not None and start >= before:
                continue
            if found and found[-1].start == start:
                found[-1].prepend(piece)
                continue
            if len(found) == count:
                break
            found.append(piece.starting(start))
        return found

    def since(self, moment: datetime) -> list[Candle]:
        """Minutes that start at ``moment`` or later, newest first."""
        return list(takewhile(lambda minute: minute.start >= moment, reversed(self.minutes)))

    def newest(self, count: int, wanted: Callable[[Print], bool]) -> list[Print]:
        """At most ``count`` of the prints that are wanted, newest first."""
        return list(islice(filter(wanted, reversed(self.prints)), count))
