"""What is wrong with a market, alone and with its numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.book import Book, Level
from exchanges.market_state import MarketState
from tasks.maintenance import parse_window
from tasks.market_fitness import Problem, Unfit, book_problems, is_thin, state_problems

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
WELL = MarketState(
    symbol="BTC",
    is_trading=True,
    wallet_open=True,
    volume_24h=Decimal(1_440),
    volume_recent=Decimal(20),
    as_of=NOW,
)


def book(bid: str = "100", ask: str = "101", *, stood_s: float = 0) -> Book:
    def side(price: str) -> tuple[Level, ...]:
        return (Level(Decimal(price), Decimal(1)),) if price else ()

    return Book("BTC", side(bid), side(ask), NOW - timedelta(seconds=stood_s), 0.0)


def found_in(book: Book | None, age_ms: float | None = 100) -> list[Problem]:
    return book_problems("BTC", book, age_ms, 1_500, NOW)


def test_nothing_is_wrong_with_a_market_that_is_well() -> None:
    assert state_problems("BTC", WELL, None) == []
    assert state_problems("BTC", replace(WELL, wallet_open=None, volume_24h=None), None) == []
    assert found_in(book()) == []


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        (None, Unfit.NEVER_READ, "could never be read"),
        (replace(WELL, is_trading=False), Unfit.HALTED, "the market of BTC does not trade"),
        (replace(WELL, wallet_open=False), Unfit.WALLET_CLOSED, "the wallet of BTC is closed"),
        (
            replace(WELL, volume_recent=Decimal("0.9")),
            Unfit.THIN,
            "only 0.9 BTC were traded in the last 20 minutes of 1440 in a day",
        ),
    ],
)
def test_word_of_the_venue(state: MarketState | None, kind: Unfit, words: str) -> None:
    [problem] = state_problems("BTC", state, None)

    assert problem.kind is kind
    assert words in problem.sentence


@pytest.mark.parametrize(
    ("shown", "age_ms", "kind", "words"),
    [
        (None, None, Unfit.NO_BOOK, "no book of BTC"),
        (book(ask=""), 100, Unfit.NO_BOOK, "no book of BTC"),
        (book(), 1_501, Unfit.OLD_BOOK, "1,501 ms old"),
        (book(stood_s=61), 100, Unfit.STANDS_STILL, "stood still for 61 s"),
        (book(bid="101"), 100, Unfit.CROSSED, "its bid at or above its ask"),
        (book(ask="105.01"), 100, Unfit.WIDE, "the spread of BTC is 5.0 %, at most 5 %"),
    ],
)
def test_book_that_is_no_price(
    shown: Book | None, age_ms: float | None, kind: Unfit, words: str
) -> None:
    [problem] = found_in(shown, age_ms)

    assert problem.kind is kind
    assert words in problem.sentence


def test_all_that_is_wrong_is_told() -> None:
    window = parse_window("upbit 2026-01-31T10:00+00:00/2026-01-31T12:00+00:00")
    state = replace(WELL, is_trading=False, wallet_open=False, volume_recent=Decimal(0))

    kinds = [problem.kind for problem in state_problems("BTC", state, window)]

    assert kinds == [Unfit.MAINTENANCE, Unfit.HALTED, Unfit.WALLET_CLOSED, Unfit.THIN]


def test_spread_of_five_percent_is_not_too_wide() -> None:
    assert found_in(book(ask="105")) == []


@given(
    day=st.decimals("0.001", "1000000", places=3),
    share=st.decimals("0", "3", places=4),
)
def test_volume_is_thin_below_a_tenth_of_the_days_average(day: Decimal, share: Decimal) -> None:
    """Ten minutes of the day's average, of which ``share`` was traded."""
    state = replace(WELL, volume_24h=day, volume_recent=day * share / 144)

    thin = is_thin(state)

    if abs(share - Decimal("0.1")) > Decimal("0.0001"):
        assert thin is (share < Decimal("0.1"))


def test_market_without_any_trade_in_a_day_has_no_normal_to_fall_below() -> None:
    assert not is_thin(replace(WELL, volume_24h=Decimal(0), volume_recent=Decimal(0)))
