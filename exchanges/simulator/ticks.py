"""Price steps of the simulated markets."""

from __future__ import annotations

from decimal import Decimal

from exchanges.rules import TickBand

UPBIT_KRW_TICKS = tuple(
    TickBand(Decimal(start), Decimal(tick))
    for start, tick in (
        ("0", "0.0000001"),
        ("0.0001", "0.000001"),
        ("0.001", "0.00001"),
        ("0.01", "0.0001"),
        ("0.1", "0.001"),
        ("1", "0.01"),
        ("10", "0.1"),
        ("100", "1"),
        ("5000", "5"),
        ("10000", "10"),
        ("50000", "50"),
        ("100000", "100"),
        ("500000", "500"),
        ("1000000", "1000"),
    )
)
"""In force since 2025-07-31 (Upbit docs, KRW market info)."""

BINANCE_BTCUSDT_TICKS = (TickBand(Decimal(0), Decimal("0.10")),)
"""PRICE_FILTER of BTCUSDT (Binance USDⓈ-M exchangeInfo)."""

HYPERLIQUID_BTC_TICKS = (
    TickBand(Decimal(0), Decimal("0.1")),
    TickBand(Decimal(10_000), Decimal(1)),
)
"""At most one decimal (6 - szDecimals) and five significant figures; whole numbers are always
valid (Hyperliquid docs, tick and lot size)."""
