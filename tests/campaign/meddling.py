"""What is done to the desk's accounts behind its back, by people and by the venue."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import rule

from exchanges.instrument import Venue
from exchanges.side import Side
from tests.campaign.machine import LOTS, Campaign


class Meddling(Campaign):
    """Everything that a :class:`Campaign` does, and hands in its accounts."""

    @rule(spot=st.booleans(), side=st.sampled_from(Side), lots=LOTS)
    def somebody_trades_by_hand(self, spot: bool, side: Side, lots: int) -> None:
        venue = Venue.UPBIT if spot else self.perpetual
        self._do(self._world.trade_by_hand(venue, side, lots * Decimal("0.001")))

    @rule(lots=LOTS, reason=st.sampled_from(["ADL", "liquidation"]))
    def position_is_closed_by_force(self, lots: int, reason: str) -> None:
        self._world.close_by_force(lots, reason)

    @rule(krw=st.sampled_from([1_000_000, -1_000_000]))
    def money_is_paid_in_or_out(self, krw: int) -> None:
        self._world.pay(Decimal(krw))
