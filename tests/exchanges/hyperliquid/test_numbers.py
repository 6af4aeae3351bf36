from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.hyperliquid.numbers import market_bound, price_bands, size_step, wire_number
from exchanges.rules import Rules, tick_at
from exchanges.side import Side

PRICES = st.decimals("0.00001", "9999999", places=8)
SIZE_DECIMALS = st.integers(0, 6)


def rules(size_decimals: int) -> Rules:
    return Rules(
        symbol="BTC",
        tick_bands=price_bands(size_decimals),
        quantity_step=size_step(size_decimals),
        min_quantity=size_step(size_decimals),
        max_market_quantity=None,
        min_notional=Decimal(10),
        maker_fee=Decimal("0.00015"),
        taker_fee=Decimal("0.00045"),
        is_trading=True,
    )


def is_valid(price: Decimal, size_decimals: int) -> bool:
    """The documented rule, on digits instead of bands."""
    whole, _, fraction = wire_number(price).partition(".")
    figures = (whole + fraction).strip("0")
    if not fraction:
        figures = whole.strip("0")
    return len(figures) <= 5 and len(fraction) <= 6 - size_decimals


@pytest.mark.parametrize(
    ("size_decimals", "price", "tick"),
    [
        (5, "50000", "1"),
        (5, "99999", "1"),
        (5, "100000", "10"),
        (5, "1234567", "100"),
        (5, "9999.9", "0.1"),
        (5, "5", "0.1"),
        (4, "1670.1", "0.1"),
        (4, "670.11", "0.01"),
        (0, "0.12345", "0.00001"),
        (0, "0.05", "0.000001"),
        (0, "1.2345", "0.0001"),
        (0, "0.000001", "0.000001"),
        (1, "12.345", "0.001"),
        (6, "0.5", "1"),
    ],
)
def test_tick_at_a_price(size_decimals: int, price: str, tick: str) -> None:
    assert tick_at(price_bands(size_decimals), Decimal(price)) == Decimal(tick)


@given(price=PRICES, size_decimals=SIZE_DECIMALS)
def test_rounded_price_is_valid_and_the_nearest_on_its_side(
    price: Decimal, size_decimals: int
) -> None:
    market = rules(size_decimals)

    down, up = market.price_down(price), market.price_up(price)

    assert down <= price <= up
    assert up - down in (0, market.tick(price))
    assert is_valid(down, size_decimals)
    assert is_valid(up, size_decimals)


@given(price=PRICES, size_decimals=SIZE_DECIMALS)
def test_valid_price_is_on_a_tick(price: Decimal, size_decimals: int) -> None:
    on_tick = not price % tick_at(price_bands(size_decimals), price)

    assert on_tick == is_valid(price, size_decimals)


@given(quantity=PRICES, size_decimals=SIZE_DECIMALS)
def test_rounded_size_has_no_more_decimals_than_allowed(
    quantity: Decimal, size_decimals: int
) -> None:
    size = rules(size_decimals).quantity_down(quantity)

    assert size <= quantity
    assert len(wire_number(size).partition(".")[2]) <= size_decimals


@given(middle=st.decimals("10", "200000", places=1), side=st.sampled_from(Side))
def test_market_order_is_bound_five_percent_through_the_middle(middle: Decimal, side: Side) -> None:
    market = rules(5)

    bound = market_bound(market, side, middle)

    away = (bound - middle) * (1 if side is Side.BUY else -1)
    assert is_valid(bound, 5)
    assert away <= middle * Decimal("0.05") < away + market.tick(bound.max(middle)) * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100.0", "100"),
        ("1670.10", "1670.1"),
        ("1E+5", "100000"),
        ("1E-8", "0.00000001"),
        ("-0", "0"),
        ("0.0147", "0.0147"),
    ],
)
def test_number_on_the_wire(value: str, text: str) -> None:
    assert wire_number(Decimal(value)) == text
