"""Premiums of prices and of books."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exchanges.book import Book, Level
from exchanges.side import Side
from tasks.premium import executable_premium_pct, premium_pct, premium_record


def book(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> Book:
    def levels(rows: list[tuple[str, str]]) -> tuple[Level, ...]:
        return tuple(Level(Decimal(price), Decimal(quantity)) for price, quantity in rows)

    return Book("BTC", levels(bids), levels(asks), datetime(2026, 1, 31, tzinfo=UTC), 0.0)


SPOT = book([("104", "1"), ("103", "1")], [("106", "1"), ("108", "1")])
PERPETUAL = book([("0.10", "1"), ("0.08", "1")], [("0.11", "9")])
RATE = Decimal(1_000)


def test_premium_is_how_much_dearer_the_spot_is() -> None:
    assert premium_pct(Decimal(110), Decimal("0.1"), RATE) == Decimal(10)
    assert premium_pct(Decimal(90), Decimal("0.1"), RATE) == Decimal(-10)


def test_entering_pays_the_ask_and_hits_the_bid_at_depth() -> None:
    one = executable_premium_pct(SPOT, PERPETUAL, Side.BUY, Decimal(1), RATE)
    two = executable_premium_pct(SPOT, PERPETUAL, Side.BUY, Decimal(2), RATE)

    assert one == Decimal(6)  # 106 against 100
    assert two is not None
    assert round(two, 6) == Decimal("18.888889")  # 107 against 90


def test_leaving_hits_the_bid_and_pays_the_ask() -> None:
    leaving = executable_premium_pct(SPOT, PERPETUAL, Side.SELL, Decimal(1), RATE)

    assert leaving is not None
    assert round(leaving, 6) == Decimal("-5.454545")  # 104 against 110


def test_a_thin_book_has_no_premium() -> None:
    assert executable_premium_pct(SPOT, PERPETUAL, Side.BUY, Decimal("2.1"), RATE) is None
    empty = book([], [])
    assert executable_premium_pct(SPOT, empty, Side.SELL, Decimal(1), RATE) is None


@given(rate=st.decimals(min_value=1, max_value=5_000, places=2))
def test_entering_is_never_cheaper_than_leaving(rate: Decimal) -> None:
    enter = executable_premium_pct(SPOT, PERPETUAL, Side.BUY, Decimal(1), rate)
    leave = executable_premium_pct(SPOT, PERPETUAL, Side.SELL, Decimal(1), rate)

    assert enter is not None
    assert leave is not None
    assert enter > leave


def test_a_record_holds_both_bases_and_leaves_out_what_is_not_known() -> None:
    record = premium_record(
        "BTC", Decimal(2), SPOT, PERPETUAL, krw_per_usd=Decimal("1000.0"), krw_per_usdt=None
    )

    assert record == {
        "symbol": "BTC",
        "quantity": "2",
        "enter_fx_pct": "18.888889",
        "enter_tether_pct": None,
        "leave_fx_pct": "-5.909091",  # 103.5 against 110
        "leave_tether_pct": None,
        "krw_per_usd": "1000.0",
        "krw_per_usdt": None,
    }


def test_a_record_of_a_thin_book_keeps_the_rates() -> None:
    record = premium_record("BTC", Decimal(3), SPOT, PERPETUAL, krw_per_usd=RATE, krw_per_usdt=RATE)

    assert record["enter_fx_pct"] is None
    assert record["leave_tether_pct"] is None
    assert record["krw_per_usdt"] == "1000"
