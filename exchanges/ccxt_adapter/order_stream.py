"""Own orders: ccxt's stream says which have changed, REST what has become of them, where the
stream does not say that too."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from exchanges.ccxt_adapter.dialect import Dialect
from exchanges.ccxt_adapter.sessions import Sessions
from exchanges.ccxt_adapter.watching import News, watching
from exchanges.clock import Clock
from exchanges.errors import AuthenticationFailed, BadReply, RateLimited, VenueUnavailable
from exchanges.order import OrderReport
from exchanges.order_tracking import OrderKey, OrderReads, OrderTracker, catch_up, read_again
from exchanges.reply import fields
from exchanges.web_socket import Disconnected

log = logging.getLogger(__name__)

CONFIRM_S = 1.0
"""Where ccxt does not let it be seen when a subscription stands, the account's orders are read once
more so long after connecting."""
LATE_S = 1.0
"""An order whose trades do not add up is read again so soon."""
_HEARD_S = 10.0
"""Subscriptions that do not stand so long after asking for them never will."""
_CONNECTING_S = 0.02
_LOOK_S = 1.0


class OrderStream:
    """One account's orders. ``symbols`` names the coins in use at the moment."""

    def __init__(
        self,
        dialect: Dialect,
        tracker: OrderTracker,
        reads: OrderReads,
        symbols: Callable[[], Sequence[str]],
        clock: Clock,
    ) -> None:
        self._dialect = dialect
        self._tracker = tracker
        self._reads = reads
        self._symbols = symbols
        self._clock = clock
        self._due: dict[OrderKey, None] = {}
        """Changed, and not read since."""
        self._told: dict[OrderKey, None] = {}
        """Changed as the stream has told, and not passed on since."""
        self._ask_at = float("-inf")
        """REST is not asked before, to stay within the limits."""

    async def serve(self, sessions: Sessions) -> AsyncGenerator[OrderReport, None]:
        """All that one connection brings, after what changed while there was none."""
        try:
            async with aclosing(self._serve(sessions)) as reports:
                async for report in reports:
                    yield report
        except AuthenticationFailed as error:
            if error.code not in self._dialect.clock_codes:
                raise
            # Not who, but when: the next request asks the time first.
            raise VenueUnavailable(error.venue, error.message) from None

    async def _serve(self, sessions: Sessions) -> AsyncGenerator[OrderReport, None]:
        news: News[OrderKey, None] = News(partial(self._dialect.stream_failure, is_signed=True))
        async with sessions.open() as client:

            def take(rows: Any) -> None:
                for row in rows:
                    if (key := self._key(client, row)) is not None:
                        (self._told if self._take_in(key, row) else self._due)[key] = None
                        news.put(key, None)

            watches = [(watch, take) for watch in self._dialect.watches(client)]
            async with watching(watches, news):
                began = self._clock.monotonic()
                while not client.hears():
                    if self._clock.monotonic() - began >= _HEARD_S:
                        raise Disconnected(reason="no subscription")
                    await news.take(_CONNECTING_S)
                now = self._clock.monotonic()
                gaps = [now] if self._dialect.acknowledges else [now, now + CONFIRM_S]
                while True:
                    while self._told:
                        if (report := self._tracker.known(self._told.popitem()[0])) is not None:
                            yield report
                    async with aclosing(self._ask(gaps)) as reports:
                        async for report in reports:
                            yield report
                    await news.take(_LOOK_S)

    async def _ask(self, gaps: list[float]) -> AsyncGenerator[OrderReport, None]:
        """What only REST tells, as far as it can be asked; ``gaps``: when to ask for everything."""
        now = self._clock.monotonic()
        if now < self._ask_at:
            return
        try:
            if gaps and now >= gaps[0]:
                async with aclosing(self._missed()) as reports:
                    async for report in reports:
                        yield report
                del gaps[0]
            async with aclosing(self._changes()) as reports:
                async for report in reports:
                    yield report
        except RateLimited as error:
            # What the connection tells is free; to give it up would open a new gap.
            log.info("%s orders: the rest is read later (%s)", self._dialect.venue, error)
            self._ask_at = self._clock.monotonic() + error.retry_after_s

    def _missed(self) -> AsyncGenerator[OrderReport, None]:
        return catch_up(self._tracker, self._reads, self._symbols())

    async def _changes(self) -> AsyncGenerator[OrderReport, None]:
        """The orders that are due, as far as they can be read."""
        late = set(self._tracker.incomplete()).intersection(self._tracker.unsettled(quiet_s=LATE_S))
        try:
            for key in list(dict.fromkeys((*self._due, *late))):
                async with aclosing(read_again(self._tracker, self._reads, [key])) as reports:
                    async for report in reports:
                        yield report
                self._due.pop(key, None)
            if self._tracker.unsettled(quiet_s=self._dialect.quiet_s):
                # One question for all that rest; what is not among them, or differs, is read.
                async with aclosing(catch_up(self._tracker, self._reads, ())) as reports:
                    async for report in reports:
                        yield report
        except RateLimited:
            raise
        except VenueUnavailable as error:
            log.info("%s orders: some were not read (%s)", self._dialect.venue, error)

    def _take_in(self, key: OrderKey, row: Any) -> bool:
        """Whether what ``row`` says is all there is to know of it; else the order is read."""
        try:
            told = self._dialect.told(fields(self._dialect.venue, "event", row), key.symbol)
        except BadReply:
            return False
        if isinstance(told, OrderReport):
            self._tracker.take(told)
            return True
        return told is not None and self._tracker.take_fill(told) is not None

    def _key(self, client: Any, row: Any) -> OrderKey | None:
        """The order that an order or a trade of ccxt's is about; None where we know no such
        market."""
        market = client.markets.get(row["symbol"])
        symbol = None if market is None else self._dialect.coin(market)
        if symbol is None:
            return None
        return OrderKey(symbol, "", str(row["order"] if "order" in row else row["id"]))
