"""The result of a pair in KRW, from the cash flows of both legs, and where it came from.

With sign s (+1 for long_premium, −1 for short_premium), entry e and exit x,
values V and fees F of the legs (spot in KRW, perpetual in USDT), R the KRW per
USDT that decides:

    net = s·(V_spot,x − V_spot,e) − F_spot
        + R_x·( s·(V_perp,e − V_perp,x) − F_perp + funding )

All USDT cash is converted at R_x, the rate at the end. With S and P the
reference prices of spot and perpetual (the touch at each decision) and q the
quantity that both legs entered, a frictionless pair would have made

    s·q·( S_x − S_e + R_x·(P_e − P_x) )
        = s·q·( D_x − D_e )            the premium, D = S − R·P in KRW per coin
        + s·q·( R_x − R_e )·P_e        the exchange rate

and everything between that and the cash is slippage: prices worse (or better) than
the reference, and the cost of a leg that stood alone. For a pair of which one leg was
never hedged q is 0, so its whole price result is slippage. A remainder that is still held
(less than a lot) is valued at the exit reference: it is no loss, and no profit of an open short.

Nothing is divided and nothing is rounded, so the parts add up to ``net_krw`` exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext

from tasks.pair import ZERO, Pair, PairLeg, PriceReference
from tasks.signal import Direction

EXACT = Context(prec=250, traps=[Inexact, InvalidOperation])
"""Enough digits for sums and products of real amounts; should it not be, it raises."""


@dataclass(frozen=True, slots=True)
class Pnl:
    """Where a result came from, KRW. ``premium + fx + funding + fees + slippage = net``."""

    net_krw: Decimal
    premium_krw: Decimal
    fx_krw: Decimal
    funding_krw: Decimal | None
    """None: not known; counts as nothing in ``net_krw``."""
    fees_krw: Decimal
    """Negative: paid."""
    slippage_krw: Decimal


def pair_pnl(pair: Pair, exit_reference: PriceReference, funding_usdt: Decimal | None) -> Pnl:
    """The result of ``pair``, of which all is closed, measured against ``exit_reference``.

    A pair that never had an exit decision (unwound) is measured against its entry reference:
    premium and exchange rate then have no part in it.

    Raises:
        ValueError: the pair has no entry reference; it was never decided on.
    """
    entry = pair.entry_reference
    if entry is None:
        raise ValueError(f"entry_reference: expected one, {pair.pair_id} has none")
    rate = exit_reference.krw_per_usdt
    with localcontext(EXACT):
        spot = _with_rest_valued(pair.spot, exit_reference.spot_price)
        perpetual = _with_rest_valued(pair.perpetual, exit_reference.perpetual_price)
        sign = 1 if pair.direction is Direction.LONG_PREMIUM else -1
        gross = sign * (
            (spot.exit.value - spot.entry.value)
            + rate * (perpetual.entry.value - perpetual.exit.value)
        )
        fees = -(spot.entry.fee + spot.exit.fee) - rate * (perpetual.entry.fee + perpetual.exit.fee)
        hedged = sign * min(spot.entry.quantity, perpetual.entry.quantity)
        premium = hedged * (_gap(exit_reference) - _gap(entry))
        fx = hedged * (rate - entry.krw_per_usdt) * entry.perpetual_price
        funding = None if funding_usdt is None else rate * funding_usdt
        return Pnl(
            net_krw=gross + fees + (funding or ZERO),
            premium_krw=premium,
            fx_krw=fx,
            funding_krw=funding,
            fees_krw=fees,
            slippage_krw=gross - premium - fx,
        )


def _gap(reference: PriceReference) -> Decimal:
    """How much dearer the coin is on the spot market, KRW per coin."""
    return reference.spot_price - reference.krw_per_usdt * reference.perpetual_price


def _with_rest_valued(leg: PairLeg, price: Decimal) -> PairLeg:
    """``leg`` as if what it still holds had been closed at ``price`` without a fee."""
    value = leg.exit.value + leg.held * price
    return replace(leg, exit=replace(leg.exit, quantity=leg.entry.quantity, value=value))
