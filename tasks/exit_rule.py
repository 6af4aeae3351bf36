"""The exit rule: a pair is closed only if that leaves more than the least profit asked for.

Judged from cash flows at executable prices, with the fees still to pay, so a premium that
merely looks better can not close a pair at a loss. Funding that is not known counts as nothing
and is named as missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from tasks.krw_text import krw_text
from tasks.pair import LegFlow, Pair, PairLeg, PriceReference
from tasks.pnl import Pnl, pair_pnl


@dataclass(frozen=True, slots=True)
class ExitPrices:
    """What closing ``quantity`` of both legs would really trade at now."""

    quantity: Decimal
    """Coin; all that both legs hold, down to a lot."""
    spot_value: Decimal
    """Σ price × quantity on the side to be taken, KRW."""
    perpetual_value: Decimal
    """The same of the perpetual, USDT."""
    spot_taker_fee: Decimal
    """Fraction of value."""
    perpetual_taker_fee: Decimal
    reference: PriceReference
    """The touch and the rates now; its ``krw_per_usdt`` converts the perpetual's cash."""


@dataclass(frozen=True, slots=True)
class ExitJudgement:
    """Whether a pair may be closed, with the numbers. ``sentence`` is for people."""

    allowed: bool
    net_krw: Decimal
    parts: Pnl
    sentence: str


def judge_exit(
    pair: Pair,
    prices: ExitPrices,
    funding_usdt: Decimal | None,
    min_net_profit_krw: Decimal,
) -> ExitJudgement:
    """May ``pair`` be closed at ``prices``? Only if the net result is above the minimum.

    A remainder below a lot that would stay is valued at the reference price.
    """
    closed = replace(
        pair,
        spot=_closed(pair.spot, prices.quantity, prices.spot_value, prices.spot_taker_fee),
        perpetual=_closed(
            pair.perpetual, prices.quantity, prices.perpetual_value, prices.perpetual_taker_fee
        ),
    )
    parts = pair_pnl(closed, prices.reference, funding_usdt)
    allowed = parts.net_krw > min_net_profit_krw
    return ExitJudgement(
        allowed, parts.net_krw, parts, _sentence(parts, allowed, min_net_profit_krw)
    )


def _closed(leg: PairLeg, quantity: Decimal, value: Decimal, taker_fee: Decimal) -> PairLeg:
    return replace(leg, exit=leg.exit + LegFlow(quantity, value, value * taker_fee))


def _sentence(parts: Pnl, allowed: bool, minimum: Decimal) -> str:
    net = parts.net_krw
    verb = "lose" if net < 0 else "earn"
    short_of = (
        "" if allowed or net < 0 else f", not more than the minimum of {krw_text(minimum)} KRW"
    )
    return f"closing now would {verb} {krw_text(abs(net))} KRW{short_of} ({parts_text(parts)})"


def parts_text(parts: Pnl) -> str:
    """The five parts of a result in one line; what is not known is called missing."""
    funding = "missing" if parts.funding_krw is None else krw_text(parts.funding_krw)
    return (
        f"premium {krw_text(parts.premium_krw)}, fx {krw_text(parts.fx_krw)}, "
        f"funding {funding}, fees {krw_text(parts.fees_krw)}, "
        f"slippage {krw_text(parts.slippage_krw)}"
    )
