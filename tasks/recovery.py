"""One-leg recovery: from unequal legs to hedged, closed, unwound or, at worst, naked.

Two ways make unequal legs equal: *grow* the smaller one or *shrink* the larger
one. On the way in the missing leg is grown, on the way out the lagging leg is
shrunk; each up to three times after 1, 2 and 4 seconds, for the quantity that
is missing at that moment, at a price no worse than ``max_recovery_cost_bps``
from the one the pair was decided on. Then the emergency hedge goes the other
way. If that fails too the pair is naked: a person is needed.

Nothing is sent while an order of the pair is undecided.
"""

from __future__ import annotations

import asyncio
import logging
from decimal import Decimal
from enum import StrEnum

from exchanges.errors import ExchangeError
from exchanges.side import Side
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.leg_orders import leg_order, price_bound, within_bound
from tasks.pair import LegName, Pair
from tasks.pair_book import held_text
from tasks.pair_result import result_of
from tasks.pair_transitions import PairEvent, PairState
from tasks.settled_order import LegOrder, Purpose
from tasks.trading import Trading

log = logging.getLogger(__name__)

EMERGENCY_BOUND_BPS = 500
"""How far an emergency hedge may go from the touch: 5 %, what Binance itself allows a market
order (``marketTakeBound`` 0.05 of BTCUSDT)."""


class Way(StrEnum):
    GROW = "grow"
    SHRINK = "shrink"


