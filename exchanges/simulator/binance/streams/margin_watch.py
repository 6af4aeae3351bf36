"""When an account's margin is called."""

from __future__ import annotations

from decimal import Decimal

from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.position import PositionSide

CALLED_AT = Decimal("0.8")
"""Maintenance margin over margin balance. The venue publishes no number for its MARGIN_CALL."""


class MarginWatch:
    """Calls once each time the ratio rises to the limit."""

    def __init__(self, engine: BinanceEngine) -> None:
        self._engine = engine
        self._is_called = False

    def look(self, account: VenueAccount) -> tuple[tuple[str, PositionSide], ...]:
        """The positions to call now; empty when there is nothing new to say."""
        held = tuple((symbol, side) for symbol, side, _ in account.held())
        if not held:
            self._is_called = False
            return ()
        margin = self._engine.margin(account)
        was_called = self._is_called
        self._is_called = margin.maintenance >= margin.balance * CALLED_AT
        return held if self._is_called and not was_called else ()
