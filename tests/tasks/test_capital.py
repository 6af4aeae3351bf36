"""What an entry may use."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.capital import (
    cash_needed,
    free_coin,
    loss_limit_krw,
    margin_needed,
    spendable,
    total_krw,
)
from tasks.pair import LegFlow
from tasks.signal import Direction
from tests.tasks.pairs import flow, pair_of

amounts = st.decimals(min_value=0, max_value=10**12, places=2)


@pytest.mark.parametrize(
    ("total", "available", "free"),
    [
        ("1000", "1000", "950"),
        ("1000", "300", "250"),  # the reserve is a share of all, not of what is left
        ("1000", "50", "0"),
        ("1000", "10", "0"),
        ("0", "0", "0"),
    ],
)
def test_the_reserve_stays(total: str, available: str, free: str) -> None:
    assert spendable(Decimal(total), Decimal(available), Decimal(5)) == Decimal(free)


@given(total=amounts, share=st.decimals(0, 1, places=2), reserve_pct=st.decimals(0, 100, places=1))
def test_what_is_spent_leaves_the_reserve(
    total: Decimal, share: Decimal, reserve_pct: Decimal
) -> None:
    available = total * share

    free = spendable(total, available, reserve_pct)

    assert 0 <= free <= available
    assert free == 0 or available - free == total * reserve_pct / 100


def test_a_spot_buy_locks_its_worst_price_and_the_fee_on_it() -> None:
    assert cash_needed(Decimal(1_000_000), Decimal("0.0005"), 20) == Decimal(1_002_501)


def test_margin_is_the_value_by_leverage_and_the_fee_on_all_of_it() -> None:
    assert margin_needed(Decimal(1_000), Decimal("0.0005"), 4) == Decimal("250.5")


def test_capital_is_everything_at_both_venues() -> None:
    assert total_krw(Decimal(100), Decimal(2), Decimal(1_400), Decimal(50)) == Decimal(2_950)


def test_the_loss_limit_is_a_share_of_capital() -> None:
    assert loss_limit_krw(Decimal(10_000_000), Decimal(3)) == Decimal(300_000)


def test_coin_of_a_pair_is_not_free() -> None:
    holding = pair_of(
        Direction.LONG_PREMIUM, None, (flow("0.5", "1"), flow("0.1", "1")), (LegFlow(), LegFlow())
    )
    sold = replace(holding, direction=Direction.SHORT_PREMIUM)
    other = replace(holding, symbol="ETH")

    assert free_coin(Decimal(1), [holding, sold, other], "BTC") == Decimal("0.6")
    assert free_coin(Decimal("0.3"), [holding], "BTC") == 0
