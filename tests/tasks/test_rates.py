"""What a dollar is worth, and since when that is known."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from exchanges.book import Book, Level
from tasks.fx_source import FxReading
from tasks.rates import Rates
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
