"""What a retry may cost: cash, to the last digit, and never more than giving the pair up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.side import Side
from tasks.recovery_cost import (
    bps_text,
    most_cost,
    price_text,
    retry_cost,
    undoing_cost,
    worst_price,
)

TINY = Decimal("1e-20")

sides = st.sampled_from(Side)
prices = st.decimals(min_value="0.01", max_value=10**9, places=4)
fees = st.decimals(min_value=0, max_value="0.01", places=6)
costs = st.decimals(min_value="-0.5", max_value="0.5", places=8)
caps = st.integers(min_value=0, max_value=1_000)


@given(sides, prices, prices, fees)
def test_cost_of_a_retry_is_the_cash_that_it_takes_beyond_the_decided_price(
    side: Side, decided: Decimal, price: Decimal, fee: Decimal
) -> None:
    sign = 1 if side is Side.BUY else -1
    paid = sign * price + price * fee

    cost = retry_cost(side, decided, price, fee)

    assert abs(cost * decided - (paid - sign * decided)) <= TINY * (price + decided)


@given(sides, prices, prices, fees)
def test_cost_of_undoing_is_the_cash_of_there_and_back(
    side: Side, traded: Decimal, now: Decimal, fee: Decimal
) -> None:
    sign = 1 if side is Side.BUY else -1
    cash = sign * (now - traded) - fee * traded - fee * now

    cost = undoing_cost(side, traded, now, fee)

    assert abs(cost * traded + cash) <= TINY * (traded + now)


@given(sides, prices, fees, costs)
def test_worst_price_costs_what_is_allowed_and_a_worse_one_more(
    side: Side, decided: Decimal, fee: Decimal, most: Decimal
) -> None:
    worst = worst_price(side, decided, fee, most)
    step = decided / 10_000
    worse, better = (worst + step, worst - step)
    if side is Side.SELL:
        worse, better = better, worse

    assert abs(retry_cost(side, decided, worst, fee) - most) <= TINY
    assert retry_cost(side, decided, better, fee) < most < retry_cost(side, decided, worse, fee)


@given(st.none() | costs, caps)
def test_never_more_than_the_cap_nor_than_undoing(undoing: Decimal | None, cap_bps: int) -> None:
    most = most_cost(undoing, cap_bps)

    assert most <= Decimal(cap_bps) / 10_000
    assert undoing is None or most <= undoing
    assert most in (undoing, Decimal(cap_bps) / 10_000)


@given(sides, prices, prices, st.decimals(min_value="0.0001", max_value="0.01", places=6))
def test_retry_at_the_worst_price_leaves_no_more_lost_than_undoing(
    side: Side, decided: Decimal, now: Decimal, fee: Decimal
) -> None:
    """The other leg traded at the decided price too, and stands at ``now``."""
    undoing = undoing_cost(side.opposite, decided, now, fee)

    worst = worst_price(side, decided, fee, most_cost(undoing, 1_000))

    lost_by_hedging = retry_cost(side, decided, worst, fee)
    assert lost_by_hedging <= undoing + TINY


@pytest.mark.parametrize(
    ("price", "text"),
    [
        ("131000000", "131000000"),
        ("59970011.23456", "59970011"),
        ("49950.123456", "49950.123"),
        ("0.0231000", "0.0231"),
        ("0", "0"),
        ("Infinity", "no price"),
    ],
)
def test_price_for_people_has_eight_digits(price: str, text: str) -> None:
    assert price_text(Decimal(price)) == text


def test_cost_for_people_is_in_basis_points() -> None:
    assert bps_text(Decimal("0.00102")) == "10.2 bps"
