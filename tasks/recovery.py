"""One-leg recovery: from unequal legs to hedged, closed, unwound or, at worst, naked.

Two ways make unequal legs equal: *grow* the smaller one or *shrink* the larger one. On the way in
the missing leg is grown, on the way out the lagging leg is shrunk; each up to three times after 1,
2 and 4 seconds, for the quantity that is missing at that moment, at a price that costs no more than
giving the other leg up (:mod:`tasks.recovery_cost`). Then the emergency hedge goes the other way.
If that fails too the pair is naked: a person is needed.

What the venue or a person did to a leg, and what filled late, is repaired the same way, at once.
Spot whose perpetual was closed by force is sold no lower than a floor, and nothing is opened again.

Nothing is sent while an order of the pair is undecided.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.pair import LegName, Pair
from tasks.pair_book import held_text
from tasks.pair_result import result_of
from tasks.pair_transitions import PairEvent, PairState
from tasks.recovery_cost import price_text
from tasks.repair_moves import Way, is_level
from tasks.repair_planner import RepairPlanner, Step
from tasks.repair_story import RepairStory
from tasks.settled_order import LegOrder, Purpose, SettledOrder
from tasks.trading import Trading
from tasks.wire_text import short_decimal_text

log = logging.getLogger(__name__)


def no_floor(_: Pair) -> Decimal | None:
    """Spot may be sold at any price that the other bounds allow."""
    return None


async def _nothing_to_take_in(_: str) -> None:
    """Nobody watches the positions."""


class Recovery:
    """Repairs pairs, one at a time each; the caller holds the symbol's lock."""

    def __init__(self, trading: Trading) -> None:
        self._trading = trading
        self._planner = RepairPlanner(trading)
        self.floor_of: Callable[[Pair], Decimal | None] = no_floor
        """The worst spot price, KRW, for a pair whose perpetual was closed by force; None: the
        pair was not."""
        self.take_in: Callable[[str], Awaitable[None]] = _nothing_to_take_in
        """Called with the symbol before each try: what the venue is known to have done to a
        position meanwhile is taken into the books, so that the try does not rest on the old one."""
        self.story = RepairStory(trading.clock, trading.pairs.is_open)

    def in_doubt(self, pair: Pair, detail: str) -> Pair:
        """An order is undecided past its time: say so, loudly. Asking goes on elsewhere."""
        self._say(pair, f"in doubt: {detail}")
        pair = self._trading.pairs.advance(pair.pair_id, PairEvent.OUTCOME_UNKNOWN, detail)
        self._alert(
            pair,
            f"{pair.pair_id}: the venue has not shown what became of an order ({detail}). "
            f"It is asked again; entries for {pair.symbol} wait.",
        )
        return pair

    async def resolve(self, pair_id: str) -> Pair:
        """Take a pair that is not settled as far as it can be taken now."""
        pair = self._trading.pairs[pair_id]
        if not self._has_rules(pair):
            return pair
        if not await self._trading.settle_again(pair_id):
            self._say(pair, "an order is still undecided; nothing is sent meanwhile")
            return self._trading.pairs[pair_id]
        pair = self._trading.pairs[pair_id]
        if pair.state in (PairState.UNKNOWN, PairState.OPENING, PairState.CLOSING):
            return await self._leave_doubt(pair)
        if pair.state is PairState.NAKED:
            self._trading.pairs.advance(pair_id, PairEvent.RECOVERY_STARTED, "trying again")
        return await self.repair(pair_id)

    async def resolve_if_torn(self, pair_id: str) -> Pair:
        """The pair as it is now, taken further if its legs had come to differ meanwhile."""
        pair = self._trading.pairs[pair_id]
        if pair.state is PairState.RECOVERING:
            return await self.resolve(pair_id)
        return pair

    async def repair(
        self, pair_id: str, floor: Decimal | None = None, *, failed: str | None = None
    ) -> Pair:
        """Repair a pair in state ``recovering``, however it came to be there; any other is left as
        it is: somebody was faster.

        ``floor`` is the worst spot price, KRW, that may be traded at after the venue closed the
        perpetual leg by force (a ceiling where spot is bought back); None: that of ``floor_of``.
        Beyond it nothing is traded, and nothing is opened again in place of what was closed: the
        pair is naked then. ``failed``: what the legs hold and why, when an order of the missing one
        has just failed; then the first try waits like the others.
        """
        pair = self._trading.pairs[pair_id]
        if pair.state is not PairState.RECOVERING or self._trading.pairs.is_stale:
            return pair
        if failed is not None:
            self._say(pair, f"a leg is missing, {failed}")
        if not self._has_rules(pair):
            return pair
        delays = self._trading.settings.recovery_delays_s
        for delay in delays if failed is not None else (0.0, *delays):
            if self._is_level(pair):
                break
            await asyncio.sleep(delay)
            await self.take_in(pair.symbol)
            preferred, worst = self._policy(pair_id, floor)
            if not await self._step(pair_id, preferred, Purpose.HEDGE, worst):
                return self.in_doubt(self._trading.pairs[pair_id], "a hedge order is undecided")
            pair = self._trading.pairs[pair_id]
        preferred, worst = self._policy(pair_id, floor)
        if not self._is_level(pair) and worst is None:
            self._say(pair, f"emergency hedge: {preferred.other} after the retries")
            for delay in (0.0, *delays):
                await asyncio.sleep(delay)
                if not await self._step(pair_id, preferred.other, Purpose.UNWIND, None):
                    pair = self._trading.pairs[pair_id]
                    return self.in_doubt(pair, "an unwind order is undecided")
                pair = self._trading.pairs[pair_id]
                if self._is_level(pair):
                    break
        return await self._conclude(pair, worst)

    def _policy(self, pair_id: str, floor: Decimal | None) -> tuple[Way, Decimal | None]:
        """Which way the pair is repaired first, and the worst spot price if it has one now."""
        pair = self._trading.pairs[pair_id]
        worst = self.floor_of(pair) if floor is None else floor
        return Way.SHRINK if was_leaving(pair) or worst is not None else Way.GROW, worst

    async def _leave_doubt(self, pair: Pair) -> Pair:
        """All orders of a pair that stood between two states are decided now."""
        detail = f"the venues show {held_text(pair)}"
        if not any(pair.leg(leg).entry.quantity for leg in LegName):
            return self._trading.pairs.advance(
                pair.pair_id, PairEvent.NOTHING_FILLED, "the venues show that nothing was filled"
            )
        if self._is_level(pair) and not self._trading.is_flat(pair):
            if not has_left(pair):
                self._trading.pairs.set_exit_reference(pair.pair_id, None)
            return self._trading.pairs.advance(pair.pair_id, PairEvent.LEGS_MATCHED, detail)
        self._trading.pairs.advance(pair.pair_id, PairEvent.LEG_MISSING, detail)
        return await self.repair(pair.pair_id)

    async def _conclude(self, pair: Pair, worst: Decimal | None) -> Pair:
        """Name the state that the legs are in after all attempts."""
        if not self._is_level(pair):
            return self._give_up(pair, worst)
        if self._trading.is_flat(pair):
            step = await self._planner.plan_leftovers(pair, worst)
            if not await self._execute(pair, step):
                return self.in_doubt(pair, "an order for what was left over is undecided")
            pair = self._trading.pairs[pair.pair_id]
            event = PairEvent.FLAT if was_leaving(pair) else PairEvent.UNWOUND
            result = result_of(self._trading, pair)
            detail = f"both legs are flat: {held_text(pair)}"
            pair = self._trading.pairs.advance(pair.pair_id, event, detail, result)
        else:
            detail = f"repaired: {held_text(pair)}"
            pair = self._trading.pairs.advance(pair.pair_id, PairEvent.LEGS_MATCHED, detail)
        self._say(pair, f"{pair.state}: {held_text(pair)}")
        return pair

    def _give_up(self, pair: Pair, worst: Decimal | None) -> Pair:
        why = "" if worst is None else f"; spot is not traded beyond {price_text(worst)}"
        detail = f"not repaired: {held_text(pair)}{why}"
        self._say(pair, detail)
        pair = self._trading.pairs.advance(pair.pair_id, PairEvent.GAVE_UP, detail)
        self._alert(
            pair,
            f"{pair.pair_id} is NAKED ({held_text(pair)}{why}): a person is needed. Entries for "
            f"{pair.symbol} are blocked; run one-leg-recovery/live or trade the "
            f"difference by hand and reconcile.",
        )
        return pair

    async def _step(self, pair_id: str, way: Way, purpose: Purpose, worst: Decimal | None) -> bool:
        """One try at the quantity that is missing now; False when an order is undecided."""
        if self._trading.pairs.undecided(pair_id) and not await self._trading.settle_again(pair_id):
            return False
        pair = self._trading.pairs[pair_id]
        return await self._execute(pair, await self._planner.plan(pair, way, purpose, worst))

    async def _execute(self, pair: Pair, step: Step) -> bool:
        """Send the orders of a step; False when the end of one is undecided."""
        if not step.orders:
            if step.told:
                self._say(pair, step.told)
            return True
        settled = await self._trading.execute(step.orders)
        for order, result in zip(step.orders, settled, strict=True):
            self._say(pair, _sentence(order, result, step))
        return all(result.decided for result in settled)

    def _is_level(self, pair: Pair) -> bool:
        lot = self._trading.lot(pair.symbol)
        return is_level({leg: pair.held(leg) for leg in LegName}, lot)

    def _has_rules(self, pair: Pair) -> bool:
        if all(pair.symbol in venue.rules for venue in self._trading.venues.values()):
            return True
        self._say(pair, f"the rules of {pair.symbol} cannot be read yet; nothing is sent")
        return False

    def _alert(self, pair: Pair, message: str) -> None:
        level = AlertLevel.CRITICAL
        self._trading.alert(Alert(AlertType.ONE_LEG, level, message, pair.pair_id))

    def _say(self, pair: Pair, sentence: str) -> None:
        log.info("%s: %s", pair.pair_id, sentence)
        self.story.add(pair.pair_id, sentence)


def _sentence(order: LegOrder, result: SettledOrder, step: Step) -> str:
    """What was sent, how far it might go, and what the venue shows became of it."""
    sent = order.order
    shown = f"the venue shows {short_decimal_text(result.filled)} filled"
    if result.filled:
        shown += (
            f" at {price_text(result.value / result.filled)}, fee {short_decimal_text(result.fee)}"
        )
    if not result.decided:
        shown = "the venue does not show what became of it"
    return (
        f"{order.purpose} {sent.side} {sent.quantity:f} {sent.symbol} ({order.leg}, "
        f"{sent.client_order_id}) at worst {step.told}: {shown}"
        + (f", {result.error}" if result.error else "")
    )


def has_left(pair: Pair) -> bool:
    """Has any leg traded against its entry?"""
    return any(pair.leg(leg).exit.quantity > 0 for leg in LegName)


def was_leaving(pair: Pair) -> bool:
    """Was the pair on its way out, as decided? (An unwound entry also trades backwards.)"""
    return pair.exit_reference is not None
