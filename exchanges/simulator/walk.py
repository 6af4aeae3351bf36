"""A seeded random walk as the simulated market: the same seed gives the same prices for ever."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from exchanges.simulator.bars import Bar, Ohlc, PricePath

START = datetime(2021, 1, 1, tzinfo=UTC)
BAR_LENGTH = timedelta(minutes=1)
STEPS = 4
"""Moves within a bar; its high and low come from them."""
_PPM = Decimal("0.000001")
_FIRST_USD = Decimal(50_000)
_FIRST_PREMIUM_PPM = 20_000
_MEAN_PREMIUM_PPM = 20_000
_FIRST_KRW_PER_USD = Decimal("1150.00")
_CENT = Decimal("0.01")


def walk(seed: int) -> PricePath:
    """An endless path: the coin wanders, the premium returns to 2 %, the won drifts daily."""
    return PricePath(_bars(seed))


def _bars(seed: int) -> Iterator[Bar]:
    rng = random.Random(seed)
    usd, premium_ppm, krw_per_usd = _FIRST_USD, _FIRST_PREMIUM_PPM, _FIRST_KRW_PER_USD
    start = START
    while True:
        if start.hour == start.minute == 0 and start != START:
            krw_per_usd = max(_moved(krw_per_usd, rng, 4_000), Decimal(500))
        spot, perpetual = [], []
        for _ in range(STEPS + 1):
            spot.append((usd * krw_per_usd * (1 + premium_ppm * _PPM)).quantize(Decimal(1)))
            perpetual.append(usd)
            usd = max(_moved(usd, rng, 500), Decimal(1_000))
            pull = (_MEAN_PREMIUM_PPM - premium_ppm) // 500
            premium_ppm += pull + rng.randint(-250, 250)
        yield Bar(start, BAR_LENGTH, _ohlc(spot), _ohlc(perpetual), krw_per_usd)
        start += BAR_LENGTH


def _moved(value: Decimal, rng: random.Random, most_ppm: int) -> Decimal:
    return (value * (1 + rng.randint(-most_ppm, most_ppm) * _PPM)).quantize(_CENT)


def _ohlc(path: list[Decimal]) -> Ohlc:
    return Ohlc(path[0], max(path), min(path), path[-1])
