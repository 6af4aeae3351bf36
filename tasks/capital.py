"""What an entry may use, and where a day's loss ends the day's entries.

Each venue keeps a reserve: a share of all that lies there stays out of entries (at the
perpetual venue it stands behind the short). All limits are in the venue's quote currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tasks.pair import ZERO, Pair
from tasks.signal import Direction

HUNDRED = Decimal(100)
BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Capital:
    """The desk's money as it stands now, and today's result."""

    krw_spendable: Decimal
    usdt_spendable: Decimal
    free_coin: Decimal
    """Coin of the signal's symbol that no pair holds."""
    total_krw: Decimal
    """KRW balance + USDT × rate + value of the coin."""
    open_notional_krw: Decimal
    """Spot value of all open pairs."""
    day_result_krw: Decimal
    """Net result of the KST day so far; negative is a loss."""


def spendable(total: Decimal, available: Decimal, reserve_pct: Decimal) -> Decimal:
    """What entries may use of one venue: the free cash less the reserve, never below 0.

    ``total`` is all that lies at the venue, locked and in coin included, valued in its quote
    currency; the reserve is a share of that, so it does not shrink as cash is put to use.
    """
    return max(ZERO, available - total * reserve_pct / HUNDRED)


def cash_needed(value: Decimal, taker_fee: Decimal, slippage_bps: int) -> Decimal:
    """KRW that a spot buy locks: its value at the worst price allowed, and the fee on that."""
    return value * (1 + Decimal(slippage_bps) / BPS) * (1 + taker_fee)


def margin_needed(value: Decimal, taker_fee: Decimal, leverage: int) -> Decimal:
    """USDT that a perpetual order of ``value`` needs free: initial margin and the fee."""
    return value / leverage + value * taker_fee


def total_krw(
    krw: Decimal, usdt: Decimal, krw_per_usdt: Decimal, coin_value_krw: Decimal
) -> Decimal:
    """The whole capital in KRW, of total (not only free) balances."""
    return krw + usdt * krw_per_usdt + coin_value_krw


def free_coin(available: Decimal, open_pairs: Iterable[Pair], symbol: str) -> Decimal:
    """Coin that a short_premium entry may sell: what is there and not a pair's spot leg."""
    held = sum(
        (
            pair.spot.held
            for pair in open_pairs
            if pair.symbol == symbol and pair.direction is Direction.LONG_PREMIUM
        ),
        ZERO,
    )
    return max(ZERO, available - held)


def loss_limit_krw(capital_krw: Decimal, daily_loss_limit_pct: Decimal) -> Decimal:
    """The loss of a day (positive KRW) at which entries end."""
    return capital_krw * daily_loss_limit_pct / HUNDRED
