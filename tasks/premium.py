"""The kimchi premium: how much dearer a coin is in KRW than its USDT perpetual, in percent.

Premium = KRW price / (USDT price × KRW per dollar) − 1. What a dollar is worth
is one of two bases: ``fx`` (bank rate, KRW per USD) or ``tether`` (Upbit's
KRW-USDT). Decisions use executable prices, which are depth-weighted for the
size at hand, so a premium always belongs to a quantity and to a side.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.book import Book
from exchanges.side import Side
from tasks.wire_text import decimal_text
from warehouse.records import PremiumRecord

HUNDRED = Decimal(100)
RECORD_STEP = Decimal("0.000001")
"""Records keep a premium to a millionth of a percent."""


def premium_pct(spot_krw: Decimal, perpetual_usdt: Decimal, krw_per_dollar: Decimal) -> Decimal:
    """The premium in percent; all three are positive. Negative: Korea is cheaper."""
    return (spot_krw / (perpetual_usdt * krw_per_dollar) - 1) * HUNDRED


def executable_premium_pct(
    spot: Book, perpetual: Book, spot_side: Side, quantity: Decimal, krw_per_dollar: Decimal
) -> Decimal | None:
    """The premium of taking ``quantity`` of spot on ``spot_side``, of the perpetual on the other.

    ``Side.BUY`` pays the spot ask and hits the perpetual bid: long_premium enters and short_premium
    leaves so. ``Side.SELL`` is the other way round. None when a book is too thin.
    """
    spot_taken = spot.executable(spot_side, quantity)
    perpetual_taken = perpetual.executable(spot_side.opposite, quantity)
    if spot_taken is None or perpetual_taken is None:
        return None
    # Of the values, not of the average prices: the quantity is the same and divides out.
    return premium_pct(spot_taken.value, perpetual_taken.value, krw_per_dollar)


def premium_record(
    symbol: str,
    quantity: Decimal,
    spot: Book,
    perpetual: Book,
    *,
    krw_per_usd: Decimal | None,
    krw_per_usdt: Decimal | None,
) -> PremiumRecord:
    """Both premiums on both bases, for the journal. What cannot be known is None."""

    def text(spot_side: Side, krw_per_dollar: Decimal | None) -> str | None:
        if krw_per_dollar is None:
            return None
        premium = executable_premium_pct(spot, perpetual, spot_side, quantity, krw_per_dollar)
        return None if premium is None else decimal_text(premium.quantize(RECORD_STEP))

    return PremiumRecord(
        symbol=symbol,
        quantity=decimal_text(quantity),
        enter_fx_pct=text(Side.BUY, krw_per_usd),
        enter_tether_pct=text(Side.BUY, krw_per_usdt),
        leave_fx_pct=text(Side.SELL, krw_per_usd),
        leave_tether_pct=text(Side.SELL, krw_per_usdt),
        krw_per_usd=None if krw_per_usd is None else decimal_text(krw_per_usd),
        krw_per_usdt=None if krw_per_usdt is None else decimal_text(krw_per_usdt),
    )
