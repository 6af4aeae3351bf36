"""Books as ccxt streams them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Any

from exchanges.book import Book
from exchanges.ccxt_adapter import unified
from exchanges.ccxt_adapter.dialect import Dialect
from exchanges.ccxt_adapter.sessions import Sessions
from exchanges.ccxt_adapter.watching import News, watching
from exchanges.clock import Clock
from exchanges.reply import fields
from exchanges.web_socket import Disconnected

LEVELS = 20
"""A side."""
MUTE_S = 30.0
"""A book that has not changed for so long is asked for anew, over a new connection."""
FIRST_S = 10.0
"""… and a first one is due sooner: ccxt reads no book while the venue's word on the subscription is
missing or cannot be understood."""
_LOOK_S = 1.0


async def stream_books(
    sessions: Sessions, dialect: Dialect, markets: Mapping[str, str], clock: Clock
) -> AsyncGenerator[Book, None]:
    """The books of ``markets`` (ccxt's name → coin) as they change, until the connection breaks."""
    news: News[str, Book] = News(partial(dialect.stream_failure, is_signed=False))

    def take(raw: Any) -> None:
        symbol = markets[raw["symbol"]]
        best = {**raw, "bids": raw["bids"][:LEVELS], "asks": raw["asks"][:LEVELS]}
        row = fields(dialect.venue, "book", best)
        news.put(symbol, unified.book_of(row, symbol, clock.monotonic()))

    async with sessions.open() as client:
        watches = [(partial(client.watch_order_book, market), take) for market in markets]
        began = clock.monotonic()
        heard_at: dict[str, float] = {}
        async with watching(watches, news):
            while True:
                for symbol, book in (await news.take(_LOOK_S)).items():
                    heard_at[symbol] = book.received
                    yield book
                now = clock.monotonic()
                if len(heard_at) < len(markets) and now - began >= FIRST_S:
                    raise Disconnected(reason=f"a book has not come within {FIRST_S:g} s")
                if now - min(heard_at.values(), default=now) >= MUTE_S:
                    raise Disconnected(reason=f"a book is mute for {MUTE_S:g} s")
