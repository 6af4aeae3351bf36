"""Binance's real streams, as they were recorded, through the adapter's book."""

from __future__ import annotations

from bisect import bisect_right
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.binance.book_stream import SHOWN_LEVELS
from exchanges.binance.book_sync import BookSync
from exchanges.binance.depth import depth_event, parse_snapshot
from exchanges.binance.stream_frames import event_of
from exchanges.book import Book, Level
from exchanges.clock import SystemClock
from exchanges.endpoints import Endpoints
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from tests.exchanges.binance.capture import Capture, RebuiltBook, playing, recordings


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
async def test_recorded_streams_end_in_the_book_that_they_add_up_to(path: Path) -> None:
    capture = Capture.read(path)
    wanted = RebuiltBook(capture.snapshot)
    for event in capture.events("depthUpdate"):
        wanted.apply(event)
    told = len(capture.events("depthUpdate")) + len(capture.events("bookTicker"))

    async with playing(capture) as venue:
        exchange = create_exchange(
            Venue.BINANCE,
            credentials=None,
            endpoints=Endpoints(venue.url),
            clock=SystemClock(),
        )
        crossed, book = 0, None
        async with aclosing(exchange.stream_books(["BTC"])) as books:
            for _ in range(1 + told):  # the snapshot's, and one with each event
                book = await anext(books)
                crossed += book.is_crossed
        await exchange.aclose()

    assert venue.streams == ["btcusdt@depth@100ms/btcusdt@bookTicker"]
    assert venue.asked[0] == "symbol=BTCUSDT&limit=1000"
    assert crossed == 0
    assert book is not None
    assert shown(book) == with_touch(wanted, capture)


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
def test_every_level_and_every_touch_of_the_recording_is_right(path: Path) -> None:
    capture = Capture.read(path)
    wanted = RebuiltBook(capture.snapshot)
    touches = {event["u"]: event for event in capture.events("bookTicker")}
    ids = sorted(touches)
    sync = BookSync()
    compared = 0

    sync.on_snapshot(parse_snapshot(capture.snapshot.encode()))
    for frame in [frame for frame in capture.before + capture.after if "depthUpdate" in frame]:
        sync.on_event(depth_event(event_of(frame)), 0.0)
        assert sync.is_whole
        at = bisect_right(ids, sync.last_id)
        view = sync.view(1, 0.0)
        if at and view is not None and sync.last_id > wanted.last_id:
            touch = touches[ids[at - 1]]
            assert [*levels(view[0]), *levels(view[1])] == [
                (Decimal(touch["b"]), Decimal(touch["B"])),
                (Decimal(touch["a"]), Decimal(touch["A"])),
            ]
            compared += 1
    for event in capture.events("depthUpdate"):
        wanted.apply(event)
    whole = sync.view(1_000_000, 0.0)

    assert compared > 1_000
    assert whole is not None
    assert sync.last_id == wanted.last_id
    assert (levels(whole[0]), levels(whole[1])) == wanted.levels()


def levels(side: tuple[Level, ...]) -> list[tuple[Decimal, Decimal]]:
    return [(level.price, level.quantity) for level in side]


def shown(book: Book) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
    return levels(book.bids), levels(book.asks)


def with_touch(
    rebuilt: RebuiltBook, capture: Capture
) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
    """The best levels, with the last touch put on top if it is newer than the last change."""
    bids, asks = rebuilt.levels()
    touch = max(capture.events("bookTicker"), key=lambda event: int(event["u"]))
    if touch["u"] > rebuilt.last_id:
        bid = Decimal(touch["b"]), Decimal(touch["B"])
        ask = Decimal(touch["a"]), Decimal(touch["A"])
        bids = [bid, *(level for level in bids if level[0] < bid[0])]
        asks = [ask, *(level for level in asks if level[0] > ask[0])]
    return bids[:SHOWN_LEVELS], asks[:SHOWN_LEVELS]
