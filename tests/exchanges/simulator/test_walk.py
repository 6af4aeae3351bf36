"""The seeded random walk."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from exchanges.simulator.bars import Prices
from exchanges.simulator.walk import START, walk

AFTER_A_DAY = (Decimal("61335572.0"), Decimal("52199.580"), Decimal("1153.64"))
"""Seed 1: KRW-BTC, BTCUSDT, KRW per USD."""


def prices(seed: int, days: int = 2) -> list[Prices]:
    return list(walk(seed).advance(START + timedelta(days=days)))


def test_the_same_seed_gives_the_same_prices() -> None:
    assert prices(7) == prices(7)


def test_another_seed_gives_other_prices() -> None:
    assert prices(7)[100:] != prices(8)[100:]


def test_a_seed_is_the_same_walk_on_every_machine() -> None:
    last = prices(1, days=1)[-1]

    assert (last.spot, last.perpetual, last.krw_per_usd) == AFTER_A_DAY


def test_the_premium_moves_but_stays_believable() -> None:
    premiums = [p.spot / (p.perpetual * p.krw_per_usd) - 1 for p in prices(3)]

    assert max(premiums) > min(premiums)
    assert all(-0.05 < premium < 0.15 for premium in premiums)
