"""Closing a pair: judged at executable prices, then both legs at once.

The spot order's price is bound so that half of the judged profit is the most
it can give away; the other half stands against the perpetual's market order.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from tasks.leg_orders import leg_order
from tasks.net_position import net_position
from tasks.pair import LegName, Pair, PriceReference
from tasks.pair_book import held_text
from tasks.pair_result import result_of
from tasks.pair_transitions import PairEvent
from tasks.recovery import Recovery
from tasks.settled_order import Purpose
from tasks.trading import Trading


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """An exit that was judged, with the bound of its spot price."""

    pair_id: str
    reference: PriceReference
    spot_bound: Decimal
    purpose: Purpose
    detail: str


def profit_bound(
    side: Side, worst_price: Decimal, spare_krw: Decimal, quantity: Decimal, slippage: Decimal
) -> Decimal:
    """The spot price beyond ``worst_price`` at which half of ``spare_krw`` would be gone.

    ``slippage`` (the bound that the signal or the settings name) is never exceeded.
    """
    room = spare_krw / 2 / quantity
    if side is Side.BUY:
        return min(worst_price + room, slippage)
    return max(worst_price - room, slippage)


async def leave(trading: Trading, plan: ExitPlan, recovery: Recovery) -> Pair:
    """Carry out ``plan``. The pair returned is closed, hedged again, naked or unknown."""
    before = trading.pairs[plan.pair_id]
    pair = trading.pairs.advance(
        plan.pair_id, PairEvent.EXIT_STARTED, plan.detail, exit_reference=plan.reference
    )
    orders = [
        leg_order(
            pair,
            leg,
            trading.pairs.next_attempt(pair.pair_id, leg),
            plan.purpose,
            side=pair.side(leg, purpose_is_entry=False),
            quantity=trading.venues[leg].rules[pair.symbol].quantity_down(pair.held(leg)),
            bound=plan.spot_bound,
            rules=trading.venues[leg].rules[pair.symbol],
            position=net_position(trading.pairs, pair.perpetual.venue, pair.symbol),
        )
        for leg in LegName
    ]
    settled = await trading.execute(orders)
    pair = trading.pairs[plan.pair_id]
    failures = "; ".join(f"{item.leg_order.leg}: {item.error}" for item in settled if item.error)
    if not all(item.decided for item in settled):
        return recovery.in_doubt(pair, failures)
    if trading.is_flat(pair):
        result = result_of(trading, pair)
        return trading.pairs.advance(pair.pair_id, PairEvent.FLAT, "both legs closed", result)
    if trading.is_matched(pair):
        if pair.spot.exit == before.spot.exit and pair.perpetual.exit == before.perpetual.exit:
            trading.pairs.set_exit_reference(plan.pair_id, before.exit_reference)
        return trading.pairs.advance(
            pair.pair_id,
            PairEvent.LEGS_MATCHED,
            f"not closed whole, still hedged: {held_text(pair)}: {failures}",
        )
    detail = f"{held_text(pair)}: {failures}"
    trading.pairs.advance(pair.pair_id, PairEvent.LEG_MISSING, detail)
    return await recovery.repair(pair.pair_id, failed=detail)
