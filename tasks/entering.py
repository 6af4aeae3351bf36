"""Opening a pair: both legs at once, then whatever it takes to stand hedged or flat."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tasks.leg_orders import leg_order
from tasks.pair import LegName, Pair
from tasks.pair_book import held_text
from tasks.pair_transitions import PairEvent
from tasks.recovery import Recovery
from tasks.settled_order import Purpose, SettledOrder
from tasks.trading import Trading


@dataclass(frozen=True, slots=True)
class EntryPlan:
    """A pair that passed the gate, and the bound of its spot price."""

    pair: Pair
    spot_bound: Decimal


async def enter(trading: Trading, plan: EntryPlan, recovery: Recovery) -> Pair:
    """Carry out ``plan``. The pair returned is hedged, failed, unwound, naked or still unknown."""
    pair = plan.pair
    trading.pairs.open(
        pair, f"{pair.direction} {pair.target_quantity:f} {pair.symbol}: both legs are sent"
    )
    orders = [
        leg_order(
            pair,
            leg,
            trading.pairs.next_attempt(pair.pair_id, leg),
            Purpose.ENTRY,
            side=pair.side(leg, purpose_is_entry=True),
            quantity=pair.target_quantity,
            bound=plan.spot_bound,
            rules=trading.venues[leg].rules[pair.symbol],
        )
        for leg in LegName
    ]
    settled = await trading.execute(orders)
    pair = trading.pairs[pair.pair_id]
    if not all(result.decided for result in settled):
        return recovery.in_doubt(pair, what_failed(settled))
    return await conclude_entry(trading, pair, settled, recovery)


async def conclude_entry(
    trading: Trading, pair: Pair, settled: list[SettledOrder], recovery: Recovery
) -> Pair:
    """Both entry orders are decided: hedged, failed, or a leg is missing."""
    spot, perpetual = pair.held(LegName.SPOT), pair.held(LegName.PERPETUAL)
    if spot == 0 and perpetual == 0:
        return trading.pairs.advance(
            pair.pair_id, PairEvent.NOTHING_FILLED, f"neither leg filled: {what_failed(settled)}"
        )
    if trading.is_matched(pair) and not trading.is_flat(pair):
        return trading.pairs.advance(
            pair.pair_id, PairEvent.LEGS_MATCHED, f"both legs filled: {held_text(pair)}"
        )
    detail = f"{held_text(pair)}: {what_failed(settled)}"
    trading.pairs.advance(pair.pair_id, PairEvent.LEG_MISSING, detail)
    return await recovery.repair(pair.pair_id, failed=detail)


def what_failed(settled: list[SettledOrder]) -> str:
    """The reasons of the orders that did not fill whole, in one line."""
    reasons = [f"{item.leg_order.leg}: {item.error}" for item in settled if item.error]
    return "; ".join(reasons) or "no error reported"
