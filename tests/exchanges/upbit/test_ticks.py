from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from exchanges.rules import tick_at
from exchanges.upbit.ticks import KRW_LADDER, bands_with


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        ("61500000", "1000"),
        ("2000000", "1000"),
        ("1000000", "1000"),
        ("999999", "500"),
        ("500000", "500"),
        ("499999", "100"),
        ("100000", "100"),
        ("50000", "50"),
        ("10000", "10"),
        ("9999", "5"),
        ("5000", "5"),
        ("4999", "1"),
        ("1000", "1"),
        ("999", "1"),
        ("100", "1"),
        ("99.9", "0.1"),
        ("10", "0.1"),
        ("9.99", "0.01"),
        ("1", "0.01"),
        ("0.1", "0.001"),
        ("0.01", "0.0001"),
        ("0.001", "0.00001"),
        ("0.0001", "0.000001"),
    ],
)
def test_ladder_is_the_published_one(price: str, tick: str) -> None:
    assert tick_at(KRW_LADDER, Decimal(price)) == Decimal(tick)


def test_every_band_starts_on_a_multiple_of_both_ticks() -> None:
    for below, band in pairwise(KRW_LADDER):
        assert band.from_price % band.tick == 0
        assert band.from_price % below.tick == 0


def test_stated_tick_that_the_ladder_knows_leaves_it_as_it_is() -> None:
    assert bands_with(Decimal(1000), [Decimal(61_500_000)]) == KRW_LADDER


def test_stated_tick_of_either_side_of_a_bound_is_known() -> None:
    assert bands_with(Decimal(500), [Decimal(999_500), Decimal(1_000_000)]) == KRW_LADDER


def test_tick_of_its_own_holds_in_the_band_where_the_market_trades() -> None:
    bands = bands_with(Decimal("0.5"), [Decimal(1399), Decimal(1400)])

    assert tick_at(bands, Decimal(1400)) == Decimal("0.5")
    assert tick_at(bands, Decimal(999)) == Decimal(1)
    assert tick_at(bands, Decimal(5000)) == Decimal(5)


def test_market_without_a_price_keeps_the_ladder() -> None:
    assert bands_with(Decimal(7), []) == KRW_LADDER


@pytest.mark.parametrize(("tick", "price"), [("3", "1400"), ("7", "61500000")])
def test_tick_that_does_not_fit_its_band_is_refused(tick: str, price: str) -> None:
    with pytest.raises(ValueError, match="does not divide"):
        bands_with(Decimal(tick), [Decimal(price)])
