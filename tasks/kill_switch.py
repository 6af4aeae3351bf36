"""The emergency stop: of the whole desk or of single coins. It outlives restarts, because it
stands in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

KILL, RESUME, RESET = "kill", "resume", "reset"
"""What a ``switch`` record says. ``reset``: lifted by a person without the desk's checks."""


@dataclass(slots=True)
class KillSwitch:
    """``reason`` is None while the desk as a whole may trade."""

    reason: str | None = None
    symbols: dict[str, str] = field(default_factory=dict)
    """Coin → reason, of coins that were stopped by themselves."""
    pulled: int = 0
    """How often."""
    _pulled_at: dict[str, datetime] = field(default_factory=dict)
    """Coin → when it was last stopped by itself, of those that this executor has stopped."""

    @property
    def is_on(self) -> bool:
        return self.reason is not None or bool(self.symbols)

    def reason_for(self, symbol: str) -> str | None:
        """Why ``symbol`` takes no entries; None: nothing was killed that concerns it."""
        return self.reason or self.symbols.get(symbol)

    def pull(self, reason: str, symbol: str | None, at: datetime | None = None) -> None:
        """Stop ``symbol``, or everything. ``at``: now; None: an earlier executor did."""
        self.pulled += 1
        if symbol is None:
            self.reason = reason
            return
        self.symbols[symbol] = reason
        if at is not None:
            self._pulled_at[symbol] = at

    def pulled_since(self, moment: datetime, symbol: str) -> datetime | None:
        """When ``symbol`` was stopped by itself, if that was at or after ``moment``."""
        at = self._pulled_at.get(symbol)
        return None if at is None or at < moment else at

    def lift(self) -> None:
        self.reason = None
        self.symbols.clear()

    def remember(self, body: Mapping[str, Any]) -> None:
        """Take in a ``switch`` record of the journal."""
        if body["switch"] == KILL:
            self.pull(body["reason"], body.get("symbol"))
        elif body["switch"] in (RESUME, RESET):
            self.lift()

    def sentences(self) -> list[str]:
        """What is stopped and why, for people."""
        whole = [] if self.reason is None else [f"killed: {self.reason}"]
        return [*whole, *(f"{coin} is killed: {why}" for coin, why in self.symbols.items())]


def phrase(*, liquidate: bool, symbol: str | None) -> str:
    """What a person types to confirm: ``STOP``, ``LIQUIDATE``, ``STOP BTC``, ``LIQUIDATE BTC``."""
    word = "LIQUIDATE" if liquidate else "STOP"
    return word if symbol is None else f"{word} {symbol}"
