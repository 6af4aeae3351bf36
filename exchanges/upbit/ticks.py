"""Price steps of the KRW market.

Source: Upbit docs, "KRW market info", in force since 2025-07-31. Bounds
include their lower end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from exchanges.rules import TickBand, tick_at

KRW_LADDER: tuple[TickBand, ...] = tuple(
    TickBand(Decimal(from_price), Decimal(tick))
    for from_price, tick in (
        ("0", "0.00000001"),
        ("0.00001", "0.0000001"),
        ("0.0001", "0.000001"),
        ("0.001", "0.00001"),
        ("0.01", "0.0001"),
        ("0.1", "0.001"),
        ("1", "0.01"),
        ("10", "0.1"),
        ("100", "1"),
        ("1000", "1"),
        ("5000", "5"),
        ("10000", "10"),
        ("50000", "50"),
        ("100000", "100"),
        ("500000", "500"),
        ("1000000", "1000"),
    )
)


def bands_with(tick: Decimal, prices: Sequence[Decimal]) -> tuple[TickBand, ...]:
    """The ladder, corrected by the ``tick`` that the venue states for the market right now.

    ``prices`` are where the market trades now (best bid, best ask). When the ladder knows the
    stated tick at one of them, it stands; else the venue is right and the bands of ``prices``
    get its tick (markets such as KRW-USDT have had steps of their own). Raises ValueError for a
    tick that does not fit between the bounds of its band.
    """
    if not prices or any(tick_at(KRW_LADDER, price) == tick for price in prices):
        return KRW_LADDER
    starts = {_band_at(price).from_price for price in prices}
    bands = tuple(
        replace(band, tick=tick) if band.from_price in starts else band for band in KRW_LADDER
    )
    ends = [*(band.from_price for band in bands[1:]), Decimal(0)]
    for band, end in zip(bands, ends, strict=True):
        if band.from_price in starts and (band.from_price % tick or end % tick):
            raise ValueError(f"the tick {tick} does not divide the bounds of its price band")
    return bands


def _band_at(price: Decimal) -> TickBand:
    return [band for band in KRW_LADDER if band.from_price <= price][-1]