class Recovery:
    """Repairs pairs, one at a time each; the caller holds the symbol's lock."""

    def __init__(self, trading: Trading) -> None:
        self._trading = trading
        self.steps: dict[str, list[str]] = {}
        """What was done for each pair, sentence by sentence, for run logs."""

    def in_doubt(self, pair: Pair, detail: str) -> Pair:
        """An order is undecided past its time: say so, loudly. Asking goes on elsewhere."""
        self._say(pair, f"in doubt: {detail}")
        pair = self._trading.pairs.advance(pair.pair_id, PairEvent.OUTCOME_UNKNOWN, detail)
        self._trading.alert(
            Alert(
                AlertType.ONE_LEG,
                AlertLevel.CRITICAL,
                f"{pair.pair_id}: the venue has not shown what became of an order ({detail}). "
                f"It is asked again; entries for {pair.symbol} wait.",
                pair.pair_id,
            )
        )
        return pair

    async def resolve(self, pair_id: str) -> Pair:
        """Take a pair that is not settled as far as it can be taken now."""
        trading = self._trading
        pair = trading.pairs[pair_id]
        if any(pair.symbol not in venue.rules for venue in trading.venues.values()):
            self._say(pair, f"the rules of {pair.symbol} cannot be read yet; nothing is sent")
            return pair
        if not await trading.settle_again(pair_id):
            self._say(pair, "an order is still undecided; nothing is sent meanwhile")
            return trading.pairs[pair_id]
        pair = trading.pairs[pair_id]
        if pair.state in (PairState.UNKNOWN, PairState.OPENING, PairState.CLOSING):
            return await self._leave_doubt(pair)
        if pair.state is PairState.NAKED:
            trading.pairs.advance(pair_id, PairEvent.RECOVERY_STARTED, "trying again")
        return await self.repair(pair_id)

    async def repair(self, pair_id: str, floor: Decimal | None = None) -> Pair:
        """Repair a pair in state ``recovering``, however it came to be there.

        ``floor`` is the worst spot price, KRW, that may be traded at after the venue closed the
        perpetual leg by force (a ceiling where spot is bought back). Beyond it nothing is traded,
        and nothing is opened again in place of what was closed: the pair is naked then.
        """
        trading = self._trading
        pair = trading.pairs[pair_id]
        preferred = Way.SHRINK if was_leaving(pair) else Way.GROW
        for delay in trading.settings.recovery_delays_s:
            if trading.is_matched(pair):
                break
            await asyncio.sleep(delay)
            order = await self._plan(pair, preferred, Purpose.HEDGE, floor)
            if order is None:
                continue
            if not await self._execute(order):
                return self.in_doubt(trading.pairs[pair_id], "a hedge order is undecided")
            pair = trading.pairs[pair_id]
        if not trading.is_matched(pair) and floor is None:
            fallback = Way.GROW if preferred is Way.SHRINK else Way.SHRINK
            self._say(pair, f"emergency hedge: {fallback} after the retries")
            for delay in (0.0, *trading.settings.recovery_delays_s):
                await asyncio.sleep(delay)
                order = await self._plan(pair, fallback, Purpose.UNWIND)
                if order is not None and not await self._execute(order):
                    return self.in_doubt(trading.pairs[pair_id], "an unwind order is undecided")
                pair = trading.pairs[pair_id]
                if trading.is_matched(pair):
                    break
        return self._conclude(pair)

    async def _leave_doubt(self, pair: Pair) -> Pair:
        """All orders of a pair that stood between two states are decided now."""
        trading = self._trading
        if all(pair.held(leg) == 0 for leg in LegName) and not has_left(pair):
            return trading.pairs.advance(
                pair.pair_id, PairEvent.NOTHING_FILLED, "the venues show that nothing was filled"
            )
        if has_left(pair) and trading.is_flat(pair):
            event = PairEvent.FLAT if was_leaving(pair) else PairEvent.UNWOUND
            return self._end(pair, event, f"the venues show both legs flat: {held_text(pair)}")
        if trading.is_matched(pair) and not trading.is_flat(pair):
            if not has_left(pair):
                trading.pairs.set_exit_reference(pair.pair_id, None)
            detail = f"the venues show {held_text(pair)}"
            return trading.pairs.advance(pair.pair_id, PairEvent.LEGS_MATCHED, detail)
        detail = f"the venues show {held_text(pair)}"
        trading.pairs.advance(pair.pair_id, PairEvent.LEG_MISSING, detail)
        return await self.repair(pair.pair_id)

    def _conclude(self, pair: Pair) -> Pair:
        """Name the state that the legs are in after all attempts."""
        trading = self._trading
        if not trading.is_matched(pair):
            detail = f"not repaired: {held_text(pair)}"
            self._say(pair, detail)
            pair = trading.pairs.advance(pair.pair_id, PairEvent.GAVE_UP, detail)
            trading.alert(
                Alert(
                    AlertType.ONE_LEG,
                    AlertLevel.CRITICAL,
                    f"{pair.pair_id} is NAKED ({held_text(pair)}): a person is needed. Entries for "
                    f"{pair.symbol} are blocked; run one-leg-recovery/live or trade the "
                    f"difference by hand and reconcile.",
                    pair.pair_id,
                )
            )
            return pair
        if trading.is_flat(pair):
            event = PairEvent.FLAT if was_leaving(pair) else PairEvent.UNWOUND
            pair = self._end(pair, event, f"both legs are flat: {held_text(pair)}")
        else:
            detail = f"repaired: {held_text(pair)}"
            pair = trading.pairs.advance(pair.pair_id, PairEvent.LEGS_MATCHED, detail)
        self._say(pair, f"{pair.state}: {held_text(pair)}")
        trading.alert(
            Alert(
                AlertType.ONE_LEG,
                AlertLevel.WARNING,
                f"{pair.pair_id} is repaired: {pair.state}, {held_text(pair)}.",
                pair.pair_id,
            )
        )
        return pair

    def _end(self, pair: Pair, event: PairEvent, detail: str) -> Pair:
        result = result_of(self._trading, pair)
        return self._trading.pairs.advance(pair.pair_id, event, detail, result)

    async def _execute(self, order: LegOrder) -> bool:
        """Send one repair order; False when its end is undecided."""
        [settled] = await self._trading.execute([order])
        sent = order.order
        self._say(
            self._trading.pairs[order.pair_id],
            f"{order.purpose} {sent.side} {sent.quantity:f} {sent.symbol} ({order.leg}): "
            f"filled {settled.filled:f}" + (f", {settled.error}" if settled.error else ""),
        )
        return settled.decided

    async def _plan(
        self, pair: Pair, way: Way, purpose: Purpose, floor: Decimal | None = None
    ) -> LegOrder | None:
        """The order that would equalise the legs now, or None with the reason said."""
        trading = self._trading
        difference = pair.held(LegName.SPOT) - pair.held(LegName.PERPETUAL)
        spot_is_larger = difference > 0
        acts_on_spot = spot_is_larger is (way is Way.SHRINK)
        leg = LegName.SPOT if acts_on_spot else LegName.PERPETUAL
        side = pair.side(leg, purpose_is_entry=way is Way.GROW)
        venue = trading.venues[leg]
        rules = venue.rules[pair.symbol]
        quantity = rules.quantity_down(abs(difference))
        try:
            book = await venue.call(venue.exchange.book(pair.symbol))
        except ExchangeError as error:
            self._say(pair, f"{leg}: no book to trade on: {error}")
            return None
        touch = book.best_ask if side is Side.BUY else book.best_bid
        executable = book.executable(side, quantity) if quantity > 0 else None
        if touch is None or executable is None:
            self._say(pair, f"{leg}: the book cannot take {quantity:f} {pair.symbol}")
            return None
        reduces = leg is LegName.PERPETUAL and way is Way.SHRINK
        if quantity < rules.min_quantity or (executable.value < rules.min_notional and not reduces):
            self._say(pair, f"{leg}: {quantity:f} {pair.symbol} is below the venue's minimum")
            return None
        bound = price_bound(side, touch.price, EMERGENCY_BOUND_BPS)
        if purpose is Purpose.HEDGE:
            bound = self._cost_bound(pair, leg, side, way)
            if floor is not None and leg is LegName.SPOT:
                bound = max(bound, floor) if side is Side.SELL else min(bound, floor)
            if not within_bound(side, executable.worst_price, bound):
                self._say(
                    pair,
                    f"{leg}: {executable.worst_price:f} is beyond {bound:f}, the price this pair "
                    "may be chased to",
                )
                return None
        attempt = trading.pairs.next_attempt(pair.pair_id, leg)
        return leg_order(
            pair, leg, attempt, purpose, side=side, quantity=quantity, bound=bound, rules=rules
        )

    def _cost_bound(self, pair: Pair, leg: LegName, side: Side, way: Way) -> Decimal:
        """How far a retry may go from the price that the pair was decided on."""
        reference = pair.exit_reference if way is Way.SHRINK else pair.entry_reference
        if reference is None:
            raise ValueError(f"{pair.pair_id}: expected a price reference to {way} from")
        decided = reference.spot_price if leg is LegName.SPOT else reference.perpetual_price
        return price_bound(side, decided, self._trading.settings.max_recovery_cost_bps)

    def _say(self, pair: Pair, sentence: str) -> None:
        log.info("%s: %s", pair.pair_id, sentence)
        self.steps.setdefault(pair.pair_id, []).append(sentence)


def has_left(pair: Pair) -> bool:
    """Has any leg traded against its entry?"""
    return any(pair.leg(leg).exit.quantity > 0 for leg in LegName)


def was_leaving(pair: Pair) -> bool:
    """Was the pair on its way out, as decided? (An unwound entry also trades backwards.)"""
    return pair.exit_reference is not None
