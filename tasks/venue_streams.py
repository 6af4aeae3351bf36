"""Books and own orders as the venues push them, beside what the feeds read.

A stream only ever brings newer books and wakes up who waits for an order: a
desk whose streams are down reads both, more slowly, and decides the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing

from exchanges.book import Book
from exchanges.errors import ExchangeError
from tasks.leg_venue import LegVenue
from tasks.order_news import OrderNews
from tasks.pair import LegName
from tasks.unforeseen import Unforeseen

log = logging.getLogger(__name__)

AGAIN_S = 30.0
"""A stream that ended, because the key was refused, is tried again after this."""


class VenueStreams:
    """Runs one task per stream until cancelled."""

    def __init__(
        self,
        venues: Mapping[LegName, LegVenue],
        books_of: Mapping[LegName, Sequence[str]],
        on_book: Callable[[LegVenue, Book], None],
        news: OrderNews,
        unforeseen: Unforeseen,
    ) -> None:
        """``books_of``: the symbols whose books each leg's venue is asked to push."""
        self._venues = venues
        self._books_of = books_of
        self._on_book = on_book
        self._news = news
        self._unforeseen = unforeseen

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for leg, venue in self._venues.items():
                group.create_task(self._keep(f"{venue.venue} books", self._books, leg, venue))
                group.create_task(self._keep(f"{venue.venue} orders", self._orders, leg, venue))

    async def _keep(
        self,
        name: str,
        listen: Callable[[LegName, LegVenue], Awaitable[None]],
        leg: LegName,
        venue: LegVenue,
    ) -> None:
        while True:
            with self._unforeseen.survived(f"the stream {name}"):
                try:
                    await listen(leg, venue)
                except ExchangeError as error:
                    log.warning("stream %s has ended, the venue is only read: %s", name, error)
            await asyncio.sleep(AGAIN_S)

    async def _books(self, leg: LegName, venue: LegVenue) -> None:
        async with aclosing(venue.exchange.stream_books(self._books_of[leg])) as books:
            async for book in books:
                self._on_book(venue, book)

    async def _orders(self, leg: LegName, venue: LegVenue) -> None:
        async with aclosing(venue.exchange.stream_orders()) as reports:
            async for report in reports:
                self._news.heard(report)
