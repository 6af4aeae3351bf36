"""How much leverage a position's size allows and what margin keeps it alive.

The ladder has the shape of Binance's leverage brackets of BTCUSDT; one ladder
serves every contract here. ``maintenance = notional × rate − cumulative``,
where ``cumulative`` makes the ladder continuous.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

DEFAULT_LEVERAGE = 20

_LADDER: tuple[tuple[str, int, str], ...] = (
    ("300000", 150, "0.004"),
    ("800000", 100, "0.005"),
    ("3000000", 75, "0.0065"),
    ("12000000", 50, "0.01"),
    ("70000000", 25, "0.02"),
    ("100000000", 20, "0.025"),
    ("230000000", 10, "0.05"),
    ("480000000", 5, "0.1"),
    ("600000000", 4, "0.125"),
    ("800000000", 3, "0.15"),
    ("1200000000", 2, "0.25"),
    ("1800000000", 1, "0.5"),
)
"""(largest notional in USDT, largest leverage, maintenance rate)."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """Notional above ``floor`` and up to ``cap``, USDT."""

    number: int
    floor: Decimal
    cap: Decimal
    max_leverage: int
    maintenance_rate: Decimal
    cumulative: Decimal


def _brackets() -> tuple[Bracket, ...]:
    brackets: list[Bracket] = []
    floor = rate_below = cumulative = Decimal(0)
    for number, (cap, leverage, rate_text) in enumerate(_LADDER, start=1):
        rate = Decimal(rate_text)
        cumulative += floor * (rate - rate_below)
        brackets.append(Bracket(number, floor, Decimal(cap), leverage, rate, cumulative))
        floor, rate_below = Decimal(cap), rate
    return tuple(brackets)


BRACKETS = _brackets()
MAX_LEVERAGE = BRACKETS[0].max_leverage


def bracket_of(notional: Decimal) -> Bracket:
    """The bracket of a position's absolute notional; the last one has no upper end."""
    return next((bracket for bracket in BRACKETS if notional <= bracket.cap), BRACKETS[-1])


def maintenance_margin(notional: Decimal) -> Decimal:
    """USDT that must remain behind a position of this absolute notional."""
    bracket = bracket_of(notional)
    return notional * bracket.maintenance_rate - bracket.cumulative


def max_notional(leverage: int) -> Decimal:
    """The largest position, USDT, that ``leverage`` may carry."""
    return max(bracket.cap for bracket in BRACKETS if bracket.max_leverage >= leverage)
