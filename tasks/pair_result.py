"""The record of how an ended pair came out."""

from __future__ import annotations

from decimal import Decimal

from tasks.exit_rule import parts_text
from tasks.krw_text import krw_text
from tasks.pair import Pair
from tasks.pnl import Pnl, pair_pnl
from tasks.trading import Trading
from tasks.wire_text import decimal_text
from warehouse.records import PairResult

FUNDING_MAX_AGE_S = 120.0
"""Funding counts as known when the income feed was read within this time: it is read each 10 s,
and a feed that failed for longer may hide a payment."""


def result_of(trading: Trading, pair: Pair) -> PairResult:
    """Cash result of ``pair``, all of which is closed; see :mod:`tasks.pnl`."""
    reference = pair.exit_reference or pair.entry_reference
    if reference is None:
        raise ValueError(f"{pair.pair_id}: expected a price reference")
    funding = funding_of(trading, pair)
    pnl = pair_pnl(pair, reference, funding)
    entry = pair.entry_reference
    leaving = pair.exit_reference
    return PairResult(
        net_krw=decimal_text(pnl.net_krw),
        premium_krw=decimal_text(pnl.premium_krw),
        fx_krw=decimal_text(pnl.fx_krw),
        funding_krw=_text(pnl.funding_krw),
        fees_krw=decimal_text(pnl.fees_krw),
        slippage_krw=decimal_text(pnl.slippage_krw),
        entry_premium_pct=_text(entry.premium_pct if entry else None),
        exit_premium_pct=_text(leaving.premium_pct if leaving else None),
        krw_per_usdt=decimal_text(reference.krw_per_usdt),
    )


def result_sentence(result: PairResult) -> str:
    """``earned 2,313 KRW (premium 3,693, …)``: what an ended pair brought."""
    funding = result["funding_krw"]
    parts = Pnl(
        net_krw=Decimal(result["net_krw"]),
        premium_krw=Decimal(result["premium_krw"]),
        fx_krw=Decimal(result["fx_krw"]),
        funding_krw=None if funding is None else Decimal(funding),
        fees_krw=Decimal(result["fees_krw"]),
        slippage_krw=Decimal(result["slippage_krw"]),
    )
    verb = "lost" if parts.net_krw < 0 else "earned"
    return f"{verb} {krw_text(abs(parts.net_krw))} KRW ({parts_text(parts)})"


def funding_of(trading: Trading, pair: Pair) -> Decimal | None:
    """Funding of ``pair`` so far, USDT; None: not known now."""
    return trading.funding.share(pair, trading.clock.now(), max_age_s=FUNDING_MAX_AGE_S)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)
