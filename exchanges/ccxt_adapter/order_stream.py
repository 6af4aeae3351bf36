"""Own orders: ccxt's stream says which have changed, REST what has become of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from exchanges.ccxt_adapter.dialect import Dialect
from exchanges.ccxt_adapter.sessions import Sessions
from exchanges.ccxt_adapter.watching import News, watching
from exchanges.clock import Clock
from exchanges.errors import AuthenticationFailed, RateLimited, VenueUnavailable
from exchanges.order import OrderReport
from exchanges.order_tracking import OrderKey, OrderReads, OrderTracker, catch_up, read_again

log = logging.getLogger(__name__)

CONFIRM_S = 1.0
"""ccxt does not tell when a subscription stands, so the account's orders are read once more so
long after connecting."""
LATE_S = 1.0
"""An order whose trades do not add up is read again so soon."""
QUIET_S = 3.0
"""When nothing was heard for so long of an order that may be live, REST is asked: the stream is a
hint, and an event can get lost while the connection stands."""
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
                        news.put(key, None)

            watches = [(watch, take) for watch in self._dialect.watches(client)]
            async with watching(watches, news):
                while not client.is_open():
                    self._due.update(await news.take(_CONNECTING_S))
                connected_at, is_confirmed = self._clock.monotonic(), False
                async with aclosing(self._missed()) as reports:
                    async for report in reports:
                        yield report
                while True:
                    self._due.update(await news.take(_LOOK_S))
                    now = self._clock.monotonic()
                    if not is_confirmed and now - connected_at >= CONFIRM_S:
                        is_confirmed = True
                        async with aclosing(self._missed()) as reports:
                            async for report in reports:
                                yield report
                    async with aclosing(self._changes()) as reports:
                        async for report in reports:
                            yield report

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
            if self._tracker.unsettled(quiet_s=QUIET_S):
                # One question for all that rest; what is not among them, or differs, is read.
                async with aclosing(catch_up(self._tracker, self._reads, ())) as reports:
                    async for report in reports:
                        yield report
        except VenueUnavailable as error:
            log.info("%s orders: some were not read (%s)", self._dialect.venue, error)
            if isinstance(error, RateLimited):
                await asyncio.sleep(error.retry_after_s)

    def _key(self, client: Any, row: Any) -> OrderKey | None:
        """The order that an order or a trade of ccxt's is about; None where we know no such
        market."""
        market = client.markets.get(row["symbol"])
        symbol = None if market is None else self._dialect.coin(market)
        if symbol is None:
            return None
        return OrderKey(symbol, "", str(row["order"] if "order" in row else row["id"]))
