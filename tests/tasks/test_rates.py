"""What a dollar is worth, and since when that is known."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from exchanges.book import Book, Level
from tasks.fx_source import FxReading
from tasks.rates import Rates, rates_apart
from tasks.settings import Basis

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def test_nothing_is_known_before_it_was_read() -> None:
    rates = Rates()
    assert rates.deciding(Basis.TETHER) is None
    assert rates.deciding(Basis.FX) is None
    assert rates.fx_age_s(100.0) is None


def test_tether_is_what_one_usdt_fetches_and_fx_is_the_banks() -> None:
    book = Book(
        "USDT",
        (Level(Decimal(1_399), Decimal(10)),),
        (Level(Decimal(1_401), Decimal(10)),),
        NOW,
        1.0,
    )
    rates = Rates(FxReading(Decimal("1391.5"), NOW, "bank"), 40.0, book)

    assert rates.deciding(Basis.TETHER) == 1_399
    assert rates.deciding(Basis.FX) == Decimal("1391.5")
    assert rates.fx_age_s(100.0) == 60.0


def test_a_tether_book_without_bids_is_no_rate() -> None:
    assert Rates(tether_book=Book("USDT", (), (), NOW, 1.0)).krw_per_usdt is None


@pytest.mark.parametrize("coin", [1_260, 1_400, 1_540])
def test_a_dollar_coin_within_a_tenth_of_the_banks_dollar_is_a_rate(coin: int) -> None:
    assert rates_apart(Decimal(1_400), Decimal(coin), Decimal(10)) is None


@pytest.mark.parametrize("coin", [1_259, 1_541, 5_755])
def test_a_dollar_coin_further_away_is_none(coin: int) -> None:
    sentence = rates_apart(Decimal(1_400), Decimal(coin), Decimal(10))

    assert sentence is not None
    assert f"{coin:,} KRW is " in sentence


def test_one_rate_alone_contradicts_nothing() -> None:
    assert rates_apart(None, Decimal(5_755), Decimal(10)) is None
    assert rates_apart(Decimal(1_400), None, Decimal(10)) is None
