"""A desk with one hedged pair, to which things happen that no order of the desk did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from exchanges.fill import Fill
from exchanges.instrument import Venue
from tasks.adoption import AdoptionKind, adopt_fill
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName, Pair
from tasks.pair_transitions import PairEvent
from tasks.paper_desk import PaperDesk
from tasks.recovery import Recovery
from tasks.settled_order import LegOrder
from tests.tasks.desks import (
    Bench,
    assert_cash_is_conserved,
    entered,
    pair_of,
    run,
)

FAR_BELOW = Decimal(1)
"""A floor that no price falls to, KRW."""


@dataclass(frozen=True, slots=True)
class Hedged:
    """A desk whose loops do not run, with one hedged pair of 0.010 BTC."""

    bench: Bench
    desk: PaperDesk
    pair: Pair

    @property
    def recovery(self) -> Recovery:
        return Recovery(self.desk.parts.trading)

    def now(self) -> Pair:
        return self.desk.parts.trading.pairs[self.pair.pair_id]

    async def trades(self, leg: LegName) -> Sequence[Fill]:
        exchange = self.desk.parts.trading.venues[leg].exchange
        return await exchange.fills("BTC", self.pair.opened_at)

    async def taken_away(self, quantity: str, kind: AdoptionKind) -> None:
        """The perpetual shrinks by ``quantity`` without an order of ours, and the pair hears it."""
        engine = self.bench.simulation.perpetuals[self.bench.perpetual]
        [account] = engine.state()["accounts"]
        symbol = "BTC" if self.bench.perpetual is Venue.HYPERLIQUID else "BTCUSDT"
        seen = await self.trades(LegName.PERPETUAL)
        engine.force_close(account, symbol, Decimal(quantity), "ADL")
        trading = self.desk.parts.trading
        venue = trading.venues[LegName.PERPETUAL]
        [fill] = [item for item in await self.trades(LegName.PERPETUAL) if item not in seen]
        pairs = trading.pairs.open_pairs("BTC")
        for share in adopt_fill(fill, venue.venue, LegName.PERPETUAL, kind, pairs, "for a test"):
            assert trading.pairs.adopt(share)
        event = PairEvent.FORCED_CLOSE if kind.is_forced else PairEvent.MANUAL_TRADE
        reference = self.pair.entry_reference
        trading.pairs.advance(self.pair.pair_id, event, "taken away", exit_reference=reference)


def with_pair(
    folder: Path, scenario: Any, *, direction: str = "long_premium", **settings: Any
) -> None:
    async def whole(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            outcome = await entered(desk, direction=direction)
            assert outcome.status is OutcomeStatus.HEDGED
            await scenario(Hedged(bench, desk, pair_of(desk, outcome)))
            assert_cash_is_conserved(bench, desk, coin="1")

    run(folder, whole, coin="1", **settings)


def order_of(desk: PaperDesk, pair_id: str, number: str) -> LegOrder:
    return desk.parts.trading.pairs.leg_order(f"kimp-{pair_id}-{number}")
