"""Books over one connection: what is shown, and when there is nothing to show."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.binance.book_stream import SILENCE_S, SNAPSHOT_PAUSE_S, WIDEN_PAUSE_S, BookStream
from exchanges.binance.book_sync import SNAPSHOT_LEVELS
from exchanges.binance.depth import DepthSnapshot
from exchanges.binance.markets import perpetual
from exchanges.binance.stream_frames import LIFE_S
from exchanges.book import Book, Level
from exchanges.errors import BadReply, ExchangeError, VenueUnavailable
from exchanges.instrument import Venue
from exchanges.web_socket import Disconnected, Frame
from tests.exchanges.binance import samples
from tests.exchanges.binance.scripted_connection import ScriptedConnection
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.test_reply import JSON

CLOCK_START = ManualClock().now()


def depth(first_id: int, last_id: int, previous_id: int, size: str, **changes: Any) -> str:
    event = {
        **samples.DEPTH_EVENT,
        "U": first_id,
        "u": last_id,
        "pu": previous_id,
        "b": [["100", size]],
        "a": [],
        **changes,
    }
    return json.dumps({"stream": "btcusdt@depth@100ms", "data": event})


def ticker(last_id: int, bid: str, ask: str, **changes: Any) -> str:
    event = {**samples.TOUCH, "u": last_id, "b": bid, "a": ask, **changes}
    return json.dumps({"stream": "btcusdt@bookTicker", "data": event})


def snapshot(last_id: int, count: int = 1) -> DepthSnapshot:
    bids = tuple(Level(Decimal(100 - step) / 1, Decimal(1)) for step in range(count))
    asks = tuple(Level(Decimal(101 + step), Decimal(1)) for step in range(count))
    return DepthSnapshot(last_id, bids, asks, CLOCK_START)


class Stage:
    """A stream of one or two markets, its clock and its snapshots."""

    def __init__(self, *snapshots: DepthSnapshot | ExchangeError, symbols: str = "BTC") -> None:
        self.clock = ManualClock()
        self.asked: list[str] = []
        self._snapshots = list(snapshots)
        instruments = [perpetual(symbol) for symbol in symbols.split()]
        self.stream = BookStream(instruments, self._read, self.clock)

    async def _read(self, native: str) -> DepthSnapshot:
        self.asked.append(native)
        answer = self._snapshots.pop(0)
        if isinstance(answer, ExchangeError):
            raise answer
        return answer

    async def play(self, *frames: Frame | Callable[[], object]) -> list[Book]:
        """The books of one connection that brings ``frames`` and breaks."""
        books = []
        with suppress(Disconnected):
            async for book in self.stream.serve(ScriptedConnection(*frames)):
                books.append(book)
        return books

    def wait(self, seconds: float) -> Callable[[], None]:
        return lambda: self.clock.advance(seconds)


def sizes(books: list[Book]) -> list[str]:
    """Of the level at 100."""
    return [str(level.quantity) for book in books for level in book.bids if level.price == 100]


async def test_book_follows_its_changes() -> None:
    stage = Stage(snapshot(10))

    books = await stage.play(depth(8, 12, 7, "2"), depth(13, 14, 12, "3"))

    assert sizes(books) == ["1", "2", "3"]
    assert stage.asked == ["BTCUSDT"]
    assert books[-1].symbol == "BTC"
    assert books[-1].received == stage.clock.monotonic()


async def test_touch_moves_the_book_at_once() -> None:
    stage = Stage(snapshot(10))

    books = await stage.play(ticker(11, "100.1", "100.9"))

    assert books[-1].best_bid == Level(Decimal("100.1"), Decimal("1.4"))
    assert books[-1].best_ask == Level(Decimal("100.9"), Decimal("0.7"))


async def test_after_a_gap_nothing_is_shown_before_the_next_snapshot() -> None:
    stage = Stage(snapshot(10), snapshot(30))

    books = await stage.play(
        depth(8, 12, 7, "2"),
        depth(15, 16, 14, "3"),
        ticker(17, "100.1", "100.9"),
        stage.wait(SNAPSHOT_PAUSE_S),
        depth(28, 31, 16, "4"),
    )

    assert sizes(books) == ["1", "2", "4"]
    assert stage.asked == ["BTCUSDT", "BTCUSDT"]


async def test_market_that_is_mute_while_another_speaks_ends_the_connection() -> None:
    stage = Stage(snapshot(10), snapshot(10), symbols="BTC ETH")
    eth = {"s": "ETHUSDT"}
    connection = ScriptedConnection(
        stage.wait(SILENCE_S / 2),
        depth(8, 12, 7, "2", **eth),
        stage.wait(SILENCE_S),
        depth(13, 14, 12, "3", **eth),
    )

    with pytest.raises(Disconnected, match="no changes of BTCUSDT for 10 s"):
        async for _ in stage.stream.serve(connection):
            pass


async def test_touch_alone_does_not_keep_a_book_alive() -> None:
    stage = Stage(snapshot(10))

    books = await stage.play(
        *(
            frame
            for number in range(30)
            for frame in (stage.wait(0.5), ticker(11 + number, "100.1", "100.9"))
        )
    )

    assert len(books) == 4  # the snapshot, and a second of touches that nothing followed


async def test_connection_is_left_before_the_venue_ends_it() -> None:
    stage = Stage(snapshot(10))
    connection = ScriptedConnection(stage.wait(LIFE_S + 1), depth(8, 12, 7, "2"), "never read")

    books = [book async for book in stage.stream.serve(connection)]

    assert len(books) == 1
    assert connection.frames == ["never read"]


async def test_levels_beyond_the_snapshot_are_asked_for_without_losing_the_book() -> None:
    bids = tuple(Level(Decimal(2_000 - step), Decimal(1)) for step in range(SNAPSHOT_LEVELS))
    asks = (Level(Decimal(2_001), Decimal(1)),)
    deep = DepthSnapshot(10, bids, asks, CLOCK_START)
    hidden = Level(Decimal(700), Decimal(9))
    fresh = DepthSnapshot(13, (bids[-1], hidden), asks, CLOCK_START)
    stage = Stage(deep, VenueUnavailable(Venue.BINANCE, "busy"), fresh)
    fall = [*([str(bid.price), "0"] for bid in bids[:-1]), ["600", "2"]]
    half = stage.wait(WIDEN_PAUSE_S / 2)

    books = await stage.play(
        *(depth(8, 11, 7, "0", b=fall), half, depth(12, 12, 11, "0")),
        *(half, depth(13, 13, 12, "0"), half, depth(14, 14, 13, "0")),
        *(half, depth(15, 15, 14, "0")),
    )

    assert len(stage.asked) == 3
    assert [[str(bid.price) for bid in book.bids] for book in books[1:]] == [
        ["1001", "600"],
        ["1001", "600"],
        ["1001", "600"],
        ["1001", "600"],
        ["1001", "700"],
    ]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[1]",
        "<html>",
        b"\xff",
        '{"data": 5}',
        '{"error": {"code": 2, "msg": "Invalid request"}, "id": 1}',
        '{"data": {"s": 5}}',
        depth(8, 12, 7, "-1"),
        depth(8, 12, 7, "NaN"),
    ],
)
async def test_frame_that_is_not_the_venues_language_is_a_bad_reply(frame: Frame) -> None:
    stage = Stage(snapshot(10))

    with pytest.raises(BadReply):
        await stage.play(frame)


@pytest.mark.parametrize(
    "frame",
    [
        '{"result": null, "id": 1}',
        '{"e": "serverShutdown", "E": 1}',
        '{"data": {"e": "trade", "s": "BTCUSDT"}}',
        depth(8, 12, 7, "2", s="BTCUSD_PERP"),
    ],
)
async def test_frame_that_is_about_something_else_is_passed_over(frame: Frame) -> None:
    stage = Stage(snapshot(10))

    assert len(await stage.play(frame)) == 1


@settings(max_examples=60, deadline=None)
@given(data=st.data())
async def test_any_frames_make_books_or_our_errors(data: st.DataObject) -> None:
    stage = Stage(*[snapshot(data.draw(st.integers(0, 40))) for _ in range(3)])
    keys = st.sampled_from([*samples.DEPTH_EVENT, *samples.TOUCH])
    ids = st.integers(0, 40)
    frames: list[Frame] = []
    for _ in range(data.draw(st.integers(1, 8))):
        whole = data.draw(
            st.sampled_from([samples.DEPTH_EVENT, samples.TOUCH])
            | st.builds(
                lambda a, b, c: {**samples.DEPTH_EVENT, "U": a, "u": b, "pu": c}, ids, ids, ids
            )
        )
        changed = {**whole, data.draw(keys): data.draw(JSON)} if data.draw(st.booleans()) else whole
        frames.append(data.draw(st.just(json.dumps(changed)) | st.binary(max_size=40)))

    with suppress(ExchangeError, IndexError):
        for book in await stage.play(*frames):
            assert not book.is_crossed
