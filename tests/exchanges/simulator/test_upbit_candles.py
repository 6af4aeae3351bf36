"""Candles of the simulated Upbit: every span, from one tape."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.upbit.candle import Period
from exchanges.simulator.upbit.tape import Tape
from exchanges.simulator.venue_clock import VenueClock
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.running import Running
from tests.exchanges.simulator.still_market import still_market

MOMENT = datetime(2026, 11, 4, 13, 47, 31, 5, tzinfo=UTC)
"""A Wednesday."""
MARKET = ("market", "KRW-BTC")


@pytest.mark.parametrize(
    ("period", "start"),
    [
        (Period("seconds"), "2026-11-04T13:47:31"),
        (Period("minutes", 1), "2026-11-04T13:47:00"),
        (Period("minutes", 15), "2026-11-04T13:45:00"),
        (Period("minutes", 240), "2026-11-04T12:00:00"),
        (Period("days"), "2026-11-04T00:00:00"),
        (Period("weeks"), "2026-11-02T00:00:00"),
        (Period("months"), "2026-11-01T00:00:00"),
        (Period("years"), "2026-01-01T00:00:00"),
    ],
)
def test_a_span_begins_where_the_venue_begins_it(period: Period, start: str) -> None:
    assert period.start_of(MOMENT).strftime("%Y-%m-%dT%H:%M:%S") == start


def traded(*trades: tuple[float, int, str]) -> Tape:
    """A tape with (seconds later, price, volume) after a first trade at 60 M."""
    clock = ManualClock(datetime(2026, 11, 2, 23, 59, 0, tzinfo=UTC))
    market = still_market(clock)
    listing = market.listing(Venue.UPBIT, "KRW-BTC")
    tape = Tape(market, listing, VenueClock(clock), lambda native, printed: None)
    for seconds, price, volume in trades:
        clock.advance(seconds)
        tape.record(Decimal(price), Decimal(volume), Side.SELL)
    return tape


def test_trades_of_a_span_make_one_candle() -> None:
    tape = traded((70, 61_000_000, "1"), (5, 59_000_000, "2"), (5, 60_500_000, "0.5"))

    newest, before = tape.candles(Period("minutes", 5), 10)

    corners = (newest.open, newest.high, newest.low, newest.close)
    assert [int(price) for price in corners] == [61_000_000, 61_000_000, 59_000_000, 60_500_000]
    assert (newest.volume, newest.sold) == (Decimal("3.5"), Decimal("3.5"))
    assert newest.value == 61_000_000 + 2 * 59_000_000 + Decimal("0.5") * 60_500_000
    assert before.close == 60_000_000


@pytest.mark.parametrize("period", [Period("minutes", 3), Period("weeks"), Period("years")])
def test_merging_loses_nothing(period: Period) -> None:
    tape = traded(*((86_400 / 7, 60_000_000 + 1000 * step, "0.1") for step in range(60)))
    wanted = 200

    merged = tape.candles(period, wanted)
    pieces = tape.minutes if period.made_of == "minute" else tape.days

    assert sum(candle.volume for candle in merged) == sum(piece.volume for piece in pieces)
    assert merged[0].close == tape.last.price
    starts = [candle.start for candle in merged]
    assert starts == sorted(set(starts), reverse=True)


def test_spans_without_a_trade_are_left_out_and_the_count_holds() -> None:
    tape = traded((3_600, 61_000_000, "1"), (3_600, 62_000_000, "1"))

    assert [c.close for c in tape.candles(Period("minutes", 1), 2)] == [62_000_000, 61_000_000]


def test_yesterdays_close_is_what_today_is_measured_by() -> None:
    tape = traded((30, 61_000_000, "1"), (60, 62_000_000, "1"))

    assert tape.previous_close == 61_000_000


async def candles(venues: Running, path: str, *params: tuple[str, str]) -> Any:
    return (await venues.upbit.public(f"/v1/candles/{path}", MARKET, *params)).json


COMMON = {
    "market", "candle_date_time_utc", "candle_date_time_kst", "opening_price", "high_price",
    "low_price", "trade_price", "timestamp", "candle_acc_trade_price", "candle_acc_trade_volume",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("seconds", set()),
        ("minutes/1", {"unit"}),
        ("minutes/240", {"unit"}),
        ("days", {"prev_closing_price", "change_price", "change_rate"}),
        ("weeks", {"first_day_of_period"}),
        ("months", {"first_day_of_period"}),
        ("years", {"first_day_of_period"}),
    ],
)
async def test_each_kind_has_its_published_fields(
    venues: Running, path: str, more: set[str]
) -> None:
    (row,) = await candles(venues, path)

    assert set(row) == COMMON | more
    assert row["candle_date_time_utc"][-1] != "Z"


async def test_a_day_shows_its_price_in_won_when_asked(venues: Running) -> None:
    (row,) = await candles(venues, "days", ("converting_price_unit", "KRW"))

    assert row["converted_trade_price"] == row["trade_price"]


async def test_to_bounds_what_is_shown(venues: Running) -> None:
    for _ in range(3):
        venues.clock.advance(60)
        await venues.upbit.order(market="KRW-BTC", side="ask", ord_type="market", volume="0.1")
    newest, before, *_ = await candles(venues, "minutes/1", ("count", "200"))

    for text in (newest["candle_date_time_utc"], newest["candle_date_time_utc"] + "Z"):
        (shown,) = await candles(venues, "minutes/1", ("to", text))
        assert shown == before
    (shown,) = await candles(venues, "minutes/1", ("to", newest["candle_date_time_kst"] + "+09:00"))
    assert shown == before


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("minutes/7", (), 404),
        ("days", (("count", "201"),), 400),
        ("days", (("to", "yesterday"),), 400),
    ],
)
async def test_what_cannot_be_asked_for(
    venues: Running, path: str, params: tuple[tuple[str, str], ...], status: int
) -> None:
    reply = await venues.upbit.public(f"/v1/candles/{path}", MARKET, *params)

    assert (reply.status, reply.error) == (status, status)
